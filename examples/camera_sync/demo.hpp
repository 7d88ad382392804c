// The whole story in half a minute: pipelined against in turn, then a kill and a restart.
#pragma once

#include "database.hpp"

namespace camera_sync {

/// Leaves its database and recordings in the directory `camera_sync_demo`.
/// @param conninfo  of an empty PostgreSQL database; empty: SQLite
/// @return the exit status: 0 when all came out as it should
int show(const std::string& conninfo);

}  // namespace camera_sync
