// One column of a table of the library or the user.
#pragma once

#include "sql_writer.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace statemachine::detail {

// What fails undoes its whole transaction, in the library. Failing at once spares SQLite a copy of
// each page that a statement changes, by which it could undo that statement alone.
inline void write_not_null(sql_writer& out) { out << " NOT NULL" << out.speech().fails_at_once; }

inline void write_column(sql_writer& out, std::string_view name, column_type type, bool optional) {
    out << ",\n  ";
    out.name(name) << " " << out.speech().type_name(type);
    if (!optional) write_not_null(out);
}

// A column of a table that is made.
struct table_column {
    std::string_view name;
    column_type type;
    bool optional = false;
};

inline int width_of(column_type type) {
    if (is_view(type)) return 0;
    if (type == column_type::boolean) return 1;
    return type == column_type::int32 ? 4 : 8;
}

// The columns behind the first one. Where they are aligned, the widest stand first, those that may
// be missing behind those that are always there, and texts last.
inline void write_table_columns(sql_writer& out, std::vector<table_column> columns) {
    if (out.speech().schema.aligns_columns)
        std::ranges::stable_sort(columns, {}, [](const table_column& each) {
            return std::tuple(is_view(each.type), each.optional, -width_of(each.type));
        });
    for (const table_column& each : columns) write_column(out, each.name, each.type, each.optional);
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
