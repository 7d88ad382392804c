#include <statemachine/detail/overview_core.hpp>

#include "replies.hpp"
#include "store_call.hpp"

namespace statemachine::detail {

result<overview_core::counted> overview_core::count(std::int64_t reasons) {
    if (reasons < 1 || reasons > 10'000)
        return error(errc::invalid_argument, "an overview takes 1 to 10000 reasons");
    counted seen;
    const auto number = [](const value& stored) {
        return static_cast<std::size_t>(stored.integer());
    };
    store_core::call values(*jobs_.session_);
    values.limit = reasons;
    auto states = jobs_.query(statements_->states, values, [&](std::span<const value> row) {
        seen.states.push_back({std::string{row[0].text()}, number(row[1]), optional_time_of(row[2]),
                               number(row[3]), number(row[4])});
    });
    if (!states) return std::move(states).error();
    if (statements_->stuck.sql.text.empty()) return seen;
    auto stuck = jobs_.query(statements_->stuck, values, [&](std::span<const value> row) {
        seen.parked.push_back({std::string{row[0].text()}, std::string{row[1].text()},
                               number(row[2]), time_of(row[3])});
    });
    if (!stuck) return std::move(stuck).error();
    return seen;
}

}  // namespace statemachine::detail
