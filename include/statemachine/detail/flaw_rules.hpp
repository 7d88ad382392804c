// What can be wrong with a rule: its lease, its kind, its retry, its place, and what it reads and
// writes.
#pragma once

#include <statemachine/detail/flaw_names.hpp>

namespace statemachine::detail {

constexpr flaw flaw_in_lease(const spec& declared, const rule_spec& rule) {
    constexpr std::int64_t longest = std::int64_t{1} << 32;  // 49 days: keeps every sum in 64 bits
    const std::string_view event = event_of(declared, rule);
    if (rule.lease < 0 || rule.lease > longest) return {flaw_kind::lease_out_of_range, event};
    if (rule.lease == 0) {
        if (rule.max_attempts != 0 || rule.expired_given || rule.exhausted_given)
            return {flaw_kind::attempts_without_lease, event};
        return {};
    }
    if (rule.renew) return {flaw_kind::renewal_moves, event};
    if (rule.control) return {flaw_kind::mixed_event, event};
    if (!rule.expired_given || declared.leased(rule.expired))
        return {flaw_kind::no_way_back, name_of(declared, rule.to)};
    if (declared.states[static_cast<std::size_t>(rule.to)].terminal)
        return {flaw_kind::leased_terminal_state, event, name_of(declared, rule.to)};
    if (rule.max_attempts < 0) return {flaw_kind::negative_attempts, event};
    if (rule.max_attempts > 0 && (!rule.exhausted_given || declared.leased(rule.exhausted)))
        return {flaw_kind::no_exhausted_state, event};
    if (rule.max_attempts == 0 && rule.exhausted_given)
        return {flaw_kind::exhausted_without_attempts, event};
    const rule_spec& terms = declared.lease_rule(rule.to);
    if (terms.expired != rule.expired || terms.exhausted != rule.exhausted ||
        terms.max_attempts != rule.max_attempts || terms.lease != rule.lease ||
        terms.emit_expired != rule.emit_expired || terms.emit_exhausted != rule.emit_exhausted)
        return {flaw_kind::two_sets_of_terms, name_of(declared, rule.to)};
    return {};
}

constexpr bool starts_leased(const spec& declared, const rule_spec& rule) {
    return (rule.from & declared.leased_states()) != 0;
}

// The kind that a rule has by itself; all rules of an event must agree.
constexpr event_kind own_kind(const spec& declared, const rule_spec& rule) {
    if (rule.renew) return event_kind::renewal;
    if (rule.control) return event_kind::control;
    if (rule.lease != 0 && !starts_leased(declared, rule)) return event_kind::claim;
    return event_kind::step;
}

constexpr flaw flaw_in_claim(const spec& declared, const rule_spec& claim) {
    const event_spec& event = declared.events[static_cast<std::size_t>(claim.event)];
    for (const rule_spec& other : declared.rules) {
        if (other.event != claim.event || &other == &claim) continue;
        const bool claims = own_kind(declared, other) == event_kind::claim;
        return {claims ? flaw_kind::two_claim_rules : flaw_kind::mixed_event, event.name};
    }
    if (event.inputs != identity_of_type<no_inputs>())
        return {flaw_kind::claim_with_inputs, event.name};
    if (claim.attempts != attempts::kept) return {flaw_kind::claim_changes_attempts, event.name};
    // A job comes to its exhausted state with its attempts used up, and this claim allows no more.
    for (const rule_spec& other : declared.rules)
        if (contains(claim.from, other.exhausted) && claim.max_attempts > 0 &&
            claim.max_attempts <= other.max_attempts)
            return {flaw_kind::exhausted_is_claimed, event.name,
                    name_of(declared, other.exhausted)};
    return {};
}

constexpr flaw flaw_in_kind(const spec& declared, const rule_spec& rule) {
    const std::string_view event = event_of(declared, rule);
    if (own_kind(declared, rule) != kind_of(declared, rule) || (rule.renew && rule.control))
        return {flaw_kind::mixed_event, event};
    const state_set leased = declared.leased_states();
    const bool mixed_sources = (rule.from & leased) != 0 && (rule.from & ~leased) != 0;
    if (mixed_sources && !rule.control) return {flaw_kind::mixed_event, event};
    switch (kind_of(declared, rule)) {
        case event_kind::claim: return flaw_in_claim(declared, rule);
        case event_kind::renewal:
            if (!starts_leased(declared, rule))
                return {flaw_kind::step_without_lease, event, first_of(declared, rule.from)};
            if (rule.from != only(rule.to) || rule.retry.first.count() != 0 ||
                rule.attempts != attempts::kept)
                return {flaw_kind::renewal_moves, event};
            return {};
        case event_kind::step:
            if (!starts_leased(declared, rule))
                return {flaw_kind::step_without_lease, event, first_of(declared, rule.from)};
            return {};
        case event_kind::control:
            if (declared.leased(rule.to) && (rule.from & ~leased) != 0)
                return {flaw_kind::lease_without_claim, event, name_of(declared, rule.to)};
            if (rule.attempts == attempts::given_back && (rule.from & ~leased) != 0)
                return {flaw_kind::attempt_of_no_run, event,
                        first_of(declared, rule.from & ~leased)};
            return {};
    }
    return {};
}

constexpr flaw flaw_in_retry(const spec& declared, std::size_t index) {
    const rule_spec& rule = declared.rules[index];
    const std::string_view event = event_of(declared, rule);
    const backoff& retry = rule.retry;
    if (retry.first.count() == 0 && retry.cap.count() == 0 && retry.jitter == 0) return {};
    constexpr std::int64_t longest = std::int64_t{1} << 32;
    const bool in_range = retry.first.count() > 0 && retry.first.count() <= longest &&
                          retry.cap >= retry.first && retry.cap.count() <= longest &&
                          retry.jitter >= 0 && retry.jitter <= 1;
    if (!in_range || declared.leased(rule.to) ||
        declared.states[static_cast<std::size_t>(rule.to)].terminal ||
        kind_of(declared, rule) != event_kind::step)
        return {flaw_kind::retry_out_of_range, event};
    state_set uncovered = rule.from;
    for (std::size_t i = index + 1; i < declared.rules.size(); ++i) {
        const rule_spec& later = declared.rules[i];
        if (later.event == rule.event && later.retry.first.count() == 0 && later.when->always())
            uncovered &= ~later.from;
    }
    for (std::size_t i = 0; i < declared.states.size(); ++i)
        if (contains(uncovered, static_cast<int>(i)) &&
            declared.lease_rule(static_cast<int>(i)).max_attempts > 0)
            return {flaw_kind::retry_without_rest, event, declared.states[i].name};
    return {};
}

// Leased states without a limit of attempts: there a retry leaves nothing to the rules behind it.
constexpr state_set endless(const spec& declared, state_set leased) {
    state_set all = 0;
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (contains(leased, state) && declared.lease_rule(state).max_attempts == 0)
            all |= only(state);
    }
    return all;
}

constexpr flaw flaw_in_order(const spec& declared, std::size_t index) {
    const rule_spec& rule = declared.rules[index];
    state_set taken = 0;
    for (std::size_t i = 0; i < index; ++i) {
        const rule_spec& earlier = declared.rules[i];
        if (earlier.event != rule.event || !earlier.when->always()) continue;
        if (earlier.retry.first.count() == 0)
            taken |= earlier.from;
        else
            taken |= endless(declared, earlier.from);
    }
    if ((rule.from & ~taken) == 0) return {flaw_kind::never_fires, event_of(declared, rule)};
    return {};
}

constexpr flaw flaw_in_field(const spec& declared, const rule_spec& rule, const field_info* field) {
    const event_spec& event = declared.events[static_cast<std::size_t>(rule.event)];
    if (field->owner == declared.job) {
        if (!declared.column_of(field))
            return {flaw_kind::unknown_column, event.name, field->spelling};
    } else if (field->owner != event.inputs) {
        return {flaw_kind::foreign_input, event.name, field->spelling};
    }
    return {};
}

constexpr bool holds(column_type type, const value& constant) {
    if (constant.is_null()) return true;
    if (constant.type() == column_type::real) return constant.real() == constant.real();
    using narrow = std::numeric_limits<std::int32_t>;
    return type != column_type::int32 || (constant.integer() >= std::int64_t{narrow::min()} &&
                                          constant.integer() <= std::int64_t{narrow::max()});
}

constexpr flaw flaw_in_target(const spec& declared, std::string_view event, const effect& each) {
    if (each.what == effect_kind::set_error) return {};
    const maybe<column> target = declared.column_of(each.target);
    if (!target) return {flaw_kind::unknown_column, event, each.target->spelling};
    const bool constant = each.content.what == operation::constant;
    const bool empties = constant && each.content.constant.is_null();
    if (has(target->flags, once) && (each.what == effect_kind::add || empties))
        return {flaw_kind::once_written_again, event, target->name};
    if (constant && !holds(each.target->type, each.content.constant))
        return {flaw_kind::constant_out_of_range, event, target->name};
    return {};
}

constexpr bool same_target(const effect& a, const effect& b) {
    const bool error = a.what == effect_kind::set_error;
    if (error != (b.what == effect_kind::set_error)) return false;
    return error || same_member(*a.target, *b.target);
}

constexpr flaw flaw_in_fields(const spec& declared, const rule_spec& rule) {
    const std::string_view event = event_of(declared, rule);
    if (!rule.when->complete()) return {flaw_kind::condition_too_large, event};
    for (std::size_t i = 0; i < rule.when->size(); ++i) {
        const node& part = (*rule.when)[i];
        if (part.what == operation::constant && !holds(column_type::int64, part.constant))
            return {flaw_kind::constant_out_of_range, event};
        if (part.what != operation::read) continue;
        if (auto found = flaw_in_field(declared, rule, part.field); found.kind != flaw_kind::none)
            return found;
    }
    for (const effect& each : *rule.then) {
        if (auto found = flaw_in_target(declared, event, each); found.kind != flaw_kind::none)
            return found;
        for (const effect* other = rule.then->begin(); other != &each; ++other)
            if (same_target(*other, each))
                return {flaw_kind::written_twice, event,
                        each.what != effect_kind::set_error ? each.target->spelling : "error"};
        if (each.content.what != operation::read) continue;
        if (auto found = flaw_in_field(declared, rule, each.content.field);
            found.kind != flaw_kind::none)
            return found;
    }
    return {};
}

}  // namespace statemachine::detail
