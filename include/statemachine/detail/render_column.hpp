// One column of a table of the library or the user.
#pragma once

#include <statemachine/detail/sql_writer.hpp>

namespace statemachine::detail {

constexpr void write_column(sql_writer& out, std::string_view name, column_type type,
                            bool optional) {
    const dialect& speech = out.speech();
    out << ",\n  ";
    out.name(name) << " " << speech.type_name(type);
    if (!optional) out << " NOT NULL";
    if (!speech.checks_types) return;
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
