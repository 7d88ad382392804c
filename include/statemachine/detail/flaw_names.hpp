// What can be wrong with names, columns and the states that are mentioned.
#pragma once

#include <statemachine/detail/flaw.hpp>

namespace statemachine::detail {

constexpr std::string_view name_of(const spec& declared, int state) {
    return declared.states[static_cast<std::size_t>(state)].name;
}
constexpr std::string_view event_of(const spec& declared, const rule_spec& rule) {
    return declared.events[static_cast<std::size_t>(rule.event)].name;
}
constexpr event_kind kind_of(const spec& declared, const rule_spec& rule) {
    return declared.events[static_cast<std::size_t>(rule.event)].kind;
}
constexpr std::string_view first_of(const spec& declared, state_set states) {
    for (const state_spec& state : declared.states)
        if (contains(states, static_cast<int>(&state - declared.states.data()))) return state.name;
    return {};
}

constexpr flaw flaw_in_names(const spec& declared) {
    // "_used_up_", 8 digits of a hash and a separator stand behind table and event in index names.
    constexpr std::size_t suffix = sizeof("__used_up_01234567") - 1;
    const std::size_t longest_side =
        (declared.emits() ? sizeof("_deliveries_pkey") : sizeof("_tokens_pkey")) - 1;
    if (auto kind = flaw_of_name(declared.table, longest_identifier - longest_side);
        kind != flaw_kind::none)
        return {kind, "table", declared.table};
    if (declared.table.starts_with(database_tables))
        return {flaw_kind::reserved_name, "table", declared.table};
    for (const state_spec& state : declared.states)
        if (auto kind = flaw_of_name(state.name, longest_identifier); kind != flaw_kind::none)
            return {kind, "state", state.name};
    for (const state_spec& state : declared.states)
        if (auto kind = flaw_of_optional_name(state.formerly); kind != flaw_kind::none)
            return {kind, "formerly", state.formerly};
    for (const rule_spec& rule : declared.rules)
        for (const std::string_view topic : {rule.emit, rule.emit_expired, rule.emit_exhausted})
            if (auto kind = flaw_of_optional_name(topic); kind != flaw_kind::none)
                return {kind, "emit", topic};
    for (const event_spec& event : declared.events) {
        const std::size_t taken = declared.table.size() + suffix;
        const std::size_t room = event.kind != event_kind::claim ? longest_identifier
                                 : taken < longest_identifier    ? longest_identifier - taken
                                                                 : 0;
        if (auto kind = flaw_of_name(event.name, room); kind != flaw_kind::none)
            return {kind, "event", event.name};
        if (is_one_of(event.name, library_events))
            return {flaw_kind::reserved_name, "event", event.name};
    }
    for (const column& column : declared.columns) {
        if (auto kind = flaw_of_name(column.name, longest_identifier); kind != flaw_kind::none)
            return {kind, "column", column.name};
        if (is_one_of(column.name, library_columns) || is_one_of(column.name, database_columns))
            return {flaw_kind::reserved_name, "column", column.name};
        if (auto kind = flaw_of_optional_name(column.formerly); kind != flaw_kind::none)
            return {kind, "formerly", column.formerly};
    }
    return {};
}

constexpr flaw flaw_in_duplicates(const spec& declared) {
    for (std::size_t i = 0; i < declared.states.size(); ++i)
        for (std::size_t j = i + 1; j < declared.states.size(); ++j)
            if (declared.states[i].name == declared.states[j].name)
                return {flaw_kind::duplicate_name, "state", declared.states[i].name};
    for (const state_spec& old : declared.states)
        for (const state_spec& other : declared.states)
            if (old.formerly == other.name ||
                (&old != &other && !old.formerly.empty() && old.formerly == other.formerly))
                return {flaw_kind::duplicate_name, "formerly", old.formerly};
    for (const column& old : declared.columns)
        for (const column& other : declared.columns)
            if (old.formerly == other.name ||
                (&old != &other && !old.formerly.empty() && old.formerly == other.formerly))
                return {flaw_kind::duplicate_name, "formerly", old.formerly};
    for (std::size_t i = 0; i < declared.columns.size(); ++i)
        for (std::size_t j = i + 1; j < declared.columns.size(); ++j) {
            if (declared.columns[i].name == declared.columns[j].name)
                return {flaw_kind::duplicate_name, "column", declared.columns[i].name};
            if (same_member(*declared.columns[i].field, *declared.columns[j].field))
                return {flaw_kind::duplicate_column_member, declared.columns[j].name,
                        declared.columns[j].field->spelling};
        }
    return {};
}

constexpr flaw flaw_in_columns(const spec& declared) {
    for (const column& column : declared.columns) {
        if (column.field->owner != declared.job)
            return {flaw_kind::foreign_column, column.name, column.field->spelling};
        if (has(column.flags, once) && !column.field->optional)
            return {flaw_kind::once_not_optional, column.name};
    }
    return {};
}

// Two events of one name carry the same inputs, or one of them would read the other's.
constexpr flaw flaw_in_events(const spec& declared) {
    for (const rule_spec& rule : declared.rules) {
        if (!rule.event_given)
            return {flaw_kind::no_event, "transition", first_of(declared, rule.from)};
        const std::string_view event = event_of(declared, rule);
        if (rule.from_undeclared) return {flaw_kind::undeclared_state, event, "from"};
        if (rule.from == 0) return {flaw_kind::no_source, event};
        if (!rule.to_given) return {flaw_kind::no_target, event, first_of(declared, rule.from)};
        if (rule.to == nowhere) return {flaw_kind::undeclared_state, event, "to"};
        if (rule.expired_given && rule.expired == nowhere)
            return {flaw_kind::undeclared_state, event, "expired"};
        if (rule.exhausted_given && rule.exhausted == nowhere)
            return {flaw_kind::undeclared_state, event, "exhausted"};
        const event_spec& spec = declared.events[static_cast<std::size_t>(rule.event)];
        if (spec.inputs != rule.inputs) return {flaw_kind::two_sets_of_inputs, event};
        if (rule.event_declared_twice) return {flaw_kind::duplicate_event, event};
        if (spec.inputs == declared.job) return {flaw_kind::inputs_are_the_job, event};
        std::size_t rules = 0;
        for (const rule_spec& other : declared.rules) rules += other.event == rule.event;
        if (rules > max_rules) return {flaw_kind::too_many_rules, event};
    }
    return {};
}

}  // namespace statemachine::detail
