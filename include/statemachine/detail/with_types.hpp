// Gives what the core brings back the types of one machine.
#pragma once

#include <statemachine/detail/of_machine.hpp>
#include <statemachine/detail/store_core.hpp>

namespace statemachine::detail {

template <const auto& Machine>
struct with_types {
    using state_type = typename described<Machine>::state_type;
    using job_type = typename described<Machine>::job_type;
    using run_type = run<state_type, job_type>;

    static state_type state_at(int index) {
        return Machine.states[static_cast<std::size_t>(index)].state;
    }
    static submitted<state_type> to_submitted(const raw_submitted& raw) {
        return {raw.id, state_at(raw.state), raw.version};
    }
    static change<state_type> to_change(const raw_change& raw) {
        return {raw.id, raw.version,  raw.epoch,  state_at(raw.from), state_at(raw.to),
                raw.at, raw.attempts, raw.run_at, raw.lease_until};
    }
    static record<state_type, job_type> to_record(const raw_record& raw) {
        return {raw.id,          state_at(raw.state),
                raw.version,     raw.epoch,
                raw.attempts,    raw.owner,
                raw.lease_until, raw.run_at,
                raw.priority,    raw.key,
                raw.error,       raw.created_at,
                raw.changed_at,  {}};
    }
    static run_type to_run(const raw_run& raw) {
        return {raw.id,       raw.epoch,       raw.version, state_at(raw.state),
                raw.attempts, raw.lease_until, raw.owner,   {}};
    }

    // What a call answers that put what it made elsewhere.
    template <class Raw, class Content>
    static result<answer<Content>> answer_of(result<outcome>&& how, const Raw& made,
                                             Content (*convert)(const Raw&)) {
        if (!how) return std::move(how).error();
        if (!how.value().succeeded()) return answer<Content>(std::move(how).value());
        return answer<Content>(std::move(how).value(), convert(made));
    }
    template <class Content>
    static result<answer<Content>> answer_of(result<outcome>&& how, Content* made) {
        if (!how) return std::move(how).error();
        if (!how.value().succeeded()) return answer<Content>(std::move(how).value());
        return answer<Content>(std::move(how).value(), std::move(*made));
    }

    template <class Raw, class Content>
    static result<answer<Content>> answer_of(result<answer<Raw>>&& raw,
                                             Content (*convert)(const Raw&)) {
        if (!raw) return std::move(raw).error();
        if (!raw.value()) return answer<Content>(static_cast<outcome>(raw.value()));
        return answer<Content>(static_cast<outcome>(raw.value()), convert(*raw.value()));
    }

    template <class Raw, class Content>
    static std::vector<result<answer<Content>>> answers_of(std::vector<result<answer<Raw>>>&& raw,
                                                           Content (*convert)(const Raw&)) {
        std::vector<result<answer<Content>>> all;
        all.reserve(raw.size());
        for (auto& each : raw) all.push_back(answer_of(std::move(each), convert));
        return all;
    }
};

}  // namespace statemachine::detail
