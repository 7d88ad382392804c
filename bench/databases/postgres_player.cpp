#include "databases/player.hpp"

#include <stdexcept>

namespace bench {
namespace {

constexpr int binary = 1;

}  // namespace

// Plans as the library has them made (backends/postgres/open.cpp): they are part of what its SQL
// costs.
postgres_player::postgres_player(const postgres_place& where) : on_(where.connect()) {
    send(on_, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off");
}

const std::string& postgres_player::kept(std::string_view text,
                                         const statemachine::postgres::parameters& values) {
    auto [found, is_new] = names_.try_emplace(text.data());
    if (is_new) {
        found->second = "played_" + std::to_string(names_.size());
        PGresult* const reply =
            PQprepare(on_.get(), found->second.c_str(), std::string(text).c_str(), values.count(),
                      values.types());
        const bool fine = PQresultStatus(reply) == PGRES_COMMAND_OK;
        PQclear(reply);
        if (!fine) throw std::runtime_error(std::string(text) + PQerrorMessage(on_.get()));
    }
    return found->second;
}

void postgres_player::load(std::deque<taped_call>&& calls) {
    calls_ = std::move(calls);
    ready_.clear();
    next_ = 0;
    for (const taped_call& call : calls_) {
        auto& sendings = ready_.emplace_back();
        sendings.resize(call.statements.size());
        for (std::size_t i = 0; i < call.statements.size(); ++i) {
            sendings[i].values.set(call.statements[i].values).value();
            sendings[i].name = kept(call.statements[i].what.text, sendings[i].values);
        }
    }
}

void postgres_player::command(const char* text) {
    PGresult* const reply = PQexec(on_.get(), text);
    const bool fine = PQresultStatus(reply) == PGRES_COMMAND_OK;
    PQclear(reply);
    if (!fine) throw std::runtime_error(PQerrorMessage(on_.get()));
}

void postgres_player::play_next() {
    const bool together = calls_[next_].need == statemachine::access::write;
    if (together) command("BEGIN");
    for (std::size_t i = 0; i < ready_[next_].size(); ++i) {
        const sending& each = ready_[next_][i];
        PGresult* const reply = PQexecPrepared(on_.get(), each.name.c_str(), each.values.count(),
                                               each.values.contents(), each.values.lengths(),
                                               each.values.formats(), binary);
        const ExecStatusType status = PQresultStatus(reply);
        const volatile char* last = nullptr;
        for (int row = 0; row < PQntuples(reply); ++row)
            for (int column = 0; column < PQnfields(reply); ++column)
                last = PQgetvalue(reply, row, column);
        static_cast<void>(last);
        const auto rows = static_cast<std::size_t>(PQntuples(reply));
        PQclear(reply);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            throw std::runtime_error(PQerrorMessage(on_.get()));
        check_rows(calls_[next_].statements[i], rows);
    }
    if (together) command("COMMIT");
    ++next_;
}

}  // namespace bench
