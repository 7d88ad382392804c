// Claims the jobs of a machine and runs a callable on each, until it is told to stop.
//
//     auto w = sm::worker<transcode::machine>{jobs, transcode::claim, [](auto& task) {
//         const auto found = probe(task.job().video, task.stop());
//         return task.finish(transcode::complete, found);         // fires, fenced by the lease
//     }};
//     w.on_failure(transcode::fail, [](const sm::failed& why) {   // it threw, or gave no result
//         return transcode::failure{why.message, why.permanent};
//     });
//     w.on_release(transcode::release);                           // a stop gives the attempt back
//
//     auto summary = w.run(stop, {.owner = "worker-1", .threads = 4});
//     summary.ended.value();                                      // throws what ended it but a
//     stop
//
// Leases are renewed after a third of their length for as long as a callable runs, all of them in
// one statement, by a thread that runs no callable. A run whose lease is lost is told by
// `task.stop()`, and what it sends is refused.
#pragma once

#include <statemachine/routine.hpp>

namespace statemachine {

/// How a worker works. Times are real time of this process.
struct worker_options {
    std::string owner;  ///< who claims, 1 to 128 bytes: shown to operators, written to the log
    std::size_t threads = 1;  ///< callables at once
    std::size_t batch = 100;  ///< jobs claimed by one call at the most
    std::size_t ahead = 0;    ///< jobs claimed beyond those that run, their leases renewed too; for
                              ///< jobs shorter than a claim. It takes a release rule.
    std::chrono::milliseconds poll_least{10};   ///< rest after a claim that found too little, and
    std::chrono::milliseconds poll_most{1000};  ///< up to this while it finds nothing, with jitter
    std::chrono::milliseconds stop_grace{10'000};  ///< after a stop: until callables are told of it
    std::string name = "worker";                   ///< of its threads, for debuggers
};

/// What a worker did in one run.
struct worker_summary : work_counts {
    std::vector<std::int64_t> late{};  ///< jobs whose callables had not returned by the grace
    std::size_t interruptions = 0;     ///< claims and renewals that the database did not answer
    std::optional<error> trouble{};    ///< the last error of an interruption or an abandoned job
    result<void> ended = success();    ///< by a stop, or by an error that somebody has to mend
};

namespace detail {
[[gnu::visibility("default")]] worker_summary work_until(const routine_calls& how,
                                                         const std::stop_token& stop,
                                                         const worker_options& options);
}  // namespace detail

/// One claim, one callable, some threads. See `routine` for its rules.
template <const auto& Machine>
class worker : public routine<Machine> {
public:
    using routine<Machine>::routine;

    /// Works until the stop, on threads of its own, and returns when all of them have ended. After
    /// the stop it claims nothing, hands back what no callable has seen, and waits: callables may
    /// finish, and when the grace is over their `task.stop()` is requested. A callable that
    /// does not return keeps this from returning: no thread is left behind.
    ///
    /// While the database is busy or away it tries again, at least once a second. An error that
    /// does not pass by itself (a missing schema, a full disk) ends it like a stop, and is told.
    ///
    /// Thread-safe: each call is a worker of its own.
    [[nodiscard]] worker_summary run(const std::stop_token& stop, const worker_options& options) {
        return detail::work_until(this->calls(), stop, options);
    }
};

}  // namespace statemachine
