// A fresh database of each kind for what a document shows, and statements on handles as its reader
// would run them.
#pragma once

#include "transcode.hpp"

#include <field/work.hpp>
#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

struct sqlite3;

namespace documents {

/// Runs statements; an error of the database is the result's.
sm::result<void> run(sqlite3* handle, const std::string& sql);
sm::result<void> run(PGconn* handle, const std::string& sql);

/// The first value of the first row.
std::string ask(sqlite3* handle, const std::string& sql);
std::string ask(PGconn* handle, const std::string& sql);

sm::result<sm::sqlite::database> borrow(sqlite3* handle);
sm::result<sm::postgres::database> borrow(PGconn* handle);

/// A file that goes with the test.
class on_sqlite {
public:
    static constexpr const char* name = "sqlite";
    using database = sm::sqlite::database;

    on_sqlite();
    ~on_sqlite();
    on_sqlite(const on_sqlite&) = delete;
    on_sqlite& operator=(const on_sqlite&) = delete;

    database open() const;
    sqlite3* handle() const { return handle_; }

private:
    std::string directory_;
    sqlite3* handle_ = nullptr;
};

/// A database that goes with the test, on the server of all tests.
class on_postgres {
public:
    static constexpr const char* name = "postgres";
    using database = sm::postgres::database;

    database open() const { return place_.open(); }
    PGconn* handle() const { return raw_.get(); }

private:
    field::place place_;
    field::raw raw_{place_.conninfo()};
};

struct names {
    template <class Place>
    static std::string GetName(int) {
        return Place::name;
    }
};
using both = testing::Types<on_sqlite, on_postgres>;

/// The machine's tables on one of them.
template <class Place>
class on_transcode : public testing::Test {
public:
    on_transcode() { store.migrate().value(); }

    std::int64_t submit(const char* video) { return store.submit({.video = video}).value()->id; }
    auto claim() { return *store.claim(transcode::claim, {.owner = "worker"}).value(); }

    Place place;
    typename Place::database database = place.open();
    sm::store<transcode::machine> store{database};
};

}  // namespace documents
