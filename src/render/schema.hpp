// The DDL: the job table with its checks and indexes, the log, the tokens.
#pragma once

#include "claim.hpp"
#include "forget.hpp"
#include "lease.hpp"
#include "outbox.hpp"

#include <span>
#include <vector>

namespace statemachine::detail {

// As one constant: a CHECK is read and planned anew by each statement, and a list of constants
// takes twice as long as an array of as many.
inline void write_state_check(sql_writer& out, const spec& declared) {
    out.name(declared.table, "_state") << " CHECK (\"state\" = ANY ('{";
    comma list(out, ",");
    for (const state_spec& each : declared.states) list.next().name(each.name);
    out << "}'::text[]))";
}

inline std::vector<limited> limited_columns(const spec& declared, const dialect& speech) {
    std::vector<limited> all;
    const auto add = [&](std::string_view name, column_type type) {
        if (const auto limits = limits_of(speech, type); !limits.empty())
            all.push_back({std::string{name}, std::string{limits}});
    };
    add("priority", column_type::int32);
    for (const column& each : declared.columns) add(each.name, each.field->type);
    return all;
}

// One branch of a CASE for each number that is beyond its limits. A CASE, as a chain of ORs may be
// no deeper than a thousand.
template <class Then>
void write_beyond_limits(sql_writer& out, std::span<const limited> numbers, Then then) {
    out << "CASE";
    for (const limited& each : numbers) {
        out << " WHEN NEW.";
        out.name(each.column) << " NOT BETWEEN " << each.limits << " THEN ";
        then(each);
    }
    out << " ELSE ";
}

// Where a CHECK is part of its table for good, triggers hold the states and limits: they are
// replaced in the transaction that adds one. They come before the change and fail, as an ABORT,
// such as that of any CHECK beside a trigger, would need a copy of the pages to undo the statement
// by. CASE, because IN builds a table of the names for each row. NULL is left to the column, where
// a statement may ignore it.
inline void write_state_trigger(sql_writer& out, const spec& declared,
                                std::span<const limited> numbers, bool of_update) {
    out << "CREATE TRIGGER IF NOT EXISTS ";
    out.name(declared.table, of_update ? "_state_update" : "_state_insert")
        << " BEFORE " << (of_update ? "UPDATE OF \"state\"" : "INSERT");
    for (const limited& each : numbers)
        if (of_update) (out << ", ").name(each.column);
    out << " ON ";
    out.name(declared.table) << " WHEN ";
    write_beyond_limits(out, numbers, [&](const limited&) { out << "1"; });
    out << "CASE NEW.\"state\"";
    for (const state_spec& each : declared.states) {
        out << " WHEN ";
        out.literal(each.name) << " THEN 0";
    }
    out << " ELSE NEW.\"state\" IS NOT NULL END END BEGIN SELECT ";
    write_beyond_limits(out, numbers, [&](const limited& each) {
        out << "RAISE(FAIL, 'statemachine: the number does not fit " << each.column << "')";
    });
    out << "RAISE(FAIL, 'the state is not declared') END; END;\n";
}

// `kept` are the limits of columns that an older declaration had.
inline void write_state_triggers(sql_writer& out, const spec& declared,
                                 std::span<const limited> kept = {}) {
    if (out.speech().schema.replaces_checks) return;
    std::vector<limited> numbers = limited_columns(declared, out.speech());
    numbers.insert(numbers.end(), kept.begin(), kept.end());
    write_state_trigger(out, declared, numbers, false);
    write_state_trigger(out, declared, numbers, true);
}

inline void write_job_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table) << " (\n  \"id\" " << out.speech().id_column;
    std::vector<table_column> columns{
        {"state", column_type::text},       {"version", column_type::int64},
        {"epoch", column_type::int64},      {"attempts", column_type::int32},
        {"owner", column_type::text, true}, {"lease_until", column_type::time, true},
        {"run_at", column_type::time},      {"priority", column_type::int32},
        {"key", column_type::text, true},   {"fingerprint", column_type::text, true},
        {"error", column_type::text, true}, {"created_at", column_type::time},
        {"changed_at", column_type::time},  {"previous", column_type::text, true},
        {"rule", column_type::int32}};
    for (const column& each : declared.columns)
        columns.push_back({each.name, each.field->type, each.field->optional});
    write_table_columns(out, std::move(columns));
    if (out.speech().schema.replaces_checks) {
        out << ",\n  CONSTRAINT ";
        write_state_check(out, declared);
    }
    out << "\n)" << out.speech().table_options << ";\n";
}

inline void write_side_tables(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_log") << " (\n  \"job\" " << out.speech().int64_type;
    write_not_null(out);
    write_table_columns(out, {{"version", column_type::int64},
                              {"event", column_type::text},
                              {"from_state", column_type::text, true},
                              {"to_state", column_type::text},
                              {"epoch", column_type::int64},
                              {"actor", column_type::text, true},
                              {"at", column_type::time},
                              {"lease_until", column_type::time, true},
                              {"nonce", column_type::bytes}});
    out << ",\n  PRIMARY KEY (\"job\", \"version\")" << out.speech().fails_at_once << "\n)"
        << out.speech().side_table_options << ";\n";
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_tokens") << " (\n  \"job\" " << out.speech().int64_type;
    write_not_null(out);
    write_table_columns(out, {{"token", column_type::text},
                              {"event", column_type::text},
                              {"fingerprint", column_type::text},
                              {"version", column_type::int64},
                              {"at", column_type::time},
                              {"from_state", column_type::text},
                              {"to_state", column_type::text},
                              {"epoch", column_type::int64}});
    out << ",\n  PRIMARY KEY (\"job\", \"token\")" << out.speech().fails_at_once << "\n)"
        << out.speech().side_table_options << ";\n";
}

// Which sweep ran when, for all processes.
inline void write_sweeps_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_sweeps")
        << " (\n  \"name\" " << out.speech().text_type << " NOT NULL PRIMARY KEY";
    write_column(out, "began_at", column_type::time, true);
    write_column(out, "ended_at", column_type::time, true);
    write_column(out, "noticed_at", column_type::time, true);
    write_column(out, "actor", column_type::text, true);
    out << "\n)" << out.speech().side_table_options << ";\nINSERT INTO ";
    out.name(declared.table, "_sweeps")
        << " (\"name\") VALUES ('sweep'), ('tokens') ON CONFLICT (\"name\") DO NOTHING;\n";
}

// Which declarations the tables have had: what an older program needs is kept by it, and such a
// program sees that it is one.
inline void write_history_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_schema")
        << " (\n  \"number\" " << out.speech().int64_type << " NOT NULL";
    write_column(out, "at", column_type::time, false);
    write_column(out, "library", column_type::text, false);
    write_column(out, "declaration", column_type::text, false);
    write_column(out, "changes", column_type::text, false);
    out << ",\n  PRIMARY KEY (\"number\")\n)" << out.speech().side_table_options << ";\n";
}

// An index's name ends in a hash of its definition, so that another predicate makes a new index.
template <class Name, class Definition>
void write_index(sql_writer& out, const spec& declared, Name name, Definition definition) {
    out << "CREATE INDEX IF NOT EXISTS ";
    name();
    out << " ON ";
    out.name(declared.table) << " ";
    definition();
    out << ";\n";
}

// Jobs that had their keys in an index bring them along.
inline void write_keys_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_keys")
        << " (\n  \"key\" " << out.speech().text_type << " NOT NULL PRIMARY KEY\n)"
        << out.speech().side_table_options << ";\nINSERT INTO ";
    out.name(declared.table, "_keys") << " (\"key\") SELECT \"key\" FROM ";
    out.name(declared.table) << " WHERE \"key\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_keys") << ") ON CONFLICT (\"key\") DO NOTHING;\n";
}

inline void write_indexes(sql_writer& out, const spec& declared) {
    const bool apart = keeps_keys_apart(out, declared);
    out << (apart ? "CREATE INDEX IF NOT EXISTS " : "CREATE UNIQUE INDEX IF NOT EXISTS ");
    out.name(declared.table, apart ? "_keyed" : "_key") << " ON ";
    out.name(declared.table) << " (\"key\") WHERE \"key\" IS NOT NULL;\n";
    for (std::size_t i = 0; i < declared.events.size(); ++i) {
        if (declared.events[i].kind != event_kind::claim) continue;
        const rule_spec& claim = declared.claim_rule(static_cast<int>(i));
        write_index(
            out, declared, [&] { write_due_index_name(out, declared, claim); },
            [&] { write_due_index(out, declared, claim); });
        if (claim.max_attempts > 0)
            write_index(
                out, declared, [&] { write_used_up_index_name(out, declared, claim); },
                [&] { write_used_up_index(out, declared, claim); });
    }
    if (declared.leased_states() != 0)
        write_index(
            out, declared, [&] { write_lease_index_name(out, declared); },
            [&] { write_lease_index(out, declared); });
    write_retention_indexes(out, declared);
}

inline void write_schema(sql_writer& out, const spec& declared) {
    write_job_table(out, declared);
    write_state_triggers(out, declared);
    write_side_tables(out, declared);
    write_sweeps_table(out, declared);
    write_history_table(out, declared);
    if (keeps_keys_apart(out, declared)) write_keys_table(out, declared);
    write_indexes(out, declared);
    if (declared.emits()) write_outbox_schema(out, declared);
}

}  // namespace statemachine::detail
