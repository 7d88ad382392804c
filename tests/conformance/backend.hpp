// A fresh place on a database for one test, and the stores that run there. A backend of your own
// joins the suite with a class like the two below and a line in `backends`.
#pragma once

#include "mutants.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

struct pg_conn;

namespace conformance {

/// A transaction of the library, or a mutant of it.
template <class Native>
class suite_transaction {
public:
    static constexpr const statemachine::dialect& dialect = Native::dialect;

    explicit suite_transaction(Native& native)
        : native_(native), mutant_(mutate(native.connection())) {}

    statemachine::session& connection() noexcept {
        return mutant_ ? *mutant_ : native_.connection();
    }
    auto handle() const noexcept { return native_.handle(); }

private:
    Native& native_;
    std::unique_ptr<statemachine::session> mutant_;
};

/// A database of the library, or a mutant of it: where STATEMACHINE_MUTANT names one, statements
/// are changed on their way, and the suite has to notice.
template <class Native>
class suite_database {
public:
    static constexpr const statemachine::dialect& dialect = Native::dialect;

    explicit suite_database(Native native)
        : native_(std::move(native)), mutant_(mutate(native_.connection())) {}

    statemachine::session& connection() noexcept {
        return mutant_ ? *mutant_ : native_.connection();
    }

    template <class Body>
    statemachine::result<statemachine::ending> transaction(Body&& body) {
        return native_.transaction([&](auto& inside) {
            suite_transaction weakened(inside);
            return body(weakened);
        });
    }

private:
    Native native_;
    std::unique_ptr<statemachine::session> mutant_;
};

/// The rows of a query as text; an empty value reads "null".
using rows = std::vector<std::vector<std::string>>;

/// A file in a directory of its own, without durability.
class sqlite_backend {
public:
    using database = suite_database<statemachine::sqlite::database>;

    /// Makes a fresh place, removed at the end.
    sqlite_backend();
    /// Joins a place from another process or thread; leaves it standing.
    explicit sqlite_backend(std::string where);
    ~sqlite_backend();
    sqlite_backend(const sqlite_backend&) = delete;
    sqlite_backend& operator=(const sqlite_backend&) = delete;

    std::string where() const { return where_; }

    /// A database of the library at this place; throws what went wrong.
    database open() const;

    /// Statements on a connection of their own, which the library knows nothing of.
    void execute(const std::string& sql) const;
    rows query(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const;
    std::string text(const std::string& sql) const;

    /// Runs statements that a CHECK would refuse, as another version of the program could.
    void execute_unchecked(const std::string& table, const std::string& sql) const;

    /// Shifts the row's times into the past, as if that much time had gone by.
    void pass_time(const std::string& table, std::int64_t id, std::chrono::milliseconds by) const;

private:
    std::string where_;
    bool owner_;
};

/// A schema of its own on the server that STATEMACHINE_TEST_CONNINFO names.
class postgres_backend {
public:
    using database = suite_database<statemachine::postgres::database>;

    postgres_backend();
    explicit postgres_backend(std::string where);
    ~postgres_backend();
    postgres_backend(const postgres_backend&) = delete;
    postgres_backend& operator=(const postgres_backend&) = delete;

    std::string where() const { return where_; }
    database open() const;
    void execute(const std::string& sql) const;
    rows query(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const;
    std::string text(const std::string& sql) const;
    void execute_unchecked(const std::string& table, const std::string& sql) const;
    void pass_time(const std::string& table, std::int64_t id, std::chrono::milliseconds by) const;

    /// How to reach the place with another program.
    std::string conninfo() const;

private:
    rows ask(const std::string& sql) const;

    std::string where_;
    bool owner_;
    mutable std::mutex mutex_;
    mutable pg_conn* connection_ = nullptr;  // kept: each costs the server a process
    mutable int connected_by_ = 0;           // a child leaves its parent's connection alone
};

using backends = ::testing::Types<sqlite_backend, postgres_backend>;

/// Names the typed tests after their database.
struct backend_names {
    template <class Backend>
    static std::string GetName(int) {
        return std::string(Backend::database::dialect.name);
    }
};

}  // namespace conformance
