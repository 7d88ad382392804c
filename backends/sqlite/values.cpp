#include "values.hpp"

#include "errors.hpp"

#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace statemachine::sqlite {
namespace {

// A null pointer would bind NULL, and an empty view may hold one.
const char* never_null(std::string_view text) { return text.empty() ? "" : text.data(); }

bool fits(column_type type, std::int64_t content) {
    if (type == column_type::boolean) return content == 0 || content == 1;
    if (type == column_type::int32)
        return content >= std::numeric_limits<std::int32_t>::min() &&
               content <= std::numeric_limits<std::int32_t>::max();
    return true;
}

bool read_number(sqlite3_stmt* statement, int column, int stored, column_type type, value& into) {
    if (type == column_type::real) {
        // An expression of integers, such as a sum, may stand where a real is declared.
        if (stored != SQLITE_FLOAT && stored != SQLITE_INTEGER) return false;
        into = value::real(sqlite3_column_double(statement, column));
        return true;
    }
    if (stored != SQLITE_INTEGER) return false;
    const std::int64_t content = sqlite3_column_int64(statement, column);
    into = value::integer(type, content);
    return fits(type, content);
}

}  // namespace

int bind(sqlite3_stmt* statement, std::size_t position, const value& what) noexcept {
    const int number = static_cast<int>(position) + 1;
    if (what.is_null()) return sqlite3_bind_null(statement, number);
    switch (what.type()) {
        case column_type::real:
            if (std::isnan(what.real())) return not_a_number;
            return sqlite3_bind_double(statement, number, what.real());
        case column_type::bytes:
            return sqlite3_bind_blob64(statement, number, never_null(what.text()),
                                       what.text().size(), SQLITE_STATIC);
        case column_type::text:
        case column_type::json:
            return sqlite3_bind_text64(statement, number, never_null(what.text()),
                                       what.text().size(), SQLITE_STATIC, SQLITE_UTF8);
        default: return sqlite3_bind_int64(statement, number, what.integer());
    }
}

bool read(sqlite3_stmt* statement, std::size_t column, column_type type, value& into) noexcept {
    const int number = static_cast<int>(column);
    const int stored = sqlite3_column_type(statement, number);
    if (stored == SQLITE_NULL) {
        into = value::null(type);
        return true;
    }
    if (!is_view(type)) return read_number(statement, number, stored, type, into);
    if (stored != (type == column_type::bytes ? SQLITE_BLOB : SQLITE_TEXT)) return false;

    const void* const content =
        stored == SQLITE_BLOB ? sqlite3_column_blob(statement, number)
                              : static_cast<const void*>(sqlite3_column_text(statement, number));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, number));
    into = value::view(type, content == nullptr
                                 ? std::string_view{}
                                 : std::string_view(static_cast<const char*>(content), size));
    return content != nullptr || size == 0;
}

error nan_refused(std::size_t position) {
    return {errc::invalid_value, sentence({"parameter ", std::to_string(position + 1),
                                           " is not a number; give a number or nothing"})};
}

error misfit(sqlite3_stmt* statement, std::size_t column) {
    const char* const name = sqlite3_column_name(statement, static_cast<int>(column));
    return {
        errc::undeclared_value,
        sentence(
            {"column '", name != nullptr ? name : "",
             "' holds a value that is not of its declared type; mend the row or the declaration"})};
}

}  // namespace statemachine::sqlite
