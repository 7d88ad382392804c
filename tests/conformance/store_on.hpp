// The body of `store_on`, for the sources that instantiate it.
#pragma once

#include "machines.hpp"

namespace conformance {

template <const auto& Machine, class Database>
sm::store<Machine> store_on(Database& database, const sm::store_options& limits) {
    return sm::store<Machine>{database, limits};
}

using on_sqlite = sqlite_backend::database;
using on_postgres = postgres_backend::database;

}  // namespace conformance
