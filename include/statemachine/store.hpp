// The jobs of one machine in one database.
//
//     auto db   = sm::sqlite::open("jobs.db").value();
//     auto jobs = sm::store<transcode::machine>{db};
//     jobs.migrate().value();
//
//     auto id  = jobs.submit({.video = "cat.mp4"}, {.key = "upload-42"}).value()->id;
//     auto run = jobs.claim(transcode::claim, {.owner = "worker-1"}).value();
//     if (run) {
//         auto done = jobs.fire(transcode::complete, *run, {.duration = 12.5}).value();
//         if (!done) std::clog << done.why() << '\n';
//     }
//
// Every call is one transaction and returns by the deadline of its database. A call that changes a
// job returns `result<answer<...>>`: the error says that the call or the database is wrong, the
// answer says what became of the change. All members may be called from several threads at once.
#pragma once

#include <statemachine/reader.hpp>

#include <optional>
#include <vector>

namespace statemachine {

template <const auto& Machine>
class store : public reader<Machine> {
    using reader<Machine>::core_;

public:
    using typename reader<Machine>::state_type;
    using typename reader<Machine>::job_type;
    using run_type = run<state_type, job_type>;
    using change_type = change<state_type>;
    using submitted_type = submitted<state_type>;
    using lease_type = detail::of_machine<Machine, lease>;
    using swept_type = detail::of_machine<Machine, swept>;

    /// A job of `submit_many`. `key` is kept here; where it is empty, that of `options` holds.
    struct submission {
        job_type job;
        std::string key{};
        submit_options options{};
    };

    /// A step of `fire_many`.
    template <class Inputs>
    struct step {
        run_type run;
        Inputs inputs{};
        std::string token{};
    };

    /// @param database  outlives the store; its type decides which statements are sent
    template <database_like Database>
    explicit store(Database& database, const store_options& limits = {})
        : reader<Machine>(database, limits) {}

    /// The DDL that `migrate` runs, to be read or to be run by other means.
    std::string_view schema() const noexcept { return core_.schema(); }

    /// Makes the tables fit the declaration, as `schema<Machine>` says. Several processes may run
    /// it at once.
    /// @return `errc::schema_drifted` with a sentence about what cannot be changed
    result<void> migrate() { return core_.migrate(); }

    /// Adds a job in the initial state.
    /// @return applied; with a key that was used before: already_applied with that job as it is
    /// now,
    ///         or rejected as `key_conflict` when its identity columns differ
    result<answer<submitted_type>> submit(const job_type& job, const submit_options& options = {}) {
        detail::raw_submitted made;
        return with_types::answer_of(core_.submit(&job, options, made), made,
                                     with_types::to_submitted);
    }

    /// Adds jobs in one transaction; each gets its own answer, in order. Where one of them fails,
    /// each is submitted by itself, so that it does not spoil the others.
    std::vector<result<answer<submitted_type>>> submit_many(std::span<const submission> jobs) {
        auto raw = core_.submit_many(jobs.size(), [&](std::size_t i) {
            submit_options options = jobs[i].options;
            if (!jobs[i].key.empty()) options.key = jobs[i].key;
            return std::pair<const void*, submit_options>{&jobs[i].job, options};
        });
        return with_types::answers_of(std::move(raw), with_types::to_submitted);
    }

    /// Claims the next due job: highest priority, then longest due.
    /// @return applied with the run; rejected as `none_due` when there is none
    result<answer<run_type>> claim(const event<>& on, const claim_options& options) {
        return claimed_one(
            [&](detail::run_maker make) { return core_.claim_next(on, 1, options, make); });
    }

    /// Claims up to `most` due jobs in one transaction, by priority.
    result<answer<std::vector<run_type>>> claim_many(const event<>& on, std::size_t most,
                                                     const claim_options& options) {
        std::vector<run_type> runs;
        auto how = core_.claim_next(on, most, options, [&](const detail::raw_run& raw) -> void* {
            return &runs.emplace_back(with_types::to_run(raw)).job;
        });
        return with_types::answer_of(std::move(how), &runs);
    }

    /// Claims this job if it is due, and not held by a live lease.
    result<answer<run_type>> claim_by_id(const event<>& on, std::int64_t id,
                                         const claim_options& options) {
        return claimed_one(
            [&](detail::run_maker make) { return core_.claim_by_id(on, id, options, make); });
    }

    /// Fires a leased step: fenced by the run's epoch.
    /// @param token  names this intended change, 1 to 128 of `[A-Za-z0-9_.:-]`: the same token with
    ///               the same event and inputs is answered already_applied and changes nothing
    template <class Inputs>
    result<answer<change_type>> fire(const event<Inputs>& on, const run_type& run,
                                     const std::type_identity_t<Inputs>& inputs,
                                     std::string_view token = {}) {
        return fired(on, detail::event_kind::step,
                     {run.id, detail::fence::epoch, run.epoch, &inputs, token, run.owner});
    }
    result<answer<change_type>> fire(const event<>& on, const run_type& run,
                                     std::string_view token = {}) {
        return fire<no_inputs>(on, run, no_inputs{}, token);
    }

    /// Fires a leased step of many runs in one transaction; each gets its own answer, in order. One
    /// that is refused, or that the table refuses, does not spoil the others.
    template <class Inputs>
    std::vector<result<answer<change_type>>> fire_many(
        const event<Inputs>& on, std::type_identity_t<std::span<const step<Inputs>>> steps) {
        const auto call_at = [&](std::size_t i) -> detail::fire_call {
            const step<Inputs>& each = steps[i];
            return {each.run.id,  detail::fence::epoch, each.run.epoch,
                    &each.inputs, each.token,           each.run.owner};
        };
        return with_types::answers_of(core_.fire_many(on, steps.size(), call_at),
                                      with_types::to_change);
    }

    /// The same of an event without inputs, and without tokens: `fire_many(complete, runs)`.
    std::vector<result<answer<change_type>>> fire_many(const event<>& on,
                                                       std::span<const run_type> runs) {
        const auto call_at = [&](std::size_t i) -> detail::fire_call {
            return {runs[i].id, detail::fence::epoch, runs[i].epoch, nullptr, {}, runs[i].owner};
        };
        return with_types::answers_of(core_.fire_many(on, runs.size(), call_at),
                                      with_types::to_change);
    }

    /// Fires a control event on the job as the caller read it.
    template <class Inputs>
    result<answer<change_type>> fire(const event<Inputs>& on, std::int64_t id, version expected,
                                     const std::type_identity_t<Inputs>& inputs,
                                     const control_options& options = {}) {
        return control(on, id, detail::fence::version, expected.number, &inputs, options);
    }
    result<answer<change_type>> fire(const event<>& on, std::int64_t id, version expected,
                                     const control_options& options = {}) {
        return fire<no_inputs>(on, id, expected, no_inputs{}, options);
    }

    /// Fires a control event whatever happened to the job since it was read.
    template <class Inputs>
    result<answer<change_type>> fire(const event<Inputs>& on, std::int64_t id, any_version_t,
                                     const std::type_identity_t<Inputs>& inputs,
                                     const control_options& options = {}) {
        return control(on, id, detail::fence::none, 0, &inputs, options);
    }
    result<answer<change_type>> fire(const event<>& on, std::int64_t id, any_version_t any,
                                     const control_options& options = {}) {
        return fire<no_inputs>(on, id, any, no_inputs{}, options);
    }

    /// Settles what became of a change that was answered `unknown`, from any process and at any
    /// time: a request that is still on its way is refused from then on.
    /// @param token  that of the change; a change without one cannot be settled
    /// @return already_applied with the change; rejected as `never_applied`, or as `not_found`
    ///         without such a job; forgotten, when it may lie beyond the memory of tokens, or when
    ///         there is no such job and the machine removes jobs (`.keep`)
    result<answer<change_type>> resolve(std::int64_t id, std::string_view token) {
        detail::raw_change found;
        return with_types::answer_of(core_.resolve(id, token, found), found, with_types::to_change);
    }

    /// Moves the lease forward by its declared length from now, never back. Accepted after it ran
    /// out as long as nobody else claimed the job, unless the machine refuses late steps.
    result<answer<lease_type>> renew(const run_type& run) {
        return core_.renew({run.id, run.epoch});
    }
    /// Renews and writes what the renewal event says, such as progress.
    template <class Inputs>
    result<answer<lease_type>> renew(const event<Inputs>& on, const run_type& run,
                                     const std::type_identity_t<Inputs>& inputs) {
        return core_.renew(on, {run.id, run.epoch}, &inputs);
    }
    /// Renews all in one transaction; each gets its own answer, in order.
    result<std::vector<answer<lease_type>>> renew_many(std::span<const run_type> runs) {
        std::vector<detail::of_machine<Machine, detail::held_lease>> held;
        held.reserve(runs.size());
        for (const run_type& run : runs) held.push_back({run.id, run.epoch});
        return core_.renew_many(held);
    }

    /// Hands back jobs whose lease ran out and ends jobs whose attempts are used up, a bounded
    /// number of each. Any process may call it at any time.
    result<swept_type> sweep(const sweep_options& options = {}) { return core_.sweep(options); }

    /// Rung after each change that may have made a job due: for those who wait for one.
    wakeup& wakeups() noexcept { return core_.wakeups(); }

private:
    using typename reader<Machine>::with_types;

    template <class Claim>
    static result<answer<run_type>> claimed_one(Claim claim) {
        std::optional<run_type> run;
        auto how = claim([&](const detail::raw_run& raw) -> void* {
            return &run.emplace(with_types::to_run(raw)).job;
        });
        return with_types::answer_of(std::move(how), run ? &*run : nullptr);
    }

    result<answer<change_type>> fired(const event_ref& on, detail::event_kind kind,
                                      const detail::fire_call& call) {
        detail::raw_change made;
        return with_types::answer_of(core_.fire(on, kind, call, made), made, with_types::to_change);
    }
    result<answer<change_type>> control(const event_ref& on, std::int64_t id, detail::fence by,
                                        std::int64_t number, const void* inputs,
                                        const control_options& options) {
        return fired(on, detail::event_kind::control,
                     {id, by, number, inputs, options.token, options.actor});
    }
};

}  // namespace statemachine
