// Why a change missed its job: read after it, in statements that see what made it miss. On SQLite
// they are in its transaction, unless its reply was lost or its token was taken; on PostgreSQL they
// follow in one of their own.
#include "judge.hpp"
#include "replies.hpp"
#include "store_call.hpp"

namespace statemachine::detail {

// The order of columns is `reason_types`. Empty when there is no such job.
result<std::optional<sighting>> store_core::look_at_job(executor& transaction,
                                                        const compiled_statement& read,
                                                        const call& values) const {
    std::optional<sighting> seen;
    std::optional<error> undeclared;
    auto found = run_in(transaction, read, values, [&](std::span<const value> row) {
        auto state = state_named(row[0].text());
        if (!state) {
            undeclared = std::move(state).error();
            return;
        }
        seen.emplace();
        seen->state = state.value();
        seen->version = row[1].integer();
        seen->epoch = row[2].integer();
        seen->attempts = static_cast<int>(row[3].integer());
        seen->run_at = time_of(row[4]);
        seen->due = row[5].integer() != 0;
        seen->expired = row[6].integer() != 0;
        seen->holds = row[7].integer() != 0;
    });
    if (!found) return std::move(found).error();
    if (undeclared) return *std::move(undeclared);
    return seen;
}

// The order of columns is `token_types`. Empty when the token stands for nothing yet.
result<std::optional<settled_token>> store_core::look_at_token(executor& transaction,
                                                               const call& values) const {
    std::optional<settled_token> token;
    std::optional<error> undeclared;
    auto found =
        run_in(transaction, statements_->find_token, values, [&](std::span<const value> row) {
            if (row[2].integer() == 0) {
                token.emplace();
                return;
            }
            auto from = state_named(row[4].text());
            auto to = state_named(row[5].text());
            if (!from)
                undeclared = std::move(from).error();
            else if (!to)
                undeclared = std::move(to).error();
            else
                token = settled_token{std::string{row[0].text()},
                                      std::string{row[1].text()},
                                      row[2].integer(),
                                      time_of(row[3]),
                                      from.value(),
                                      to.value(),
                                      row[6].integer()};
        });
    if (!found) return std::move(found).error();
    if (undeclared) return *std::move(undeclared);
    return token;
}

// Looks at the job after a change missed it, and then at the token. Empty when there is no reason
// to be seen.
result<std::optional<answer<raw_change>>> store_core::reason_in(executor& transaction,
                                                                const compiled_statement& read,
                                                                const call& values,
                                                                const fire_call& fired,
                                                                event_kind kind) const {
    auto looked = look_at_job(transaction, read, values);
    if (!looked) return std::move(looked).error();
    std::optional<sighting> seen = std::move(looked).value();
    if (seen && !values.token.empty()) {
        auto token = look_at_token(transaction, values);
        if (!token) return std::move(token).error();
        seen->token = std::move(token).value();
    }
    std::optional<answer<raw_change>> found;
    if (seen && seen->token) {
        const std::string_view event =
            statements_->declared->events[static_cast<std::size_t>(fired.event)].name;
        if (same_change(*seen->token, event, values.inputs_fingerprint)) {
            raw_change was = recorded_change(fired.id, *seen->token);
            was.attempts = seen->attempts;
            was.run_at = seen->run_at;
            found.emplace(status::already_applied, was);
            return found;
        }
    }
    const reason why = judge(*statements_->declared, kind, fired, seen);
    if (why == reason::none) return found;
    found.emplace(status::rejected, why,
                  seen ? statements_->declared->states[static_cast<std::size_t>(seen->state)].name
                       : std::string_view{});
    return found;
}

result<std::optional<answer<raw_change>>> store_core::reason_for(const compiled_statement& read,
                                                                 const call& values,
                                                                 const fire_call& fired,
                                                                 event_kind kind) {
    std::optional<answer<raw_change>> why;
    const auto look = [&](executor& transaction) -> result<verdict> {
        auto found = reason_in(transaction, read, values, fired, kind);
        if (!found) return std::move(found).error();
        why = std::move(found).value();
        return verdict::commit;
    };
    auto looked = session_->transact(access::read, values.until, look);
    if (!looked) return std::move(looked).error();
    return why;
}

result<void> store_core::reason_seeker::operator()(executor& transaction) {
    auto found = store_.reason_in(transaction, read_, values_, fired_, kind_);
    if (!found) return std::move(found).error();
    why_ = std::move(found).value();
    looked_ = true;
    return success();
}

result<std::optional<answer<raw_change>>> store_core::reason_seeker::find(bool in_doubt) {
    if (looked_ && !in_doubt) return std::move(why_);
    return store_.reason_for(read_, values_, fired_, kind_);
}

}  // namespace statemachine::detail
