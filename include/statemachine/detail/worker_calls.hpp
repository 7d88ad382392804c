// What the core of a worker needs of its machine: calls without types.
#pragma once

#include <statemachine/detail/callback.hpp>
#include <statemachine/detail/worker_lease.hpp>

namespace statemachine {

/// Why a callable did not do its job, as its failure rule gets it.
struct failed {
    std::string message;         ///< of the error or the exception: valid UTF-8, at most 1000 bytes
    bool permanent = false;      ///< the callable said that trying again is of no use
    int attempts = 0;            ///< claims of the job counted so far, this one included
    std::optional<error> cause;  ///< the error that it returned, or that `value()` threw
};

/// What became of the jobs that were claimed: one that is tried again counts once for each claim.
/// The others add up to `claimed`.
struct work_counts {
    std::size_t claimed = 0;
    std::size_t finished = 0;  ///< the callable's own step ended the lease, or the success rule did
    std::size_t failed = 0;    ///< ended by the failure rule
    std::size_t released = 0;  ///< handed back: by a stop, or because the callable put them back
    std::size_t lost = 0;      ///< another has them, or they were cancelled
    std::size_t abandoned = 0;  ///< the rule could not be fired: they run out of their lease
    std::size_t unknown = 0;    ///< the database did not say what became of the last step
};

namespace detail {

// The parts that are empty are not declared.
struct routine_calls {
    using claimed = result<answer<held_runs>>;
    using renewal = callback<result<std::vector<answer<lease>>>(std::span<const held_lease>)>;

    const spec* declared = nullptr;
    wakeup* bell = nullptr;
    int claim_event = nowhere;
    callback<claimed(std::size_t most, std::string_view owner)> claim;
    callback<claimed(std::int64_t id, std::string_view owner)> claim_by_id;
    renewal renew;
    callback<result<void>(held_run&)> work;  // throws what the callable throws
    callback<int(const held_run&)> attempts;
    callback<result<outcome>(held_run&, const failed&)> fail;  // throws what the rule throws
    callback<result<outcome>(held_run&)> succeed;
    callback<result<outcome>(held_run&)> release;
    std::optional<error> flaw;  // what does not fit the machine
};

enum class run_end : unsigned char { finished, failed, released, lost, abandoned, unknown };

struct performed {
    run_end how = run_end::abandoned;
    std::optional<error> trouble{};  // why it was abandoned
};

// Runs the callable on the run, and the rule that follows. The run is leased no longer by it when
// this returns, unless the answer says so.
[[gnu::visibility("default")]] performed perform(const routine_calls& how, held_run& run);

// Hands back a run that no callable has seen.
[[gnu::visibility("default")]] performed hand_back(const routine_calls& how, held_run& run);

void count(work_counts& counts, run_end how);

// Whether this error stays until somebody mends the database or the program.
bool ends_all_work(const error& cause);

}  // namespace detail
}  // namespace statemachine
