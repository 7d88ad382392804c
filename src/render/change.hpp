// What every change has in common: its log row and token in the same transaction. Where the dialect
// allows, all of it is one statement.
#pragma once

#include "brought.hpp"
#include "emit.hpp"

namespace statemachine::detail {

// Which name the log gives to a change.
inline void write_event_name(sql_writer& out, std::string_view event, bool can_exhaust) {
    if (!can_exhaust) {
        out.literal(event);
        return;
    }
    out << "CASE \"rule\" WHEN " << rule_exhausted << " THEN 'exhaust' ELSE ";
    out.literal(event) << " END";
}

inline void write_log_target(sql_writer& out, const spec& declared) {
    out << "INSERT INTO ";
    out.name(declared.table, "_log")
        << " (\"job\", \"version\", \"event\", \"from_state\", \"to_state\", \"epoch\", \"actor\", "
           "\"at\", \"lease_until\", \"nonce\")\n";
}

inline void write_log_insert(sql_writer& out, const spec& declared, std::string_view event,
                             bool can_exhaust, std::string_view from) {
    write_log_target(out, declared);
    out << "SELECT \"id\", \"version\", ";
    write_event_name(out, event, can_exhaust);
    out << ", \"previous\", \"state\", \"epoch\", ";
    out.put(slot::actor, column_type::text) << ", \"changed_at\", \"lease_until\", ";
    out.put(slot::nonce, column_type::bytes) << " FROM " << from;
}

// The rows of a batch, each after its job was locked: in the order in which they are sent, which is
// that of their ids, so that two batches at once cannot wait for each other. The sub-query can be
// joined in no other order.
enum class locked : unsigned char { awaited, skipped };  // rows that another transaction holds

inline void write_held(sql_writer& out, const spec& declared, locked rows) {
    out << "\"held\" AS MATERIALIZED (\nSELECT \"row\".* FROM ";
    out.rows() << " CROSS JOIN LATERAL (\n  SELECT FROM ";
    out.name(declared.table) << " WHERE \"id\" = ";
    out.put(slot::id, column_type::int64) << " FOR NO KEY UPDATE";
    if (rows == locked::skipped) out << " SKIP LOCKED";
    out << ") AS \"locked\"\n)";
}

// A job that another transaction holds is left for later, so that the others need not wait for it.
inline void write_held_rows(sql_writer& out, const spec& declared) {
    write_held(out, declared, locked::skipped);
    out << ", ";
}

// The job of a held row. As an array of one no join can compare it but by the index of ids.
inline void write_held_id(sql_writer& out) {
    out << "\"id\" = ANY(ARRAY[";
    out.put(slot::id, column_type::int64) << "])";
}

inline void write_token_insert(sql_writer& out, const spec& declared, std::string_view event,
                               std::string_view from) {
    out << "INSERT INTO ";
    out.name(declared.table, "_tokens")
        << " (\"job\", \"token\", \"event\", \"fingerprint\", \"version\", \"at\", "
           "\"from_state\", \"to_state\", \"epoch\")\nSELECT \"id\", ";
    out.put(slot::token, column_type::text) << ", ";
    out.literal(event) << ", ";
    out.put(slot::inputs_fingerprint, column_type::text)
        << ", \"version\", \"changed_at\", \"previous\", \"state\", \"epoch\" FROM " << from;
}

// Follows a change in its own statement where the dialect needs that: the row is read back by id.
inline void write_row_of_id(sql_writer& out, const spec& declared) {
    out.name(declared.table) << " WHERE \"id\" = ";
    out.put(slot::id, column_type::int64);
}

// The log rows and tokens that follow a change on their own.
inline void write_library_log(sql_writer& out, const spec& declared, std::string_view change,
                              bool can_exhaust) {
    write_log_insert(out, declared, change, can_exhaust, "");
    write_row_of_id(out, declared);
}
inline void write_submit_log(sql_writer& out, const spec& declared) {
    write_library_log(out, declared, "submit", false);
}
inline void write_expire_log(sql_writer& out, const spec& declared) {
    write_library_log(out, declared, "expire", true);
}
inline void write_exhaust_log(sql_writer& out, const spec& declared) {
    write_library_log(out, declared, "exhaust", false);
}
inline void write_event_log(sql_writer& out, const spec& declared, int event, bool can_exhaust) {
    write_library_log(out, declared, declared.events[static_cast<std::size_t>(event)].name,
                      can_exhaust);
}
inline void write_token_row(sql_writer& out, const spec& declared, int event) {
    write_token_insert(out, declared, declared.events[static_cast<std::size_t>(event)].name, "");
    write_row_of_id(out, declared);
}

// The events that follow a change on their own.
inline void write_events(sql_writer& out, const spec& declared, const emissions& all) {
    write_emit_insert(out, declared, all, [&] {
        write_row_of_id(out, declared);
        out << " AND ";
    });
}
inline void write_handed_out(sql_writer& out, const spec& declared) {
    write_hand_out(out, declared, [&] { out.name(declared.table, "_outbox") << " CROSS JOIN "; });
    out << " AND \"job\" = ";
    out.put(slot::id, column_type::int64) << " AND \"version\" = (SELECT \"version\" FROM ";
    write_row_of_id(out, declared);
    out << ")";
}

struct change_form {
    std::string_view event;    // the log's name of the change
    job_columns brings;        // what comes back
    bool can_exhaust = false;  // a used-up job is ended by the same statement
    bool with_job = false;     // the user's columns come back too
    bool with_token = false;
    emissions emits{};
    // What it takes before, in one statement.
    void (*first)(sql_writer&, const spec&) = [](sql_writer&, const spec&) {};
    bool many = false;  // steps of a batch: of the rows that are held
    bool one = false;   // of one job, which can be read back by a statement of its own
};

// With what comes back: what the log, the token and the events need of a job that was changed.
inline job_columns handed_on(const change_form& form) {
    job_columns all = form.brings;
    const auto add = [&](const job_column& wanted) {
        if (std::ranges::find(all, wanted.name, &job_column::name) == all.end())
            all.push_back(wanted);
    };
    for (const job_column& each : {id_column, version_column, epoch_column, state_column,
                                   previous_column, lease_column, changed_at_column})
        add(each);
    if (form.can_exhaust || !form.emits.empty()) add(rule_column);
    return all;
}

// What the log and the token of a row of a batch need of it.
inline void write_own_columns(sql_writer& out) {
    for (const slot each : {slot::token, slot::inputs_fingerprint, slot::actor}) {
        out << ", ";
        out.put(each, column_type::text);
    }
}

// Wraps the statement that `update` writes, with log and token, into one statement where it fits.
template <class Update>
void write_change(sql_writer& out, const spec& declared, const change_form& form, Update update) {
    const bool whole = out.speech().one_statement;
    if (whole) {
        out << "WITH ";
        form.first(out, declared);
        out << "\"changed\" AS (\n";
    }
    update();
    if (form.one && out.speech().reads_back) return;
    out << "\nRETURNING ";
    write_columns(out, whole ? handed_on(form) : form.brings);
    if (form.with_job) write_user_columns(out, declared);
    if (form.many) write_own_columns(out);
    if (!whole) return;
    out << "\n), \"logged\" AS (\n";
    write_log_insert(out, declared, form.event, form.can_exhaust, "\"changed\"");
    if (form.with_token) {
        out << "\n), \"settled\" AS (\n";
        write_token_insert(out, declared, form.event, "\"changed\"");
        if (form.many) {
            out << " WHERE ";
            out.put(slot::token, column_type::text) << " IS NOT NULL";
        }
    }
    if (!form.emits.empty()) {
        out << "\n), \"emitted\" AS (\n";
        write_emit_insert(out, declared, form.emits, [&] { out << "\"changed\" WHERE "; });
        out << "\nRETURNING \"job\", \"version\", \"part\", \"topic\", \"at\"\n), \"handed\" AS "
               "(\n";
        write_hand_out(out, declared, [&] { out << "\"emitted\" CROSS JOIN "; });
    }
    out << "\n)\nSELECT ";
    write_columns(out, form.brings);
    if (form.with_job) write_user_columns(out, declared);
    out << " FROM \"changed\"";
}

// SQLite has no partitions, and one index for all jobs.
inline bool keeps_keys_apart(const sql_writer& out, const spec& declared) {
    return declared.keys == keys::apart && out.speech().one_statement;
}

inline void write_index_name(sql_writer& out, const spec& declared, std::string_view event,
                             std::string_view purpose, std::uint32_t hash) {
    out << "\"" << declared.table;
    if (!event.empty()) out << "_" << event;
    out << "_" << purpose << "_";
    for (int shift = 28; shift >= 0; shift -= 4)
        out << std::string_view{&"0123456789abcdef"[(hash >> shift) & 15U], 1};
    out << "\"";
}

// `id` is one of the rows that `candidates` finds. The array form is evaluated once and keeps its
// LIMIT under every plan; `IN (SELECT ... LIMIT)` may be run again for each row on PostgreSQL.
template <class Candidates>
void write_id_in(sql_writer& out, Candidates candidates) {
    out << "\"id\" " << (out.speech().one_statement ? "= ANY(ARRAY(\n" : "IN (\n");
    candidates();
    out << (out.speech().one_statement ? "\n))" : "\n)");
}

// Jobs by an index, where that has to be named.
template <class Index, class Guard>
void write_found(sql_writer& out, const spec& declared, Index index, Guard guard) {
    out << "SELECT \"id\" FROM ";
    out.name(declared.table);
    if (out.speech().pins_indexes) {
        out << " INDEXED BY ";
        index();
    }
    out << " WHERE ";
    guard();
}

// After an outage nobody may have been able to renew: for a while no lease counts as over. Sweeps
// have gone on, or the outage was noticed long enough ago and turns were taken ever since.
inline void write_no_grace(sql_writer& out, const spec& declared) {
    if (declared.grace == 0) return;
    out << " AND EXISTS (SELECT 1 FROM ";
    const auto a_grace_ago = [&] {
        out.search_now() << " - " << declared.grace << out.speech().millisecond;
    };
    out.name(declared.table, "_sweeps") << " WHERE \"name\" = 'sweep' AND (\"ended_at\" > ";
    a_grace_ago();
    out << " OR \"noticed_at\" <= ";
    a_grace_ago();
    out << " AND \"began_at\" > ";
    a_grace_ago();
    out << "))";
}

// The guard once more, outside of the search: after waiting for a lock READ COMMITTED looks at the
// outer condition alone. As a CASE it cannot tempt the planner to another index than the one of
// ids.
template <class Guard>
void write_rechecked(sql_writer& out, Guard guard) {
    out << "CASE WHEN ";
    guard();
    out << " THEN TRUE ELSE FALSE END";
}

}  // namespace statemachine::detail
