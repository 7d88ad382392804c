// A store that writes down what it is asked and what it answers.
#pragma once

#include <statemachine/store.hpp>
#include <statemachine/testing/history.hpp>

namespace statemachine::testing {

/// The values that the rules of an event read from its inputs, or the columns that a key stands
/// for: what tells two contents apart.
[[gnu::visibility("default")]] std::string content_of_inputs(const detail::spec& declared,
                                                             std::string_view event,
                                                             const void* inputs);
[[gnu::visibility("default")]] std::string content_of_job(const detail::spec& declared,
                                                          const void* job);

/// For one thread. Owner and actor of each call are the client's name.
template <const auto& Machine>
class recorder {
    using with_store = store<Machine>;
    static constexpr const detail::spec& declared = detail::described<Machine>::value;

public:
    using run_type = typename with_store::run_type;
    using change_type = typename with_store::change_type;
    using job_type = typename with_store::job_type;
    using submitted_type = typename with_store::submitted_type;

    /// @param database, seen  outlive the recorder
    template <database_like Database>
    recorder(Database& database, history& seen, std::string client)
        : store_(database), history_(&seen), client_(std::move(client)) {}

    const std::string& client() const noexcept { return client_; }

    /// Calls that change nothing go by here.
    with_store& unrecorded() noexcept { return store_; }

    result<answer<submitted_type>> submit(const job_type& job, submit_options options = {}) {
        options.actor = client_;
        const auto number = begin_submit(job, options.key);
        return ended(number, store_.submit(job, options));
    }

    std::vector<result<answer<submitted_type>>> submit_many(
        std::vector<typename with_store::submission> jobs) {
        std::vector<std::size_t> numbers;
        for (auto& each : jobs) {
            each.options.actor = client_;
            numbers.push_back(
                begin_submit(each.job, each.key.empty() ? each.options.key : each.key));
        }
        return all_ended(numbers, store_.submit_many(jobs));
    }

    result<answer<run_type>> claim(const event<>& on) {
        const auto number = begin({.what = call_kind::claim, .event = on.name});
        return ended(number, store_.claim(on, {.owner = client_}));
    }

    result<answer<std::vector<run_type>>> claim_many(const event<>& on, std::size_t most) {
        const auto number = begin(
            {.what = call_kind::claim, .event = on.name, .limit = static_cast<std::int64_t>(most)});
        auto got = store_.claim_many(on, most, {.owner = client_});
        if (!got) {
            history_->end(number, got.error());
            return got;
        }
        std::vector<granted> all;
        if (got.value())
            for (const run_type& each : *got.value()) all.push_back(granted_by(each));
        history_->end(number, got.value(), std::move(all));
        return got;
    }

    result<answer<run_type>> claim_by_id(const event<>& on, std::int64_t id) {
        const auto number = begin({.what = call_kind::claim_by_id, .event = on.name, .id = id});
        return ended(number, store_.claim_by_id(on, id, {.owner = client_}));
    }

    template <class Inputs>
    result<answer<change_type>> fire(const event<Inputs>& on, run_type run,
                                     const std::type_identity_t<Inputs>& inputs,
                                     std::string_view token = {}) {
        run.owner = client_;
        const auto number = begin_step(on.name, run, &inputs, token);
        return ended(number, store_.fire(on, run, inputs, token));
    }
    result<answer<change_type>> fire(const event<>& on, const run_type& run,
                                     std::string_view token = {}) {
        return fire<no_inputs>(on, run, no_inputs{}, token);
    }

    template <class Inputs>
    std::vector<result<answer<change_type>>> fire_many(
        const event<Inputs>& on, std::vector<typename with_store::template step<Inputs>> steps) {
        std::vector<std::size_t> numbers;
        for (auto& each : steps) {
            each.run.owner = client_;
            numbers.push_back(begin_step(on.name, each.run, &each.inputs, each.token));
        }
        return all_ended(
            numbers, store_.fire_many(
                         on, std::span<const typename with_store::template step<Inputs>>(steps)));
    }

    /// @param expected  a `version`, or `any_version`
    template <class Inputs, class Expected>
    result<answer<change_type>> control(const event<Inputs>& on, std::int64_t id, Expected expected,
                                        const std::type_identity_t<Inputs>& inputs,
                                        std::string_view token = {}) {
        const auto number = begin({.what = call_kind::control,
                                   .event = on.name,
                                   .id = id,
                                   .token = std::string(token),
                                   .content = content_of_inputs(declared, on.name, &inputs)});
        return ended(number,
                     store_.fire(on, id, expected, inputs, {.token = token, .actor = client_}));
    }
    template <class Expected>
    result<answer<change_type>> control(const event<>& on, std::int64_t id, Expected expected,
                                        std::string_view token = {}) {
        return control<no_inputs>(on, id, expected, no_inputs{}, token);
    }

    result<answer<lease>> renew(const run_type& run) {
        const auto number = begin({.what = call_kind::renew, .id = run.id, .epoch = run.epoch});
        return ended(number, store_.renew(run));
    }
    template <class Inputs>
    result<answer<lease>> renew(const event<Inputs>& on, const run_type& run,
                                const std::type_identity_t<Inputs>& inputs) {
        const auto number =
            begin({.what = call_kind::renew, .event = on.name, .id = run.id, .epoch = run.epoch});
        return ended(number, store_.renew(on, run, inputs));
    }
    result<std::vector<answer<lease>>> renew_many(std::span<const run_type> runs) {
        std::vector<std::size_t> numbers;
        for (const run_type& each : runs)
            numbers.push_back(
                begin({.what = call_kind::renew, .id = each.id, .epoch = each.epoch}));
        auto got = store_.renew_many(runs);
        for (std::size_t i = 0; i < numbers.size(); ++i)
            if (got)
                write_down(numbers[i], result<answer<lease>>(got.value()[i]));
            else
                history_->end(numbers[i], got.error());
        return got;
    }

    result<answer<change_type>> resolve(std::int64_t id, std::string_view token) {
        const auto number =
            begin({.what = call_kind::resolve, .id = id, .token = std::string(token)});
        return ended(number, store_.resolve(id, token));
    }

    result<swept> sweep(std::int64_t limit = 500) {
        return store_.sweep({.limit = limit, .actor = client_});
    }

private:
    std::size_t begin(call_record sent) {
        sent.client = client_;
        return history_->begin(std::move(sent));
    }
    std::size_t begin_submit(const job_type& job, std::string_view key) {
        return begin({.what = call_kind::submit,
                      .token = std::string(key),
                      .content = content_of_job(declared, &job)});
    }
    std::size_t begin_step(std::string_view event, const run_type& run, const void* inputs,
                           std::string_view token) {
        return begin({.what = call_kind::step,
                      .event = std::string(event),
                      .id = run.id,
                      .epoch = run.epoch,
                      .token = std::string(token),
                      .content = content_of_inputs(declared, event, inputs)});
    }

    static granted granted_by(const run_type& got) {
        return {got.id, got.epoch, got.version, got.lease_until};
    }
    static granted granted_by(const change_type& got) {
        return {got.id, got.epoch, got.version, got.lease_until};
    }
    static granted granted_by(const submitted_type& got) { return {got.id, 0, got.version, {}}; }
    static granted granted_by(const lease& got) { return {got.id, got.epoch, 0, got.until}; }

    template <class Content>
    void write_down(std::size_t number, const result<answer<Content>>& got) {
        if (!got)
            history_->end(number, got.error());
        else if (got.value())
            history_->end(number, got.value(), {granted_by(*got.value())});
        else
            history_->end(number, got.value(), {});
    }
    template <class Content>
    result<answer<Content>> ended(std::size_t number, result<answer<Content>> got) {
        write_down(number, got);
        return got;
    }
    template <class Content>
    std::vector<result<answer<Content>>> all_ended(const std::vector<std::size_t>& numbers,
                                                   std::vector<result<answer<Content>>> got) {
        for (std::size_t i = 0; i < numbers.size(); ++i) write_down(numbers[i], got[i]);
        return got;
    }

    with_store store_;
    history* history_;
    std::string client_;
};

}  // namespace statemachine::testing
