// A claimed job as a worker's or pipeline's callable sees it, and what is done with the jobs of one
// claim. See worker.hpp for an example.
#pragma once

#include <statemachine/detail/worker_calls.hpp>
#include <statemachine/store.hpp>

namespace statemachine {

/// A claimed job in a callable's hands. Its lease is renewed until the callable returns. Everything
/// sent by it is fenced: refused once another has claimed the job. For one thread at a time.
template <const auto& Machine>
class task {
    using described = detail::described<Machine>;

public:
    using store_type = store<Machine>;
    using run_type = typename store_type::run_type;
    using job_type = typename store_type::job_type;
    using change_type = typename store_type::change_type;

    task(store_type& jobs, detail::held_run& held) noexcept
        : jobs_(&jobs), held_(&held), run_(static_cast<run_type*>(held.content())) {}

    std::int64_t id() const noexcept { return run_->id; }
    /// The fence number: hand it to outside systems that can refuse a smaller one.
    std::int64_t epoch() const noexcept { return run_->epoch; }
    /// Claims counted so far, this one included.
    int attempts() const noexcept { return run_->attempts; }
    /// The job as it was when it was claimed.
    const job_type& job() const noexcept { return run_->job; }
    const run_type& run() const noexcept { return *run_; }

    /// Requested when the lease is lost, and when the worker stops and its grace is over: return
    /// soon then. It is the end of waiting, not a lock: what is sent late is refused by the fence.
    std::stop_token stop() const noexcept { return held_->stop(); }

    /// Why the job is this run's no longer; empty as far as is known.
    std::optional<reason> lost() const { return held_->lost(); }

    /// Renews and writes what the renewal event says, such as progress. Nobody has to call it for
    /// the lease alone. One sending; a refusal that means that the lease is lost requests the stop.
    template <class Inputs>
    result<answer<typename store_type::lease_type>> renew(
        const event<Inputs>& on, const std::type_identity_t<Inputs>& inputs) {
        const auto sent = std::chrono::steady_clock::now();
        auto got = jobs_->renew(on, *run_, inputs);
        if (got) held_->note_renewal(sent, got.value());
        return got;
    }

    /// Fires a leased step. It is sent again while the database is busy or away; where a reply was
    /// lost, the job's log tells what became of it. A step that may keep the lease is not sent
    /// again then, unless it has a token.
    /// @return the store's answer; `unknown` when the stop came before it was known
    template <class Inputs>
    result<answer<change_type>> fire(const event<Inputs>& on,
                                     const std::type_identity_t<Inputs>& inputs,
                                     std::string_view token = {}) {
        std::optional<change_type> change;
        const auto send = [&](int& to) -> result<outcome> {
            auto got = jobs_->fire(on, *run_, inputs, token);
            if (!got) return std::move(got).error();
            if (got.value()) {
                change = *got.value();
                to = described::index_of(change->to);
            }
            return static_cast<outcome>(got.value());
        };
        const auto in_log = [&](int& to) { return find_in_log(on.name, to, change); };
        auto got = held_->insist(!token.empty() || always_ends(on), send, in_log);
        if (!got) return std::move(got).error();
        if (!got.value().succeeded()) return answer<change_type>(std::move(got).value());
        run_->version = change->version;
        run_->state = change->to;
        return answer<change_type>(std::move(got).value(), *std::move(change));
    }
    result<answer<change_type>> fire(const event<>& on, std::string_view token = {}) {
        return fire<no_inputs>(on, no_inputs{}, token);
    }

    /// The same, to be returned by the callable: a refusal becomes the error `refused`.
    template <class Inputs>
    result<void> finish(const event<Inputs>& on, const std::type_identity_t<Inputs>& inputs,
                        std::string_view token = {}) {
        return success_of(fire(on, inputs, token));
    }
    result<void> finish(const event<>& on, std::string_view token = {}) {
        return success_of(fire(on, token));
    }

    /// Says that trying again is of no use: `return task.give_up("there is no such video");`. The
    /// failure rule gets `permanent`.
    result<void> give_up(std::string message) {
        held_->permanent = true;
        return error(errc::work_failed, std::move(message));
    }
    /// Says that the job is to be handed back by the release rule: `return task.put_back();`.
    result<void> put_back() {
        held_->put_back = true;
        return success();
    }

private:
    static bool always_ends(const event_ref& on) {
        const detail::spec& declared = described::value;
        bool ends = true;
        for (const detail::rule_spec& rule : declared.rules)
            ends =
                ends && (declared.events[static_cast<std::size_t>(rule.event)].name != on.name() ||
                         !declared.leased(rule.to));
        return ends;
    }
    static result<void> success_of(const result<answer<change_type>>& fired) {
        if (!fired) return fired.error();
        if (fired.value()) return success();
        const error* const cause = fired.value().cause();
        return cause != nullptr ? *cause : error(errc::refused, fired.value().why());
    }

    // Only this run writes entries of its epoch, so one after its version is of the step in doubt.
    result<bool> find_in_log(std::string_view event, int& to, std::optional<change_type>& change) {
        auto past = jobs_->history(run_->id, {.after = run_->version});
        if (!past) return std::move(past).error();
        for (const log_entry& each : past.value()) {
            if (each.event != event || each.epoch != run_->epoch) continue;
            for (const auto& state : Machine.states)
                if (state.name == each.to) to = described::index_of(state.state);
            if (to == detail::nowhere) return false;
            change = change_type{run_->id,
                                 each.version,
                                 each.epoch,
                                 run_->state,
                                 Machine.states[static_cast<std::size_t>(to)].state,
                                 each.at,
                                 run_->attempts,
                                 each.at,
                                 each.lease_until};
            if (auto row = jobs_->read(run_->id); row && row.value())
                change->run_at = row.value()->run_at;
            return true;
        }
        return false;
    }

    store_type* jobs_;
    detail::held_run* held_;
    run_type* run_;
};

}  // namespace statemachine
