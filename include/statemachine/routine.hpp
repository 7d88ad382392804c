// What is done with each job of one claim: the callable, and the rules for how it may end. The base
// of a worker and of a pipeline's stages; see worker.hpp for an example.
#pragma once

#include <statemachine/task.hpp>

#include <memory>

namespace statemachine {

/// Set up before it runs, by one thread.
template <const auto& Machine>
class routine {
    using described = detail::described<Machine>;
    using with_store = store<Machine>;
    using run_type = typename with_store::run_type;

public:
    using task_type = task<Machine>;

    /// @param jobs    outlives this
    /// @param on      the claim
    /// @param callable  called as `callable(task)` with a `task_type&`, on several threads at once;
    ///                returns nothing or `result<void>`, and may throw
    template <class Callable>
    requires std::is_invocable_v<Callable&, task_type&> routine(with_store& jobs, const event<>& on,
                                                                Callable callable)
        : jobs_(&jobs) {
        using returned = std::invoke_result_t<Callable&, task_type&>;
        static_assert(std::is_void_v<returned> || std::is_convertible_v<returned, result<void>>,
                      "statemachine: a callable returns nothing or result<void>: "
                      "`return task.finish(...)`, not `return task.fire(...)`");
        check(on, detail::event_kind::claim);
        calls_.declared = &described::value;
        calls_.bell = &jobs.wakeups();
        calls_.claim_event = described::value.event_named(on.name);
        calls_.claim = [&jobs, on](std::size_t most, std::string_view owner) {
            const auto since = std::chrono::steady_clock::now();
            return held(since, jobs.claim_many(on, most, {.owner = owner}));
        };
        calls_.claim_by_id = [&jobs, on](std::int64_t id, std::string_view owner) {
            const auto since = std::chrono::steady_clock::now();
            return held(since, jobs.claim_by_id(on, id, {.owner = owner}));
        };
        calls_.renew = [&jobs](std::span<const detail::held_lease> leases) {
            std::vector<run_type> runs(leases.size());
            for (std::size_t i = 0; i < leases.size(); ++i) {
                runs[i].id = leases[i].id;
                runs[i].epoch = leases[i].epoch;
            }
            return renewed(jobs, runs);
        };
        calls_.work =
            [&jobs, callable = std::move(callable)](detail::held_run& run) mutable -> result<void> {
            task_type given(jobs, run);
            if constexpr (std::is_void_v<returned>) {
                callable(given);
                return success();
            } else {
                return callable(given);
            }
        };
        calls_.attempts = [](const detail::held_run& run) {
            return static_cast<const run_type*>(run.content())->attempts;
        };
    }

    /// Mandatory. Fired when the callable throws, returns an error, or returns without a step that
    /// ended the lease.
    /// @param on      a leased step
    /// @param inputs  makes what it carries, called as `inputs(why)` with a `const failed&`
    template <class Inputs, class Make>
    routine& on_failure(const event<Inputs>& on, Make inputs) {
        check(on, detail::event_kind::step);
        calls_.fail = [jobs = jobs_, on, inputs](detail::held_run& run, const failed& why) {
            return outcome_of(task_type(*jobs, run).fire(on, inputs(why)));
        };
        return *this;
    }
    routine& on_failure(const event<>& on) {
        return on_failure(on, [](const failed&) { return no_inputs{}; });
    }

    /// Fired when the callable returned without an error and without a step that ended the lease.
    /// Without this rule such a job takes the failure rule.
    routine& on_success(const event<>& on) {
        check(on, detail::event_kind::step);
        calls_.succeed = fires(on);
        return *this;
    }

    /// Fired for a job that is handed back: by a stop, or because the callable put it back. Declare
    /// it with `attempts::given_back`, so that no attempt is used up by it.
    routine& on_release(const event<>& on) {
        check(on, detail::event_kind::step);
        calls_.release = fires(on);
        return *this;
    }

    const detail::routine_calls& calls() const noexcept { return calls_; }

private:
    using renewal = answer<detail::of_machine<Machine, lease>>;

    // However many a worker holds, a store takes no more at once than it was told to.
    static result<std::vector<renewal>> renewed(with_store& jobs, std::span<const run_type> runs) {
        std::vector<renewal> all;
        const std::size_t most = jobs.core().max_batch() > 0 ? jobs.core().max_batch() : 1;
        while (!runs.empty()) {
            const auto next = runs.first(runs.size() < most ? runs.size() : most);
            auto some = jobs.renew_many(next);
            if (!some) return std::move(some).error();
            for (auto& each : some.value()) all.push_back(std::move(each));
            runs = runs.subspan(next.size());
        }
        return all;
    }

    template <class Content>
    static result<outcome> outcome_of(result<answer<Content>> got) {
        if (!got) return std::move(got).error();
        return static_cast<outcome>(std::move(got).value());
    }
    detail::callback<result<outcome>(detail::held_run&)> fires(const event<>& on) {
        return [jobs = jobs_, on](detail::held_run& run) {
            return outcome_of(task_type(*jobs, run).fire(on));
        };
    }

    static std::shared_ptr<detail::held_run> hold(steady_time since, run_type run) {
        auto content = std::make_shared<run_type>(std::move(run));
        const detail::held_lease lease{content->id, content->epoch};
        const int state = described::index_of(content->state);
        return std::make_shared<detail::held_run>(described::value, lease, state, since,
                                                  std::move(content));
    }
    template <class Content>
    static detail::of_machine<Machine, detail::routine_calls::claimed> held(
        steady_time since, result<answer<Content>> got) {
        if (!got) return std::move(got).error();
        if (!got.value()) return answer<detail::held_runs>(static_cast<outcome>(got.value()));
        detail::held_runs runs;
        if constexpr (std::is_same_v<Content, run_type>)
            runs.push_back(hold(since, *std::move(got).value()));
        else
            for (run_type& each : *got.value()) runs.push_back(hold(since, std::move(each)));
        return answer<detail::held_runs>(static_cast<outcome>(got.value()), std::move(runs));
    }

    // Wrong rules are told when the worker starts, and not when the first job fails.
    void check(const event_ref& on, detail::event_kind wanted) {
        const int found = described::value.event_named(on.name());
        if (found != detail::nowhere) {
            const auto& event = described::value.events[static_cast<std::size_t>(found)];
            if (event.inputs == on.inputs() && event.kind == wanted) return;
        }
        calls_.flaw =
            error(errc::invalid_argument,
                  "the machine declares no " +
                      std::string(wanted == detail::event_kind::claim ? "claim" : "leased step") +
                      " '" + std::string(on.name()) + "' with these inputs");
    }

    with_store* jobs_;
    detail::routine_calls calls_;
};

}  // namespace statemachine
