// What operators and sweepers do with the outbox.
#include "checks.hpp"
#include "relay_call.hpp"
#include "replies.hpp"

namespace statemachine::detail {
namespace {

constexpr std::int64_t most_at_once = 10'000;

result<void> check_limit(std::int64_t limit) {
    if (limit >= 1 && limit <= most_at_once) return success();
    return error(errc::invalid_argument,
                 "a limit lies between 1 and " + std::to_string(most_at_once));
}

result<bool> change_one(session& on, const compiled_statement& what, const relay_values& values) {
    auto changed = send_alone(on, access::single, what, values);
    if (!changed) return std::move(changed).error();
    return changed.value() > 0;
}

}  // namespace

// The order of columns is `parked_types`.
result<std::vector<parked_event>> outbox_core::parked(std::string_view group, std::int64_t limit) {
    if (auto fine = check_name("group", group); !fine) return fine.error();
    if (auto fine = check_limit(limit); !fine) return fine.error();
    relay_values values;
    values.consumer = group;
    values.limit = limit;
    std::vector<parked_event> all;
    auto found = send_alone(
        *session_, access::read, statements_->parked, values, [&](std::span<const value> row) {
            all.push_back({emission_of(*statements_->declared, row), time_of(row[7]),
                           optional_text_of(row[8]).value_or(std::string{})});
        });
    if (!found) return std::move(found).error();
    return all;
}

result<bool> outbox_core::unpark(std::string_view group, const parked_event& parked) {
    auto done = change_one(*session_, statements_->unpark, values_of(group, parked.event));
    if (done) session_->wakeups().ring();
    return done;
}

result<bool> outbox_core::discard(std::string_view group, const parked_event& parked) {
    return change_one(*session_, statements_->discard, values_of(group, parked.event));
}

result<bool> outbox_core::leave(std::string_view group) {
    relay_values values;
    values.consumer = group;
    auto left = change_one(*session_, statements_->leave, values);
    if (!left) return left;
    auto cleared = send_alone(*session_, access::single, statements_->clear, values);
    if (!cleared) return std::move(cleared).error();
    return left;
}

// What groups that came later have yet to get is handed to them first: it is kept otherwise.
result<std::size_t> outbox_core::prune(std::int64_t limit) {
    if (auto fine = check_limit(limit); !fine) return fine.error();
    std::size_t count = 0;
    if (statements_->prune.sql.text.empty()) return count;
    relay_values values;
    values.limit = limit;
    for (values.generation = -1;;) {
        auto next = next_generation(*session_, *statements_, values.generation);
        if (!next) return std::move(next).error();
        if (!next.value()) return count;
        values.generation = *next.value();
        auto gone = send_alone(*session_, access::single, statements_->prune, values);
        if (!gone) return std::move(gone).error();
        count += gone.value();
    }
}

}  // namespace statemachine::detail
