// Handles of the databases' own libraries, which a test uses as a program beside the library would.
#pragma once

#include "backend.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <stdexcept>
#include <string>

namespace conformance {

/// Runs a statement and says whether the database took it.
inline bool run_on(sqlite3* handle, const std::string& sql) {
    return sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}
inline bool run_on(PGconn* handle, const std::string& sql) {
    PGresult* const reply = PQexec(handle, sql.c_str());
    const bool taken =
        PQresultStatus(reply) == PGRES_COMMAND_OK || PQresultStatus(reply) == PGRES_TUPLES_OK;
    PQclear(reply);
    return taken;
}

/// A connection of the test's own, as a borrowed one is.
template <class Backend>
class native;

template <>
class native<sqlite_backend> {
public:
    explicit native(const sqlite_backend& place) {
        if (sqlite3_open(place.where().c_str(), &handle_) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(handle_));
        sqlite3_busy_timeout(handle_, 10'000);
    }
    ~native() { sqlite3_close(handle_); }
    native(const native&) = delete;
    native& operator=(const native&) = delete;

    sqlite3* handle() const { return handle_; }
    statemachine::sqlite::database borrow() const {
        return statemachine::sqlite::borrow(handle_).value();
    }

    /// All settings of the connection, as one text.
    std::string settings() const {
        std::string all;
        for (const char* each : {"synchronous", "foreign_keys", "busy_timeout", "journal_mode",
                                 "trusted_schema", "recursive_triggers", "cache_size"}) {
            sqlite3_stmt* asked = nullptr;
            const std::string sql = std::string("PRAGMA ") + each;
            sqlite3_prepare_v2(handle_, sql.c_str(), -1, &asked, nullptr);
            if (sqlite3_step(asked) == SQLITE_ROW)
                all.append(sql).append("=").append(
                    reinterpret_cast<const char*>(sqlite3_column_text(asked, 0)));
            sqlite3_finalize(asked);
        }
        return all + (sqlite3_next_stmt(handle_, nullptr) == nullptr ? "" : " a statement is left");
    }
    bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

private:
    sqlite3* handle_ = nullptr;
};

template <>
class native<postgres_backend> {
public:
    explicit native(const postgres_backend& place)
        : handle_(PQconnectdb(place.conninfo().c_str())) {
        if (PQstatus(handle_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(handle_));
        PQsetNoticeReceiver(
            handle_, [](void*, const PGresult*) {}, nullptr);
    }
    ~native() { PQfinish(handle_); }
    native(const native&) = delete;
    native& operator=(const native&) = delete;

    PGconn* handle() const { return handle_; }
    statemachine::postgres::database borrow() const {
        return statemachine::postgres::borrow(handle_).value();
    }

    std::string settings() const {
        PGresult* const reply =
            PQexec(handle_,
                   "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name), "
                   "(SELECT count(*) FROM pg_prepared_statements) FROM pg_settings "
                   "WHERE name <> 'transaction_isolation' AND name NOT LIKE 'transaction%'");
        std::string all = PQgetvalue(reply, 0, 0);
        all.append(" statements ").append(PQgetvalue(reply, 0, 1));
        PQclear(reply);
        return all + (PQisnonblocking(handle_) != 0 ? " does not block" : "");
    }
    bool in_transaction() const { return PQtransactionStatus(handle_) != PQTRANS_IDLE; }

private:
    PGconn* handle_;
};

}  // namespace conformance
