// One column of a table of the library or the user.
#pragma once

#include "sql_writer.hpp"

namespace statemachine::detail {

// What fails undoes its whole transaction, in the library. Failing at once spares SQLite a copy of
// each page that a statement changes, by which it could undo that statement alone.
inline void write_not_null(sql_writer& out) { out << " NOT NULL" << out.speech().fails_at_once; }

inline void write_column(sql_writer& out, std::string_view name, column_type type, bool optional) {
    out << ",\n  ";
    out.name(name) << " " << out.speech().type_name(type);
    if (!optional) write_not_null(out);
}

// A number whose column takes more than its member can, such as `0 AND 1`.
struct limited {
    std::string column;
    std::string limits;

    bool operator==(const limited&) const = default;
};

inline std::string_view limits_of(const dialect& speech, column_type type) {
    if (!speech.checks_types) return {};
    if (type == column_type::boolean) return "0 AND 1";
    if (type == column_type::int32) return "-2147483648 AND 2147483647";
    return {};
}

}  // namespace statemachine::detail
