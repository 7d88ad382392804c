// What a change puts into the outbox, and the deliveries that it hands to the groups known by then,
// in the same transaction.
//
// A group joins as the next generation, and joining is serialized, so that whoever sees generation
// n sees all before it. An event remembers the generation up to which its groups have been served:
// a transaction that was in flight when a group joined leaves a lower number, by which the relay
// finds its events later (group.hpp). No sequence is compared, no transaction waited for.
#pragma once

#include "rule.hpp"

namespace statemachine::detail {

// A claim that takes a job over from a lost run tells of both, in this order.
inline constexpr int part_of_lost_run = 0;
inline constexpr int part_of_change = 1;

// An event that a change emits when it was made by this rule, out of one of these states.
struct occasion {
    std::int64_t rule = 0;
    state_set previous = 0;  // none: out of any
    std::string_view topic{};
    int part = part_of_change;
};

// All that one kind of change may emit; at most one of each part for one job.
class emissions {
public:
    void add(const occasion& each) {
        if (!each.topic.empty()) items_.push_back(each);
    }
    bool empty() const { return items_.empty(); }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }

private:
    std::vector<occasion> items_;
};

inline emissions emitted_by_expiry(const spec& declared) {
    emissions all;
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (!declared.leased(state)) continue;
        const rule_spec& terms = declared.lease_rule(state);
        all.add({rule_expired, only(state), terms.emit_expired});
        all.add({rule_exhausted, only(state), terms.emit_exhausted});
    }
    return all;
}

inline emissions emitted_by_exhaustion(const spec& declared, int event) {
    emissions all;
    all.add({rule_exhausted, 0, declared.claim_rule(event).emit_exhausted});
    return all;
}

inline emissions emitted_by_claim(const spec& declared, int event) {
    emissions all;
    const rule_spec& claim = declared.claim_rule(event);
    const std::int64_t rule = &claim - declared.rules.data();
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (!contains(declared.reclaimable(claim), state)) continue;
        const rule_spec& terms = declared.lease_rule(state);
        all.add({rule, only(state), terms.emit_expired, part_of_lost_run});
        all.add({rule_exhausted, only(state), terms.emit_exhausted});
    }
    all.add({rule, 0, claim.emit});
    all.add({rule_exhausted, claim.from, claim.emit_exhausted});
    return all;
}

inline emissions emitted_by_event(const spec& declared, int event) {
    if (declared.events[static_cast<std::size_t>(event)].kind == event_kind::claim)
        return emitted_by_claim(declared, event);
    emissions all;
    for (const rule_spec& rule : declared.rules)
        if (rule.event == event) all.add({&rule - declared.rules.data(), 0, rule.emit});
    return all;
}

inline void write_occasion(sql_writer& out, const spec& declared, const occasion& each) {
    out << "\"rule\" = " << each.rule;
    if (each.previous == 0) return;
    out << " AND ";
    write_states(out, declared, each.previous, "previous");
}

// The part of the events of one change that stands at the same place in their order.
template <class From>
void write_events_of_part(sql_writer& out, const spec& declared, const emissions& all, int part,
                          From from) {
    out << "SELECT \"id\", \"version\", " << std::int64_t{part} << ", CASE";
    for (const occasion& each : all) {
        if (each.part != part) continue;
        out << " WHEN ";
        write_occasion(out, declared, each);
        out << " THEN ";
        out.literal(each.topic);
    }
    out << " END, \"changed_at\", (SELECT coalesce(max(\"generation\"), 0) FROM ";
    out.name(declared.table, "_groups") << ") FROM ";
    from();
    out << "(";
    comma any(out, " OR ");
    for (const occasion& each : all)
        if (each.part == part) write_occasion(any.next(), declared, each);
    out << ")";
}

// `from` names the changed rows and ends in WHERE or AND.
template <class From>
void write_emit_insert(sql_writer& out, const spec& declared, const emissions& all, From from) {
    out << "INSERT INTO ";
    out.name(declared.table, "_outbox")
        << " (\"job\", \"version\", \"part\", \"topic\", \"at\", \"generation\")\n";
    comma parts(out, "\nUNION ALL\n");
    for (const int part : {part_of_lost_run, part_of_change}) {
        bool any = false;
        for (const occasion& each : all) any = any || each.part == part;
        if (any) write_events_of_part(parts.next(), declared, all, part, from);
    }
}

inline void write_delivery_target(sql_writer& out, const spec& declared) {
    out << "INSERT INTO ";
    out.name(declared.table, "_deliveries")
        << " (\"job\", \"version\", \"part\", \"consumer\", \"topic\", \"at\", \"epoch\", "
           "\"tries\", \"run_at\")\nSELECT \"job\", \"version\", \"part\", \"name\", \"topic\", "
           "\"at\", 0, 0, \"at\" FROM ";
}

// `from` names the events and ends in CROSS JOIN.
template <class From>
void write_hand_out(sql_writer& out, const spec& declared, From from) {
    write_delivery_target(out, declared);
    from();
    out.name(declared.table, "_groups") << " WHERE \"active\"";
}

}  // namespace statemachine::detail
