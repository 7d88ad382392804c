// The DDL of the outbox: events, the groups that consume them, and what each group has yet to get.
#pragma once

#include "change.hpp"
#include "column.hpp"

namespace statemachine::detail {

// By generation first: what a group that joined later has yet to be handed, and what is old enough
// to go, are ranges of it.
inline void write_outbox_index(sql_writer& out) { out << "(\"generation\", \"at\")"; }
inline void write_outbox_index_name(sql_writer& out, const spec& declared) {
    sql_writer definition(out.speech());
    write_outbox_index(definition);
    write_index_name(out, declared, "", "outbox", definition.hash());
}

inline void write_outbox_pinned(sql_writer& out, const spec& declared) {
    out.name(declared.table, "_outbox");
    if (!out.speech().pins_indexes) return;
    out << " INDEXED BY ";
    write_outbox_index_name(out, declared);
}

// The order in which a group gets what is due. A lease ends where `run_at` says, so that a lost
// delivery becomes due by itself.
inline void write_delivery_index(sql_writer& out) {
    out << "(\"consumer\", \"run_at\", \"job\", \"version\") WHERE \"parked_at\" IS NULL";
}
inline void write_delivery_index_name(sql_writer& out, const spec& declared) {
    sql_writer definition(out.speech());
    write_delivery_index(definition);
    write_index_name(out, declared, "", "delivery", definition.hash());
}

// Names are unique, and so are generations: two groups that join at once come one after the other.
inline void write_groups_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_groups")
        << " (\n  \"name\" " << out.speech().text_type << " NOT NULL PRIMARY KEY";
    write_column(out, "generation", column_type::int64, false);
    write_column(out, "starts_at", column_type::time, false);
    write_column(out, "active", column_type::boolean, false);
    out << ",\n  UNIQUE (\"generation\")\n)" << out.speech().side_table_options << ";\n";
}

// `more` are the columns beside those that name the event.
inline void write_event_columns(sql_writer& out, std::vector<table_column> more) {
    out << " (\n  \"job\" " << out.speech().int64_type;
    write_not_null(out);
    more.insert(more.begin(), {{"version", column_type::int64}, {"part", column_type::int32}});
    write_table_columns(out, std::move(more));
}

inline void write_outbox_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_outbox");
    write_event_columns(out, {{"topic", column_type::text},
                              {"at", column_type::time},
                              {"generation", column_type::int64}});
    out << ",\n  PRIMARY KEY (\"job\", \"version\", \"part\")" << out.speech().fails_at_once
        << "\n)" << out.speech().side_table_options << ";\n";
}

// Holds what is still to be delivered, or parked: a delivery that succeeded is deleted.
inline void write_deliveries_table(sql_writer& out, const spec& declared) {
    out << "CREATE TABLE IF NOT EXISTS ";
    out.name(declared.table, "_deliveries");
    write_event_columns(out, {{"consumer", column_type::text},
                              {"topic", column_type::text},
                              {"at", column_type::time},
                              {"epoch", column_type::int64},
                              {"tries", column_type::int32},
                              {"run_at", column_type::time},
                              {"parked_at", column_type::time, true},
                              {"error", column_type::text, true}});
    out << ",\n  PRIMARY KEY (\"job\", \"version\", \"part\", \"consumer\")"
        << out.speech().fails_at_once << "\n)" << out.speech().queue_table_options << ";\n";
}

inline void write_outbox_schema(sql_writer& out, const spec& declared) {
    write_groups_table(out, declared);
    write_outbox_table(out, declared);
    write_deliveries_table(out, declared);
    out << "CREATE INDEX IF NOT EXISTS ";
    write_outbox_index_name(out, declared);
    out << " ON ";
    out.name(declared.table, "_outbox") << " ";
    write_outbox_index(out);
    out << ";\nCREATE INDEX IF NOT EXISTS ";
    write_delivery_index_name(out, declared);
    out << " ON ";
    out.name(declared.table, "_deliveries") << " ";
    write_delivery_index(out);
    out << ";\n";
}

}  // namespace statemachine::detail
