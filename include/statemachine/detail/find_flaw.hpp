// The checks behind `verify`, each in the order in which a reader would ask it.
#pragma once

#include <statemachine/detail/flaw_rules.hpp>

namespace statemachine::detail {

constexpr flaw flaw_in_life(const spec& declared) {
    for (const rule_spec& rule : declared.rules)
        for (std::size_t i = 0; i < declared.states.size(); ++i)
            if (declared.states[i].terminal && contains(rule.from, static_cast<int>(i)))
                return {flaw_kind::leaves_terminal_state, event_of(declared, rule),
                        declared.states[i].name};
    state_set reached = only(declared.initial);
    for (state_set before = 0; before != reached;) {
        before = reached;
        for (const rule_spec& rule : declared.rules)
            if ((rule.from & reached) != 0)
                reached |= only(rule.to) | only(rule.expired) | only(rule.exhausted);
    }
    state_set left = 0;
    for (const rule_spec& rule : declared.rules) left |= rule.from & ~only(rule.to);
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (!contains(reached, state))
            return {flaw_kind::unreachable_state, declared.states[i].name};
        if (!declared.states[i].terminal && !contains(left, state))
            return {flaw_kind::no_way_out, declared.states[i].name};
    }
    return {};
}

constexpr flaw flaw_in_memory(const spec& declared) {
    const memory& kept = declared.memory;
    for (const auto each : {kept.keys, kept.tokens, kept.log, kept.events})
        if (each.count() < 0) return {flaw_kind::memory_out_of_range, declared.table};
    if (declared.grace < 0) return {flaw_kind::memory_out_of_range, declared.table, "grace"};
    for (const state_spec& state : declared.states) {
        if (state.keep < 0) return {flaw_kind::memory_out_of_range, state.name};
        if (state.keep > 0 && !state.terminal) return {flaw_kind::kept_while_passing, state.name};
    }
    for (const rule_spec& rule : declared.rules) {
        if (rule.renew && !rule.emit.empty())
            return {flaw_kind::renewal_emits, event_of(declared, rule)};
        if (rule.lease == 0 && !(rule.emit_expired.empty() && rule.emit_exhausted.empty()))
            return {flaw_kind::emits_without_lease, event_of(declared, rule)};
    }
    return {};
}

// The first flaw of a declaration, in the order in which its author would mend them.
constexpr flaw find_flaw(const spec& declared) {
    if (declared.states.empty()) return {flaw_kind::no_states, declared.table};
    if (auto found = flaw_in_events(declared); found.kind != flaw_kind::none) return found;
    if (auto found = flaw_in_names(declared); found.kind != flaw_kind::none) return found;
    if (auto found = flaw_in_duplicates(declared); found.kind != flaw_kind::none) return found;
    if (auto found = flaw_in_columns(declared); found.kind != flaw_kind::none) return found;
    if (!declared.initial_given) return {flaw_kind::no_initial_state, declared.table};
    if (declared.initial == nowhere)
        return {flaw_kind::undeclared_state, declared.table, "initial"};
    if (declared.leased(declared.initial))
        return {flaw_kind::leased_initial_state, name_of(declared, declared.initial)};
    for (std::size_t i = 0; i < declared.rules.size(); ++i) {
        const rule_spec& rule = declared.rules[i];
        if (auto found = flaw_in_lease(declared, rule); found.kind != flaw_kind::none) return found;
        if (auto found = flaw_in_kind(declared, rule); found.kind != flaw_kind::none) return found;
        if (auto found = flaw_in_order(declared, i); found.kind != flaw_kind::none) return found;
        if (auto found = flaw_in_retry(declared, i); found.kind != flaw_kind::none) return found;
        if (auto found = flaw_in_fields(declared, rule); found.kind != flaw_kind::none)
            return found;
    }
    if (auto found = flaw_in_memory(declared); found.kind != flaw_kind::none) return found;
    return flaw_in_life(declared);
}

// What `described` relies on: states that it can count in 64 bits and tell apart.
template <const auto& Machine>
constexpr flaw flaw_in_states() {
    if constexpr (Machine.table == nullptr)
        return {flaw_kind::missing_name, "table"};
    else if (Machine.states.size() > max_states)
        return {flaw_kind::too_many_states, Machine.table};
    for (std::size_t i = 0; i < Machine.states.size(); ++i) {
        if (Machine.states[i].name == nullptr) return {flaw_kind::missing_name, "state"};
        for (std::size_t j = 0; j < i; ++j)
            if (Machine.states[i].state == Machine.states[j].state)
                return {flaw_kind::duplicate_state, Machine.states[j].name, Machine.states[i].name};
    }
    return {};
}

template <const auto& Machine>
constexpr flaw find_flaw() {
    constexpr flaw found = flaw_in_states<Machine>();
    if constexpr (found.kind != flaw_kind::none)
        return found;
    else
        return find_flaw(described<Machine>::value);
}

}  // namespace statemachine::detail
