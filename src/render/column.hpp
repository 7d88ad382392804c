// One column of a table of the library or the user.
#pragma once

#include "sql_writer.hpp"

namespace statemachine::detail {

// What fails undoes its whole transaction, in the library. Failing at once spares SQLite a copy of
// each page that a statement changes, by which it could undo that statement alone.
inline void write_not_null(sql_writer& out) { out << " NOT NULL" << out.speech().fails_at_once; }

// A column that the library alone writes: without a CHECK, which cannot fail at once.
inline void write_column(sql_writer& out, std::string_view name, column_type type, bool optional) {
    out << ",\n  ";
    out.name(name) << " " << out.speech().type_name(type);
    if (!optional) write_not_null(out);
}

// A column that others write, too, which takes what its member can take.
inline void write_ranged_column(sql_writer& out, std::string_view name, column_type type,
                                bool optional) {
    write_column(out, name, type, optional);
    if (!out.speech().checks_types) return;
    if (type == column_type::boolean) {
        out << " CONSTRAINT ";
        out.name(name, "_in_range") << " CHECK (";
        out.name(name) << " IN (0, 1))";
    }
    if (type == column_type::int32) {
        out << " CONSTRAINT ";
        out.name(name, "_in_range") << " CHECK (";
        out.name(name) << " BETWEEN -2147483648 AND 2147483647)";
    }
}

}  // namespace statemachine::detail
