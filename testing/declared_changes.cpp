#include "declared_changes.hpp"

#include <algorithm>
#include <iterator>

namespace statemachine::testing {

using detail::contains;
using detail::event_kind;

std::string list_of(const names& all) {
    std::string text{"(''"};
    for (const std::string& each : all) text += ", '" + each + "'";
    return text + ")";
}

allowed::allowed(const detail::spec& declared) : declared_(declared) {
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const std::string name{declared.states[i].name};
        states.insert(name);
        if (declared.states[i].terminal) terminal.insert(name);
        if (declared.leased(static_cast<int>(i))) leased.insert(name);
    }
    add("submit", "null", declared.initial, false);
    for (const auto& rule : declared.rules) {
        const auto& event = declared.events[static_cast<std::size_t>(rule.event)];
        if (event.kind == event_kind::claim) claims.insert(std::string{event.name});
        if (event.kind == event_kind::control) controls.insert(std::string{event.name});
        most_attempts = std::max(most_attempts, rule.max_attempts);
        for (std::size_t i = 0; i < declared.states.size(); ++i) {
            if (!contains(rule.from, static_cast<int>(i))) continue;
            const auto from = declared.states[i].name;
            if (!rule.renew) add(event.name, from, rule.to, !rule.emit.empty());
            if (rule.exhausted_given)
                add("exhaust", from, rule.exhausted, !rule.emit_exhausted.empty());
        }
    }
    for (std::size_t i = 0; i < declared.states.size(); ++i)
        if (declared.leased(static_cast<int>(i))) add_ends_of_leases(static_cast<int>(i));
    std::set_difference(emitted_.begin(), emitted_.end(), unemitted_.begin(), unemitted_.end(),
                        std::inserter(emitting, emitting.end()));
    forgets_events = declared.memory.events.count() > 0;
    std::set_difference(unemitted_.begin(), unemitted_.end(), emitted_.begin(), emitted_.end(),
                        std::inserter(silent, silent.end()));
}

void allowed::add_ends_of_leases(int from) {
    const auto& terms = declared_.lease_rule(from);
    const auto name = declared_.states[static_cast<std::size_t>(from)].name;
    add("expire", name, terms.expired, !terms.emit_expired.empty());
    if (terms.exhausted_given) add("exhaust", name, terms.exhausted, !terms.emit_exhausted.empty());
    // A claim takes over a job whose lease ran out.
    for (const auto& rule : declared_.rules) {
        const auto& event = declared_.events[static_cast<std::size_t>(rule.event)];
        if (event.kind == event_kind::claim && contains(declared_.reclaimable(rule), from))
            add(event.name, name, rule.to, !rule.emit.empty());
    }
}

void allowed::add(std::string_view event, std::string_view from, int to, bool emits) {
    if (to < 0) return;
    changed change{event, from, declared_.states[static_cast<std::size_t>(to)].name};
    (emits ? emitted_ : unemitted_).insert(change);
    changes.insert(std::move(change));
}

std::string allowed::table(std::string_view ending) const {
    return "\"" + std::string{declared_.table} + std::string{ending} + "\"";
}

}  // namespace statemachine::testing
