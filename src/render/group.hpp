// What groups send: joining, leaving, and getting what was emitted without them.
#pragma once

#include "outbox.hpp"

namespace statemachine::detail {

// Two groups that join at once compute one generation: the second waits for the first, is refused
// by its uniqueness, and joins again, so that generations are visible in their order.
inline void write_join(sql_writer& out, const spec& declared) {
    out << "INSERT INTO ";
    out.name(declared.table, "_groups") << " (\"name\", \"generation\", \"starts_at\", "
                                           "\"active\")\nSELECT ";
    out.put(slot::consumer, column_type::text)
        << ", coalesce(max(\"generation\"), 0) + 1, coalesce(";
    out.put(slot::run_at, column_type::time) << ", ";
    out.write_now() << "), TRUE FROM ";
    out.name(declared.table, "_groups")
        << " WHERE TRUE\nON CONFLICT (\"name\") DO NOTHING\nRETURNING \"name\"";
}

// A group that was given up comes back as a new one.
inline void write_rejoin(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_groups")
        << " SET \"active\" = TRUE, \"generation\" = (SELECT max(\"generation\") + 1 FROM ";
    out.name(declared.table, "_groups") << "), \"starts_at\" = coalesce(";
    out.put(slot::run_at, column_type::time) << ", ";
    out.write_now() << ")\nWHERE \"name\" = ";
    out.put(slot::consumer, column_type::text) << " AND NOT \"active\"\nRETURNING \"name\"";
}

inline void write_leave(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_groups") << " SET \"active\" = FALSE\nWHERE \"name\" = ";
    out.put(slot::consumer, column_type::text) << " AND \"active\"\nRETURNING \"name\"";
}

// What is left of a group that was given up; changes in flight may leave more behind.
inline void write_clear(sql_writer& out, const spec& declared) {
    out << "DELETE FROM ";
    out.name(declared.table, "_deliveries") << " WHERE \"consumer\" = ";
    out.put(slot::consumer, column_type::text) << " AND NOT EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_groups") << " WHERE \"name\" = ";
    out.put(slot::consumer, column_type::text) << " AND \"active\")";
}

// ---- what was emitted without a group

// The next generation that events have, behind one.
inline void write_next_generation(sql_writer& out, const spec& declared) {
    out << "SELECT min(\"generation\") FROM ";
    write_outbox_pinned(out, declared);
    out << " WHERE \"generation\" > ";
    out.put(slot::generation, column_type::int64);
}

// The first n events of one generation that later groups want. A range of the index, so that no
// plan can make more of it.
inline void write_unserved(sql_writer& out, const spec& declared) {
    const auto wanted = [&] {
        out << "\"generation\" = ";
        out.put(slot::generation, column_type::int64)
            << "\n  AND \"at\" > (SELECT min(\"starts_at\") FROM ";
        out.name(declared.table, "_groups") << " WHERE \"active\" AND \"generation\" > ";
        out.put(slot::generation, column_type::int64) << ")";
    };
    wanted();
    out << "\n  AND \"at\" <= (SELECT max(\"at\") FROM (SELECT \"at\" FROM ";
    write_outbox_pinned(out, declared);
    out << " WHERE ";
    wanted();
    out << "\nORDER BY \"at\" LIMIT ";
    out.put(slot::limit, column_type::int64) << ") AS \"first\")";
}

// `events` is where events of one generation come from. A change that was in flight while a group
// left and came back may have given it the event already.
template <class Events>
void write_hand_to_later_groups(sql_writer& out, const spec& declared, Events events) {
    write_delivery_target(out, declared);
    events();
    out << " CROSS JOIN (SELECT \"name\", \"starts_at\" FROM ";
    out.name(declared.table, "_groups") << " WHERE \"active\" AND \"generation\" > ";
    out.put(slot::generation, column_type::int64)
        << ") AS \"later\"\nWHERE \"at\" > \"starts_at\""
        << "\nON CONFLICT (\"job\", \"version\", \"part\", \"consumer\") DO NOTHING";
}

inline void write_raise_update(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    write_outbox_pinned(out, declared);
    out << " SET \"generation\" = (SELECT max(\"generation\") FROM ";
    out.name(declared.table, "_groups") << ")\nWHERE ";
    write_unserved(out, declared);
    out << "\nRETURNING \"job\"";
}

// Serves later groups and notes it in the events, at once: both or neither.
inline void write_raise(sql_writer& out, const spec& declared) {
    if (!out.speech().one_statement) {
        write_raise_update(out, declared);
        return;
    }
    out << "WITH \"raised\" AS (\n";
    write_raise_update(out, declared);
    out << ", \"version\", \"part\", \"topic\", \"at\"\n), \"handed\" AS (\n";
    write_hand_to_later_groups(out, declared, [&] { out << "\"raised\""; });
    out << "\n)\nSELECT \"job\" FROM \"raised\"";
}

// Goes before the raise where that is a statement of its own.
inline void write_serve(sql_writer& out, const spec& declared) {
    write_hand_to_later_groups(out, declared, [&] {
        out << "(SELECT \"job\", \"version\", \"part\", \"topic\", \"at\" FROM ";
        write_outbox_pinned(out, declared);
        out << " WHERE ";
        write_unserved(out, declared);
        out << ") AS \"raised\"";
    });
}

}  // namespace statemachine::detail
