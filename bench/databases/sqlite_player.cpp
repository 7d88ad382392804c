#include "databases/player.hpp"

#include <sqlite/values.hpp>

#include <stdexcept>

namespace bench {

sqlite_player::sqlite_player(const sqlite_place& where)
    : on_(where.connect()), begin_(kept("BEGIN IMMEDIATE")), commit_(kept("COMMIT")) {}

sqlite_player::~sqlite_player() {
    for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
}

sqlite3_stmt* sqlite_player::kept(std::string_view text) {
    auto [found, is_new] = statements_.try_emplace(text.data(), nullptr);
    if (is_new &&
        sqlite3_prepare_v3(on_.get(), text.data(), static_cast<int>(text.size()),
                           SQLITE_PREPARE_PERSISTENT, &found->second, nullptr) != SQLITE_OK)
        throw std::runtime_error(std::string(text) + ": " + sqlite3_errmsg(on_.get()));
    return found->second;
}

void sqlite_player::load(std::deque<taped_call>&& calls) {
    calls_ = std::move(calls);
    ready_.clear();
    next_ = 0;
    for (const taped_call& call : calls_) {
        auto& statements = ready_.emplace_back();
        for (const taped_statement& each : call.statements)
            statements.push_back(kept(each.what.text));
    }
}

void sqlite_player::play_next() {
    const taped_call& call = calls_[next_];
    const auto& statements = ready_[next_++];
    const bool together = call.need != statemachine::access::read;
    if (together) run(begin_, {});
    for (std::size_t i = 0; i < statements.size(); ++i)
        check_rows(call.statements[i], run(statements[i], call.statements[i].values));
    if (together) run(commit_, {});
}

std::size_t sqlite_player::run(sqlite3_stmt* statement,
                               const std::vector<statemachine::value>& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        statemachine::sqlite::bind(statement, i, values[i]);
    int code = SQLITE_ROW;
    std::size_t rows = 0;
    for (; (code = sqlite3_step(statement)) == SQLITE_ROW; ++rows)
        for (int i = 0; i < sqlite3_column_count(statement); ++i)
            if (sqlite3_column_type(statement, i) == SQLITE_INTEGER)
                static_cast<void>(sqlite3_column_int64(statement, i));
            else
                static_cast<void>(sqlite3_column_text(statement, i));
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(on_.get()));
    return rows;
}

}  // namespace bench
