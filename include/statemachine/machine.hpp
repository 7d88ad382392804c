// The declaration: table, columns, states and transitions, on one screen. See
// examples/quickstart.cpp.
#pragma once

#include <statemachine/column.hpp>
#include <statemachine/transition.hpp>

#include <span>
#include <string_view>
#include <type_traits>

namespace statemachine {

/// Whether a state is the end of a job's life.
enum class state_kind : unsigned char { passing, terminal };
inline constexpr state_kind terminal = state_kind::terminal;

/// A state's name in the database. Nothing leaves a terminal state.
template <class State>
struct named {
    State state;
    const char* name;
    state_kind kind = state_kind::passing;

    /// A terminal state: how long a job is kept after it came here; 0: for ever.
    std::chrono::milliseconds keep{};

    /// The name that older versions of the program gave it; migration renames it in the rows.
    const char* formerly = nullptr;
};

/// How long things are remembered at the least; 0: as long as their job.
struct memory {
    std::chrono::milliseconds keys{};    ///< since the job was submitted: it is not removed before
    std::chrono::milliseconds tokens{};  ///< since the change: its job is not removed before
    std::chrono::milliseconds log{};     ///< since the change, where the job goes on
    std::chrono::milliseconds events{};  ///< since they were emitted, also when all are delivered
};

/// What becomes of a step or renewal that comes after its lease ran out.
enum class late_steps : unsigned char {
    accepted_until_taken,  ///< accepted as long as nobody else has claimed the job
    refused,               ///< rejected as `reason::lease_expired`
};

/// Where keys are held, so that none makes a second job.
enum class keys : unsigned char {
    with_jobs,  ///< in a unique index of the job table
    /// On PostgreSQL: in a table of their own, `<table>_keys`. It leaves the job table free to be
    /// partitioned by its id, which such an index is not. SQLite has no partitions, and its index.
    apart,
};

/// A machine: one table of jobs and its log. Declare it `constexpr` at namespace scope (`inline
/// constexpr` in a header), then `static_assert(sm::verify<machine>());`.
template <class State, class Job>
struct machine {
    using state_type = State;
    using job_type = Job;

    const char* table = "";
    std::optional<State> initial{};
    std::span<const column> columns{};  ///< a member of the job without one is not kept
    std::span<const named<State>> states{};
    std::span<const transition<State>> transitions{};
    late_steps late = late_steps::accepted_until_taken;
    statemachine::keys keys = statemachine::keys::with_jobs;

    /// After no sweep for this long nobody may have been able to renew: leases are then left alone
    /// for as long again, by sweeps and claims. It takes a running `sweeper` with a shorter
    /// interval. 0: no grace.
    std::chrono::milliseconds grace{};
    statemachine::memory memory{};
};

/// The name of a state in the database, for messages: `sm::name_of<files::machine>(change.to)`.
/// @return empty for a value that the machine does not declare
template <const auto& Machine>
constexpr std::string_view name_of(
    typename std::remove_cvref_t<decltype(Machine)>::state_type state) noexcept {
    for (const auto& each : Machine.states)
        if (each.state == state) return each.name;
    return {};
}

}  // namespace statemachine
