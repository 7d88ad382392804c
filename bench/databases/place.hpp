// Throw-away places on a database, each with the same settings: one for the library, one for what
// it is compared with.
#pragma once

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <libpq-fe.h>
#include <sqlite3.h>

#include <memory>
#include <string>

namespace bench {

/// `relaxed` takes fsync out of the way: what is left is the work itself.
enum class durability : unsigned char { full, relaxed };

struct close_sqlite {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
};
struct close_postgres {
    void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
};

/// A file in a directory of its own.
class sqlite_place {
public:
    using database = statemachine::sqlite::database;
    using handle = std::unique_ptr<sqlite3, close_sqlite>;
    static constexpr const char* name = "sqlite";

    explicit sqlite_place(durability sync);
    ~sqlite_place();
    sqlite_place(const sqlite_place&) = delete;
    sqlite_place& operator=(const sqlite_place&) = delete;

    /// A database of the library. Several threads share it; each process opens its own.
    database open(int connections = 1) const;
    /// A handle as one would open it by hand, with the same settings.
    handle connect() const;

    void execute(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const;
    std::string text(const std::string& sql) const;
    /// Names of a table's columns but `id`, with commas between them.
    std::string columns(const std::string& table) const;

    /// Moves all leases of a table into the past.
    void end_leases(const std::string& table) const;

    /// Nothing to do: claims begin at the beginning here.
    void follow(const sqlite_place&) const {}

    /// The size of the file's log: what was written since it was last carried over.
    std::uintmax_t wal_bytes() const;

private:
    std::string file_;
    durability sync_;
};

/// A schema of its own on the server that STATEMACHINE_TEST_CONNINFO names.
class postgres_place {
public:
    using database = statemachine::postgres::database;
    using handle = std::unique_ptr<PGconn, close_postgres>;
    static constexpr const char* name = "postgres";

    explicit postgres_place(durability sync);
    ~postgres_place();
    postgres_place(const postgres_place&) = delete;
    postgres_place& operator=(const postgres_place&) = delete;

    database open(int connections = 8) const;
    handle connect() const;
    std::string conninfo() const;

    void execute(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const;
    std::string text(const std::string& sql) const;
    /// Names of a table's columns but `id`, with commas between them.
    std::string columns(const std::string& table) const;
    void end_leases(const std::string& table) const;

    /// Makes waiting jobs due when those of another place are: recorded claims may begin behind
    /// where these stand (statemachine/detail/fronts.hpp).
    void follow(const postgres_place& other) const;

private:
    std::string schema_;
    durability sync_;
};

/// Runs statements on a handle.
void send(const sqlite_place::handle& on, const std::string& sql);
void send(const postgres_place::handle& on, const std::string& sql);

}  // namespace bench
