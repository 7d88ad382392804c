// Values on their way into and out of a compiled statement.
#pragma once

#include <statemachine/error.hpp>
#include <statemachine/value.hpp>

#include <cstddef>

struct sqlite3_stmt;

namespace statemachine::sqlite {

/// What `bind` returns for NaN, which SQLite itself would turn into NULL.
inline constexpr int not_a_number = -1;

/// Binds the parameter at a position counted from 0. Text and bytes are not copied.
/// @return a result code of SQLite, or `not_a_number`
int bind(sqlite3_stmt* statement, std::size_t position, const value& what) noexcept;

/// Reads a column, counted from 0, into `into`, as a view for text and bytes.
/// @return false when what is stored is not of this type
bool read(sqlite3_stmt* statement, std::size_t column, column_type type, value& into) noexcept;

error nan_refused(std::size_t position);
error misfit(sqlite3_stmt* statement, std::size_t column);

}  // namespace statemachine::sqlite
