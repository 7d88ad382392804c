// What settles a call whose reply was lost: the log knows its nonce, and a token can be made void.
#pragma once

#include "read.hpp"

namespace statemachine::detail {

// Whether an event can apply again to what it has made of a job: without a claim in between, whose
// epoch would stop it, or by whatever way when nothing fences it.
inline bool repeats(const spec& declared, int event, bool fenced_by_epoch) {
    state_set sources = 0;
    state_set reached = 0;
    for (const rule_spec& rule : declared.rules) {
        if (rule.event != event) continue;
        sources |= rule.from;
        reached |= only(rule.to);
    }
    for (state_set before = 0; before != reached;) {
        before = reached;
        for (const rule_spec& rule : declared.rules) {
            const event_spec& other = declared.events[static_cast<std::size_t>(rule.event)];
            const bool fenced = fenced_by_epoch && other.kind == event_kind::claim;
            if (fenced || (rule.from & reached) == 0) continue;
            reached |= only(rule.to) | only(rule.expired) | only(rule.exhausted);
        }
    }
    return (reached & sources) != 0;
}

inline constexpr std::array job_types{column_type::int64};
inline constexpr std::array yes_or_no{column_type::boolean};

inline void write_logged_jobs(sql_writer& out, const spec& declared) {
    out.name(declared.table) << " AS \"kept\" JOIN ";
    out.name(declared.table, "_log") << " AS \"log\" ON \"log\".\"job\" = \"kept\".\"id\"";
}

// What a change brings back as the log recorded it; what the log does not keep is the job's own.
inline void write_recorded_change(sql_writer& out, const spec& declared, int event) {
    out << "SELECT ";
    comma list(out);
    for (const job_column& each : columns_of_event(declared, event)) {
        const bool is_logged = !each.in_log.empty();
        list.next() << (is_logged ? "\"log\"." : "\"kept\".");
        out.name(is_logged ? each.in_log : each.name);
    }
    if (declared.events[static_cast<std::size_t>(event)].kind == event_kind::claim)
        for (const column& each : declared.columns) {
            list.next() << "\"kept\".";
            out.name(each.name);
        }
    out << "\nFROM ";
    write_logged_jobs(out, declared);
}

inline void write_by_nonce(sql_writer& out) {
    out << " AND \"log\".\"nonce\" = ";
    out.put(slot::nonce, column_type::bytes);
}

// What the call of this nonce did to the job, also when the job has gone on since.
inline void write_adopt(sql_writer& out, const spec& declared, int event) {
    write_recorded_change(out, declared, event);
    out << "\nWHERE \"kept\".\"id\" = ";
    out.put(slot::id, column_type::int64);
    write_by_nonce(out);
}

inline void write_adopt_submit(sql_writer& out, const spec& declared) {
    out << "SELECT \"kept\".\"id\", \"kept\".\"rule\"\nFROM ";
    write_logged_jobs(out, declared);
    out << " AND \"log\".\"version\" = 1\nWHERE \"kept\".\"key\" = ";
    out.put(slot::key, column_type::text);
    write_by_nonce(out);
}

// The jobs that the claim of this nonce still holds. By the leases, because an index of nonces
// would cost every change what only a lost reply needs.
inline void write_adopt_claimed(sql_writer& out, const spec& declared, int event) {
    write_recorded_change(out, declared, event);
    out << " AND \"log\".\"version\" = \"kept\".\"version\"\nWHERE \"kept\".";
    write_states(out, declared, declared.leased_states());  // as the index has it
    out << " AND \"kept\".";
    write_states(out, declared, only(declared.claim_rule(event).to));
    out << " AND \"kept\".\"lease_until\" > ";
    out.search_now();
    write_by_nonce(out);
}

// Takes the token's place, so that no change can be made with it any more. It waits for a change
// that holds the token and has not committed yet.
inline void write_void_token(sql_writer& out, const spec& declared) {
    out << "INSERT INTO ";
    out.name(declared.table, "_tokens")
        << " (\"job\", \"token\", \"event\", \"fingerprint\", \"version\", \"at\", "
           "\"from_state\", \"to_state\", \"epoch\")\nSELECT \"id\", ";
    out.put(slot::token, column_type::text) << ", '', '', 0, ";
    out.write_now() << ", '', '', 0 FROM ";
    write_row_of_id(out, declared);
    out << "\nON CONFLICT (\"job\", \"token\") DO NOTHING\nRETURNING \"job\"";
}

// Whether a change with a token may have been forgotten: not all changes of the job are known to be
// younger than the last token that was. The log may be forgotten, too, and clocks can be set back.
inline void write_may_be_forgotten(sql_writer& out, const spec& declared) {
    out << "SELECT EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_sweeps") << " AS \"mark\" WHERE \"name\" = 'tokens' AND "
                                           "\"ended_at\" IS NOT NULL AND (SELECT count(*) FROM ";
    out.name(declared.table, "_log")
        << " AS \"log\" WHERE \"log\".\"job\" = \"kept\".\"id\" AND \"log\".\"version\" > 1 "
           "AND \"log\".\"at\" > \"mark\".\"ended_at\") < \"kept\".\"version\" - 1)\nFROM ";
    out.name(declared.table) << " AS \"kept\" WHERE \"kept\".\"id\" = ";
    out.put(slot::id, column_type::int64);
}

}  // namespace statemachine::detail
