// SQLite's result codes in the library's words.
#pragma once

#include <statemachine/error.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

struct sqlite3;

namespace statemachine::sqlite {

/// What SQLite was doing when it failed.
enum class stage : unsigned char {
    preparing,   ///< only the statement's text was read, no value
    running,     ///< values were bound
    committing,  ///< the end of an own transaction
};

/// @param code  an extended result code
/// @param text  SQLite's message; quoted only where it cannot hold a bound value
error translate(int code, std::string_view text, stage when);

/// The error that a call on this handle has just returned.
error latest_failure(sqlite3* handle, stage when);

/// Joins the parts of a message.
std::string sentence(std::initializer_list<std::string_view> parts);

}  // namespace statemachine::sqlite
