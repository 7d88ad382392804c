// What an operator wants to see of a machine, and from where to steer it.
//
//     auto seen = sm::overview_of<transcode::machine>(db).value();
//     for (auto& each : seen.states) log(each.name, each.jobs, each.expired, each.used_up);
//     for (auto& each : seen.parked) log(each.group, each.events, each.reason);
//
// To steer: the machine's own control events (`jobs.fire(requeue, id, sm::version{3})`), which are
// fenced by the version that was read, and `sm::outbox` for events that were parked.
#pragma once

#include <statemachine/detail/overview_core.hpp>
#include <statemachine/store.hpp>

namespace statemachine {

/// The jobs of one state.
template <class State>
struct state_overview {
    std::optional<State> state{};  ///< empty: one that this program does not declare
    std::string name;
    std::size_t jobs = 0;
    std::optional<timestamp> oldest_due{};  ///< since when the one waits that is due the longest
    std::size_t expired = 0;                ///< their lease ran out: a sweep hands them back
    std::size_t used_up = 0;                ///< no attempt is left: a claim or sweep ends them
};

template <class State>
struct overview {
    std::vector<state_overview<State>> states;  ///< those that have jobs, by name
    std::vector<parked_overview> parked;        ///< the most frequent first
};

/// Counts what there is. It reads the whole table: now and then, not with every call.
/// @param reasons  the most kinds of parked events
template <const auto& Machine, database_like Database>
auto overview_of(Database& database, std::int64_t reasons = 20)
    -> result<overview<typename store<Machine>::state_type>> {
    using described = detail::described<Machine>;
    using state_type = typename described::state_type;
    detail::of_machine<Machine, detail::overview_core> core(
        store<Machine>(database).core(), detail::overview_catalog_of<Machine, Database::dialect>());
    auto counted = core.count(reasons);
    if (!counted) return std::move(counted).error();
    overview<state_type> seen;
    for (detail::raw_state_overview& each : counted.value().states) {
        std::optional<state_type> state;
        for (const auto& named : Machine.states)
            if (each.name == named.name) state = named.state;
        seen.states.push_back(
            {state, std::move(each.name), each.jobs, each.oldest_due, each.expired, each.used_up});
    }
    seen.parked = std::move(counted.value().parked);
    return seen;
}

}  // namespace statemachine
