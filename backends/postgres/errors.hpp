// From SQLSTATEs and libpq's complaints to a code and a sentence that says what to do.
#pragma once

#include <statemachine/error.hpp>

#include <libpq-fe.h>

#include <string_view>

namespace statemachine::postgres {

/// What hangs on the reply to a statement.
enum class stake : unsigned char {
    nothing,  ///< it commits nothing: without a reply it did not happen, and may be sent again
    change,   ///< it may commit: without a reply nobody knows
};

/// What a SQLSTATE means for a caller.
struct meaning {
    std::string_view
        state;  ///< five characters, or two for the rest of a class; empty for all else
    errc code;
    std::string_view sentence;
};

/// The entry of the table for a SQLSTATE: the code itself first, then its class, then the rest.
const meaning& meaning_of(std::string_view sqlstate) noexcept;

/// What the server's refusal of a statement means.
/// @note The server's text may hold values, so only the names in texts of class 42, and the name of
///       a violated constraint, are passed on.
/// @param is_connected  whether the server has gone on afterwards
error refused(const PGresult& reply, stake at_stake, bool is_connected);

/// The connection died with the reply outstanding.
error lost(stake at_stake, std::string_view sqlstate = {});

/// The deadline passed with the reply outstanding.
error late(stake at_stake);

/// Why a connection could not be made. libpq's texts show host and user, so they are only
/// classified; wants PQERRORS_SQLSTATE, which writes the SQLSTATE into them.
error not_connected(std::string_view complaint, bool lacks_password);

/// The deadline passed before a connection was made.
error not_connected_in_time();

}  // namespace statemachine::postgres
