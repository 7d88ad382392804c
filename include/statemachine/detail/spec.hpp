// The declaration without its types: what verification, rendering and the store read.
#pragma once

#include <statemachine/detail/maybe.hpp>
#include <statemachine/machine.hpp>

namespace statemachine::detail {

inline constexpr int nowhere = -1;  // no such state
inline constexpr std::size_t max_states = 64;

using state_set = std::uint64_t;
constexpr std::string_view text_of(const char* text) {
    return text == nullptr ? std::string_view{} : std::string_view{text};
}
constexpr state_set only(int state) { return state < 0 ? 0 : state_set{1} << state; }
constexpr bool contains(state_set set, int state) { return (set & only(state)) != 0; }

constexpr bool same_member(const field_info& a, const field_info& b) {
    return a.spelling == b.spelling && a.owner == b.owner;
}

enum class event_kind : unsigned char { claim, step, control, renewal };
enum class fence : unsigned char { epoch, version, none };  // what a change has to match

struct rule_spec {
    int event = nowhere;
    bool event_given = false;
    type_identity inputs{};
    bool event_declared_twice = false;  // by another event object than the first rule of this name
    state_set from = 0;
    bool from_undeclared = false;
    int to = nowhere;
    bool to_given = false;
    std::int64_t lease = 0;  // milliseconds, as all times here
    int max_attempts = 0;
    int expired = nowhere;
    bool expired_given = false;
    int exhausted = nowhere;
    bool exhausted_given = false;
    backoff retry{};
    enum attempts attempts = attempts::kept;
    bool control = false;
    bool renew = false;
    const guard* when = nullptr;
    const effects* then = nullptr;
    std::string_view emit{}, emit_expired{}, emit_exhausted{};  // topics; empty: nothing
};

struct event_spec {
    std::string_view name;
    type_identity inputs{};
    event_kind kind = event_kind::step;
};

struct state_spec {
    std::string_view name;
    bool terminal = false;
    std::int64_t keep = 0;  // 0: for ever
    std::string_view formerly{};
    int lease_rule = nowhere;  // the rule that grants the lease of this state; nowhere: not leased
};

// A view on the arrays of `described`.
struct spec {
    std::string_view table;
    int initial = nowhere;
    bool initial_given = false;
    late_steps late{};
    statemachine::keys keys{};
    std::int64_t grace = 0;
    statemachine::memory memory{};
    type_identity job{};
    std::span<const column> columns;
    std::span<const state_spec> states;
    std::span<const event_spec> events;
    std::span<const rule_spec> rules;

    constexpr bool leased(int state) const {
        return state >= 0 && states[static_cast<std::size_t>(state)].lease_rule != nowhere;
    }
    constexpr const rule_spec& lease_rule(int state) const {
        const state_spec& leased = states[static_cast<std::size_t>(state)];
        return rules[static_cast<std::size_t>(leased.lease_rule)];
    }
    constexpr state_set leased_states() const {
        state_set all = 0;
        for (std::size_t i = 0; i < states.size(); ++i)
            if (states[i].lease_rule != nowhere) all |= only(static_cast<int>(i));
        return all;
    }
    constexpr bool emits() const {
        for (const rule_spec& rule : rules)
            if (!rule.emit.empty() || !rule.emit_expired.empty() || !rule.emit_exhausted.empty())
                return true;
        return false;
    }
    constexpr maybe<column> column_of(const field_info* field) const {
        for (const column& each : columns)
            if (same_member(*each.field, *field)) return maybe<column>(each);
        return {};
    }
    constexpr int event_named(std::string_view name) const {
        for (std::size_t i = 0; i < events.size(); ++i)
            if (events[i].name == name) return static_cast<int>(i);
        return nowhere;
    }
    // The rule of a claim event; `verify` makes sure that there is exactly one.
    constexpr const rule_spec& claim_rule(int event) const {
        for (const rule_spec& rule : rules)
            if (rule.event == event) return rule;
        throw "an event without a rule";
    }
    // Leased states that a claim may take over by itself once their lease ran out: they go back to
    // where this claim starts from, and are used up under the same terms.
    constexpr state_set reclaimable(const rule_spec& claim) const {
        state_set all = 0;
        for (std::size_t i = 0; i < states.size(); ++i) {
            const int state = static_cast<int>(i);
            if (!leased(state)) continue;
            const rule_spec& terms = lease_rule(state);
            if (contains(claim.from, terms.expired) && terms.max_attempts == claim.max_attempts &&
                terms.exhausted == claim.exhausted)
                all |= only(state);
        }
        return all;
    }
};

template <const auto& Machine>
struct described {
    using machine_type = std::remove_cvref_t<decltype(Machine)>;
    using state_type = typename machine_type::state_type;
    using job_type = typename machine_type::job_type;

    static constexpr std::size_t rule_count = Machine.transitions.size();
    static constexpr std::size_t state_count = Machine.states.size();

    static constexpr int index_of(state_type state) {
        for (std::size_t i = 0; i < state_count; ++i)
            if (Machine.states[i].state == state) return static_cast<int>(i);
        return nowhere;
    }
    static constexpr int index_of(const std::optional<state_type>& state) {
        return state ? index_of(*state) : nowhere;
    }

    static constexpr std::size_t count_events() {
        std::size_t count = 0;
        for (std::size_t i = 0; i < rule_count; ++i) {
            bool seen = false;
            for (std::size_t j = 0; j < i; ++j)
                seen |= Machine.transitions[j].on.name() == Machine.transitions[i].on.name();
            count += seen ? 0U : 1U;
        }
        return count;
    }

    static constexpr event_kind kind_of(const transition<state_type>& rule) {
        if (rule.renew) return event_kind::renewal;
        if (rule.control) return event_kind::control;
        if (rule.lease.count() == 0) return event_kind::step;
        for (const state_type from : rule.from)
            for (const auto& other : Machine.transitions)
                if (other.lease.count() != 0 && other.to == from) return event_kind::step;
        return event_kind::claim;
    }

    static constexpr auto make_events() {
        std::array<event_spec, count_events()> made{};
        std::size_t size = 0;
        for (const auto& rule : Machine.transitions) {
            bool seen = false;
            for (std::size_t i = 0; i < size; ++i) seen |= made[i].name == rule.on.name();
            if (!seen) made[size++] = {rule.on.name(), rule.on.inputs(), kind_of(rule)};
        }
        return made;
    }
    static constexpr auto events = make_events();

    static constexpr auto make_rules() {
        std::array<rule_spec, rule_count> made{};
        for (std::size_t i = 0; i < rule_count; ++i) {
            const auto& from = Machine.transitions[i];
            rule_spec& rule = made[i];
            for (std::size_t e = 0; e < events.size(); ++e)
                if (events[e].name == from.on.name()) rule.event = static_cast<int>(e);
            rule.event_given = from.on.given();
            rule.inputs = from.on.inputs();
            for (std::size_t j = 0; j < i; ++j)
                rule.event_declared_twice |=
                    made[j].event == rule.event &&
                    Machine.transitions[j].on.declared_as() != from.on.declared_as();
            for (const state_type state : from.from) {
                rule.from |= only(index_of(state));
                rule.from_undeclared |= index_of(state) == nowhere;
            }
            rule.to = index_of(from.to);
            rule.to_given = from.to.has_value();
            rule.lease = from.lease.count();
            rule.max_attempts = from.max_attempts;
            rule.expired = index_of(from.expired);
            rule.expired_given = from.expired.has_value();
            rule.exhausted = index_of(from.exhausted);
            rule.exhausted_given = from.exhausted.has_value();
            rule.retry = from.retry;
            rule.attempts = from.attempts;
            rule.control = from.control;
            rule.renew = from.renew;
            rule.when = &from.when;
            rule.then = &from.then;
            rule.emit = text_of(from.emit);
            rule.emit_expired = text_of(from.emit_expired);
            rule.emit_exhausted = text_of(from.emit_exhausted);
        }
        return made;
    }
    static constexpr auto rules = make_rules();

    static constexpr auto make_states() {
        std::array<state_spec, state_count> made{};
        for (std::size_t i = 0; i < state_count; ++i) {
            made[i].name = Machine.states[i].name;
            made[i].keep = Machine.states[i].keep.count();
            made[i].formerly = text_of(Machine.states[i].formerly);
            made[i].terminal = Machine.states[i].kind == state_kind::terminal;
            for (std::size_t r = rule_count; r-- > 0;)
                if (rules[r].lease != 0 && rules[r].to == static_cast<int>(i))
                    made[i].lease_rule = static_cast<int>(r);
        }
        return made;
    }
    static constexpr auto states = make_states();

    static constexpr spec value{Machine.table,
                                index_of(Machine.initial),
                                Machine.initial.has_value(),
                                Machine.late,
                                Machine.keys,
                                Machine.grace.count(),
                                Machine.memory,
                                identity_of_type<job_type>(),
                                Machine.columns,
                                states,
                                events,
                                rules};
};

}  // namespace statemachine::detail
