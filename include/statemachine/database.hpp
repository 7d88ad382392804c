// What stores, sweepers and relays run on.
#pragma once

#include <statemachine/dialect.hpp>
#include <statemachine/session.hpp>

#include <concepts>

namespace statemachine {

/// Something that a store can run on: `sqlite::database`, `postgres::database`.
template <class Database>
concept database_like = requires(Database& database) {
    { Database::dialect } -> std::convertible_to<const dialect&>;
    { database.connection() } -> std::convertible_to<session&>;
};

}  // namespace statemachine
