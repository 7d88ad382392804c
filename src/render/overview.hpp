// What an operator asks: how many jobs are where, and what is stuck.
#pragma once

#include "outbox.hpp"
#include "read.hpp"

namespace statemachine::detail {

// State, jobs, oldest due, expired, used up.
inline constexpr std::array overview_types{column_type::text, column_type::int64, column_type::time,
                                           column_type::int64, column_type::int64};
// Group, reason, how many, since when.
inline constexpr std::array stuck_types{column_type::text, column_type::text, column_type::int64,
                                        column_type::time};

void write_count_where(sql_writer& out, auto condition) {
    out << "count(CASE WHEN ";
    condition();
    out << " THEN 1 END)";
}

// No attempt is left to the state's own claim.
inline void write_is_used_up(sql_writer& out, const spec& declared) {
    out << "FALSE";
    for (const rule_spec& rule : declared.rules) {
        const event_spec& event = declared.events[static_cast<std::size_t>(rule.event)];
        if (event.kind != event_kind::claim || rule.max_attempts == 0) continue;
        out << " OR (";
        write_states(out, declared, rule.from | only(rule.to));
        out << " AND \"attempts\" >= " << static_cast<std::int64_t>(rule.max_attempts);
        // One that is at its last attempt is used up when that is over.
        out << " AND (\"lease_until\" IS NULL OR \"lease_until\" <= ";
        out.search_now() << "))";
    }
}

inline state_set waiting_states(const spec& declared) {
    state_set all = 0;
    for (const rule_spec& rule : declared.rules)
        if (declared.events[static_cast<std::size_t>(rule.event)].kind == event_kind::claim)
            all |= rule.from;
    return all;
}

inline void write_overview(sql_writer& out, const spec& declared) {
    out << "SELECT \"state\", count(*), ";
    if (waiting_states(declared) == 0) {
        out << "min(CASE WHEN FALSE THEN \"run_at\" END)";
    } else {
        out << "min(CASE WHEN ";
        write_states(out, declared, waiting_states(declared));
        out << " AND \"run_at\" <= ";
        out.search_now() << " THEN \"run_at\" END)";
    }
    out << ", ";
    write_count_where(out, [&] {
        out << "\"lease_until\" <= ";
        out.search_now();
    });
    out << ", ";
    write_count_where(out, [&] { write_is_used_up(out, declared); });
    out << "\nFROM ";
    out.name(declared.table) << " GROUP BY \"state\" ORDER BY \"state\"";
}

inline void write_stuck_events(sql_writer& out, const spec& declared) {
    out << "SELECT \"consumer\", coalesce(\"error\", ''), count(*), min(\"parked_at\")\nFROM ";
    out.name(declared.table, "_deliveries")
        << " WHERE \"parked_at\" IS NOT NULL GROUP BY \"consumer\", \"error\" ORDER BY count(*) "
           "DESC, \"consumer\", \"error\" LIMIT ";
    out.put(slot::limit, column_type::int64);
}

}  // namespace statemachine::detail
