// The settings that the guarantees rest on.
#pragma once

#include "connection.hpp"

#include <statemachine/sqlite.hpp>

namespace statemachine::sqlite {

/// Sets them on an owned connection, and reads each back.
/// @return `misconfigured` for one that does not hold
result<void> settle(connection& on, const options& how, bool in_memory);

}  // namespace statemachine::sqlite
