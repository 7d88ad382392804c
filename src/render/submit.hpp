// Submitting: one job or many, and what finds the job that a key belongs to.
#pragma once

#include "change.hpp"

namespace statemachine::detail {

// What a key's holder brings back: id, state, fingerprint, version; of many also the key.
inline constexpr std::array holder_types{column_type::int64, column_type::text, column_type::text,
                                         column_type::int64};
inline constexpr std::array keyed_holder_types{column_type::int64, column_type::text,
                                               column_type::text, column_type::int64,
                                               column_type::text};

// What a submit brings back, of which only a batch needs the rule. Everything else is known before.
inline constexpr std::string_view submitted_columns = R"("id", "rule")";
inline constexpr std::array submitted_types{column_type::int64, column_type::int32};

inline std::string_view initial_state(const spec& declared) {
    return declared.states[static_cast<std::size_t>(declared.initial)].name;
}

inline void write_submit_target(sql_writer& out, const spec& declared) {
    out << "INSERT INTO ";
    out.name(declared.table)
        << " (\"state\", \"version\", \"epoch\", \"attempts\", \"run_at\", \"priority\", "
           "\"key\", \"fingerprint\", \"created_at\", \"changed_at\", \"rule\"";
    for (const column& each : declared.columns) {
        out << ", ";
        out.name(each.name);
    }
    out << ")\n";
}

// Which jobs a submit writes.
struct new_jobs {
    bool many = false;
    bool keyed = true;   // one of them may have a key
    bool alike = false;  // of many: all due at one time
    bool brief = false;  // of many: fails where it waits for a key for long
};

// A statement looks at the clock once for when its jobs are made: for each of them it took 3 % of
// the time.
inline sql_writer& write_submit_moment(sql_writer& out, new_jobs form) {
    return form.many ? out << "(SELECT \"at\" FROM \"now$\")" : out.write_now();
}

inline void write_submitted_row(sql_writer& out, const spec& declared, new_jobs form) {
    // Each job is due at a moment of its own, so that claims can begin in the middle of a batch.
    out.literal(initial_state(declared)) << ", 1, 0, 0, coalesce(";
    out.put(slot::run_at, column_type::time) << ", ";
    out.write_now() << " + ";
    out.put(slot::delay, column_type::int64) << out.speech().millisecond << "), ";
    out.put(slot::priority, column_type::int32) << ", ";
    if (form.keyed) {
        out.put(slot::key, column_type::text) << ", ";
        out.put(slot::fingerprint, column_type::text) << ", ";
    } else {
        out << "NULL, NULL, ";
    }
    write_submit_moment(out, form) << ", ";
    write_submit_moment(out, form) << (form.many ? ", \"row$number\"" : ", 0");
    for (const column& each : declared.columns) {
        out << ", ";
        out.put({slot::column, each.field->type, each.field, {}});
    }
}

// A key of a table of its own is taken first; who does not get it makes no job.
inline void write_taken_key(sql_writer& out, const spec& declared) {
    out << "\"taken\" AS (\nINSERT INTO ";
    out.name(declared.table, "_keys") << " (\"key\")\nSELECT ";
    out.put(slot::key, column_type::text) << " WHERE ";
    out.put(slot::key, column_type::text)
        << " IS NOT NULL\nON CONFLICT (\"key\") DO NOTHING\nRETURNING \"key\"\n), ";
}
// In their own order, so that two batches at once cannot wait for each other.
inline void write_taken_keys(sql_writer& out, const spec& declared) {
    out << "\"taken\" AS (\nINSERT INTO ";
    out.name(declared.table, "_keys") << " (\"key\")\nSELECT ";
    out.put(slot::key, column_type::text) << " FROM ";
    out.rows() << " WHERE ";
    out.put(slot::key, column_type::text) << " IS NOT NULL ORDER BY ";
    out.put(slot::key, column_type::text)
        << "\nON CONFLICT (\"key\") DO NOTHING\nRETURNING \"key\"\n), ";
}

// Wraps an insert, with its log rows, into one statement where it fits. What is known of a new job
// anyway is handed on from no part to another: together with what is not brought back it took 6 %
// of a batch's time. A submit is looked for by its key: without one it needs no nonce.
template <class Insert>
void write_new_jobs(sql_writer& out, const spec& declared, new_jobs form, Insert insert) {
    const bool whole = out.speech().one_statement;
    if (whole) {
        out << "WITH ";
        if (form.many) {
            out << "\"now$\" AS (\nSELECT ";
            out.write_now() << " AS \"at\"\n), ";
        }
        if (form.keyed && keeps_keys_apart(out, declared))
            form.many ? write_taken_keys(out, declared) : write_taken_key(out, declared);
        out << "\"changed\" AS (\n";
    }
    insert();
    if (!form.many && out.speech().reads_back) return;
    out << "\nRETURNING " << submitted_columns;
    if (!whole) return;
    out << (form.many ? "" : ", \"changed_at\"") << "\n), \"logged\" AS (\n";
    write_log_target(out, declared);
    out << "SELECT \"id\", 1, 'submit', NULL, ";
    out.literal(initial_state(declared)) << ", 0, ";
    out.put(slot::actor, column_type::text) << ", ";
    (form.many ? write_submit_moment(out, form) : out << "\"changed_at\"") << ", NULL, ";
    if (form.keyed)
        out.put(slot::nonce, column_type::bytes);
    else
        out << "''";
    out << " FROM \"changed\"\n)\nSELECT " << submitted_columns << " FROM \"changed\"";
}

inline void write_key_conflict(sql_writer& out) {
    out << "\nON CONFLICT (\"key\") WHERE \"key\" IS NOT NULL DO NOTHING";
}

inline void write_submit(sql_writer& out, const spec& declared) {
    const bool apart = keeps_keys_apart(out, declared);
    const new_jobs form;
    write_new_jobs(out, declared, form, [&] {
        write_submit_target(out, declared);
        out << (apart ? "SELECT " : "VALUES (");
        write_submitted_row(out, declared, form);
        if (!apart) {
            out << ")";
            write_key_conflict(out);
            return;
        }
        out << "\nWHERE ";
        out.put(slot::key, column_type::text) << " IS NULL OR EXISTS (SELECT 1 FROM \"taken\")";
    });
}

// Keys that are taken are looked for first: an insert that fails costs three times as much. Where
// no job of the batch has a key, none is inserted on trial, which spares a tenth of the time.
//
// No rule has fired for a new job, so its `rule` is free to tell which row of the batch it was:
// RETURNING shows columns of the table alone, in no order.
inline void write_submit_many(sql_writer& out, const spec& declared, new_jobs form) {
    const bool apart = keeps_keys_apart(out, declared);
    out.gather(slot::priority, column_type::int32);
    if (form.keyed) {
        out.gather(slot::key, column_type::text);
        out.gather(slot::fingerprint, column_type::text);
    }
    // Arrays that say the same of each job took 2 % of the time.
    if (!form.alike) {
        out.gather(slot::run_at, column_type::time);
        out.gather(slot::delay, column_type::int64);
    }
    for (const column& each : declared.columns)
        out.gather(slot::column, each.field->type, each.field);
    write_new_jobs(out, declared, form, [&] {
        write_submit_target(out, declared);
        out << "SELECT ";
        write_submitted_row(out, declared, form);
        out << "\nFROM ";
        out.rows();
        if (!form.keyed) return;
        out << "\nWHERE ";
        if (form.brief) out << out.speech().waits_briefly << "\n  AND (";
        out.put(slot::key, column_type::text) << " IS NULL OR ";
        if (apart) {
            out.put(slot::key, column_type::text) << " IN (SELECT \"key\" FROM \"taken\")";
        } else {
            out << "NOT EXISTS (SELECT 1 FROM ";
            out.name(declared.table) << " WHERE \"key\" = ";
            out.put(slot::key, column_type::text) << " OFFSET 0)";
        }
        if (form.brief) out << ")";
        if (!apart) write_key_conflict(out);
    });
}

inline void write_find_key(sql_writer& out, const spec& declared) {
    out << "SELECT \"id\", \"state\", \"fingerprint\", \"version\" FROM ";
    out.name(declared.table) << " WHERE \"key\" = ";
    out.put(slot::key, column_type::text);
}

inline void write_find_keys(sql_writer& out, const spec& declared) {
    out.gather(slot::key, column_type::text);
    out << "SELECT \"found\".* FROM ";
    out.rows() << " CROSS JOIN LATERAL (\n  SELECT \"id\", \"state\", \"fingerprint\", "
                  "\"version\", \"key\" FROM ";
    out.name(declared.table) << " WHERE \"key\" = ";
    out.put(slot::key, column_type::text) << " OFFSET 0) AS \"found\"";
}

}  // namespace statemachine::detail
