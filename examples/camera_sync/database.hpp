// Where the clips' states are kept: an SQLite file, or a PostgreSQL database.
#pragma once

#include "machine.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>
#include <statemachine/store.hpp>

#include <filesystem>
#include <variant>

namespace camera_sync {

struct place {
    std::filesystem::path file = "camera_sync.db";
    std::string conninfo{};          ///< of PostgreSQL; empty: the file
    bool on_network_volume = false;  ///< take a file on a network volume

    /// Holds no database: this volume is large, slow and often on another machine.
    std::filesystem::path recordings = "recordings";
};

/// One connection, kept.
class database {
public:
    /// Throws what is wrong with the place.
    explicit database(const place& at);

    sm::store<machine> jobs();

private:
    std::variant<sm::sqlite::database, sm::postgres::database> opened_;
};

/// Moves a database of SQLite off a volume, also while a process works on it.
void move_database(const std::filesystem::path& from, const place& to);

}  // namespace camera_sync
