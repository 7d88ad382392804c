// Brings jobs through several stages, each on a thread of its own: while one is in the tail, the
// next is in the head.
//
//     sm::pipeline<clips::machine> sync{jobs};
//     sync.stage("download", clips::fetch, [&](auto& task) {
//             return task.finish(clips::fetched, camera.download(task.job().name, task.stop()));
//         })
//         .on_failure(clips::fetch_failed)
//         .on_release(clips::put_back);
//     sync.stage("finish", clips::tidy, [&](auto& task) {
//             camera.remove(task.job().name);
//             return task.finish(clips::tidied);
//         })
//         .on_failure(clips::tidy_failed);
//
//     auto cycle = sync.run_cycle(stop, {.owner = "camera-1", .pipelined = true});
//     cycle.drained;             // everything downloaded went through the tail
//     cycle.took;                // about as long as its slowest stage, `cycle.stages[0].busy`
//
// The database holds what is between two stages: a job that a crash left there is taken up by the
// stage that comes next, and no earlier stage is done again.
#pragma once

#include <statemachine/routine.hpp>

#include <memory>

namespace statemachine {

/// How one cycle is run. Times are real time of this process.
struct cycle_options {
    std::string owner;      ///< who claims, 1 to 128 bytes: shown to operators, written to the log
    bool pipelined = true;  ///< false: one job at a time, through all stages; the same end state
    std::size_t queue = 4;  ///< jobs that may wait between two stages, unclaimed
    std::chrono::milliseconds look_again{5'000};     ///< how often an idle stage looks for what was
                                                     ///< left to it by others
    std::chrono::milliseconds stop_grace{};          ///< after a stop: until the head is told of it
    std::chrono::milliseconds drain_grace{600'000};  ///< after a stop: until the tail is told
    std::string name = "stage";                      ///< of its threads, for debuggers
};

/// What one stage did in a cycle.
struct stage_summary : work_counts {
    std::string name;
    std::chrono::microseconds busy{};     ///< in its callable and the steps that ended its jobs
    std::chrono::microseconds longest{};  ///< of these, for one job
};

/// What one cycle did.
struct cycle_summary {
    std::vector<stage_summary> stages{};
    bool pipelined = false;
    bool drained = false;              ///< whatever a stage handed on was taken up by the next
    bool stopped = false;              ///< it did not end by itself
    std::chrono::milliseconds took{};  ///< until the last stage ended
    std::vector<std::int64_t> late{};  ///< jobs of the tail that ran when the drain grace was over
    std::size_t interruptions = 0;     ///< claims and renewals that the database did not answer
    std::optional<error> trouble{};    ///< the last of a claim, an interruption or an abandoned job
    result<void> ended = success();    ///< by an error that somebody has to mend
};

namespace detail {
struct named_calls {
    std::string_view name;
    const routine_calls* how;
};
[[gnu::visibility("default")]] cycle_summary run_stages(std::span<const named_calls> stages,
                                                        const std::stop_token& stop,
                                                        const cycle_options& options);

template <const auto& Machine>
struct named_routine {
    std::string name;
    routine<Machine> how;
};
}  // namespace detail

/// Stages in order, each with its claim, its callable and its rules. Set up by one thread.
template <const auto& Machine>
class pipeline {
    using stage_type = detail::named_routine<Machine>;

public:
    /// @param jobs  outlives this
    explicit pipeline(store<Machine>& jobs) : jobs_(&jobs) {}

    /// Adds the next stage. A job goes on to it by the step that ends it in the stage before, if
    /// this claim starts from the state that it came to.
    /// @param name      for the summary
    /// @param on        the claim
    /// @param callable  as a worker's, called by one thread, first in first out
    /// @return its rules: `on_failure` is mandatory
    template <class Callable>
    routine<Machine>& stage(std::string name, const event<>& on, Callable callable) {
        stages_.push_back(std::make_unique<stage_type>(
            stage_type{std::move(name), {*jobs_, on, std::move(callable)}}));
        return stages_.back()->how;
    }

    /// Works until the first stage finds no job that is due and all that it handed on went through
    /// the others, with what an earlier crash left between them. Returns when all stages have
    /// ended, on every way out; leases are renewed meanwhile as a worker does.
    ///
    /// After a stop nothing new is claimed; what waits between stages still goes through, until the
    /// drain grace is over. A callable may stop its own cycle, when its source is gone: request the
    /// stop of your `std::stop_source` and `return task.put_back();`.
    ///
    /// Thread-safe: each call is a cycle of its own.
    [[nodiscard]] cycle_summary run_cycle(const std::stop_token& stop,
                                          const cycle_options& options) {
        std::vector<detail::named_calls> stages;
        for (const auto& each : stages_) stages.push_back({each->name, &each->how.calls()});
        return detail::run_stages(stages, stop, options);
    }

private:
    store<Machine>* jobs_;
    std::vector<std::unique_ptr<stage_type>> stages_;  // references to them stay valid
};

}  // namespace statemachine
