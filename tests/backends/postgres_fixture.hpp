// Short ways to run statements, sessions of the test's own, and waits on conditions.
#pragma once

#include <statemachine/postgres.hpp>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace postgres_test {

namespace sm = statemachine;
using sm::access;
using sm::column_type;
using sm::ending;
using sm::errc;
using sm::fate;
using sm::statement;
using sm::value;
using sm::verdict;
using namespace std::chrono_literals;

/// The server of the whole run.
inline std::string conninfo() {
    const char* const given = std::getenv("STATEMACHINE_TEST_CONNINFO");
    if (!given)
        throw std::runtime_error(
            "STATEMACHINE_TEST_CONNINFO is not set: scripts/postgres-server run --fast -- ctest");
    return given;
}

/// A connection that the library knows nothing of.
class raw {
public:
    explicit raw(const std::string& where = conninfo()) : handle_(PQconnectdb(where.c_str())) {
        if (PQstatus(handle_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(handle_));
        PQsetNoticeReceiver(
            handle_, [](void*, const PGresult*) {}, nullptr);
    }
    ~raw() { PQfinish(handle_); }
    raw(const raw&) = delete;
    raw& operator=(const raw&) = delete;

    PGconn* get() const { return handle_; }

    /// Runs commands that must succeed.
    void run(const std::string& sql) const {
        PGresult* const reply = PQexec(handle_, sql.c_str());
        const std::string complaint = PQresultErrorMessage(reply);
        PQclear(reply);
        if (!complaint.empty()) throw std::runtime_error(complaint);
    }

    /// The first column of the first row.
    std::string ask(const std::string& sql) const {
        PGresult* const reply = PQexec(handle_, sql.c_str());
        const std::string answer = PQntuples(reply) > 0 ? PQgetvalue(reply, 0, 0) : "no answer";
        PQclear(reply);
        return answer;
    }

private:
    PGconn* handle_;
};

/// A fresh table with the columns given.
struct table {
    table(std::string with_name, const std::string& columns, const std::string& where = conninfo())
        : by(where), name(std::move(with_name)) {
        // Tests that use the same name may run at the same time in several processes.
        by.run("SELECT pg_advisory_lock(hashtext('" + name + "'))");
        by.run("DROP TABLE IF EXISTS " + name);
        by.run("CREATE TABLE " + name + " (" + columns + ")");
    }
    ~table() { by.ask("DROP TABLE " + name); }
    table(const table&) = delete;
    table& operator=(const table&) = delete;

    std::string rows() const { return by.ask("SELECT count(*) FROM " + name); }

    raw by;
    std::string name;
};

inline constexpr column_type one_int[] = {column_type::int64};

inline statement plain(std::string_view text) {
    return {.text = text, .results = {}, .prepared = false};
}

/// Waits until it holds, for a minute at the most.
template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Whether a session in whose statement `text` stands waits for a lock.
inline bool waits_for_lock(const raw& watcher, const std::string& text) {
    return watcher.ask(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
               "pid <> pg_backend_pid() AND query LIKE '%" +
               text + "%'") != "0";
}

inline void terminate(const raw& by, const std::string& text) {
    by.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND query LIKE '%" +
        text + "%'");
}

inline sm::postgres::database opened(sm::postgres::options how = {},
                                     const std::string& where = conninfo()) {
    return sm::postgres::connect(where, how).value();
}

inline auto no_rows = [](std::span<const value>) {};

/// One statement in a call of its own.
inline sm::result<ending> run(sm::postgres::database& db, const statement& what,
                              std::span<const value> parameters = {}, sm::row_sink on_row = no_rows,
                              access need = access::single) {
    return db.connection().transact(need, [&](sm::executor& inside) -> sm::result<verdict> {
        const auto done = inside.execute(what, parameters, on_row);
        if (!done) return done.error();
        return verdict::commit;
    });
}

inline sm::result<ending> run(sm::postgres::database& db, std::string_view script,
                              access need = access::single) {
    return run(db, plain(script), {}, no_rows, need);
}

/// The first column of the last row, as text; or the name of the error's code.
inline std::string ask(sm::postgres::database& db, const statement& what,
                       std::span<const value> parameters = {}, access need = access::read) {
    std::string answer = "no answer";
    const auto done = run(
        db, what, parameters,
        [&](std::span<const value> row) {
            answer = row[0].is_null()                     ? "null"
                     : is_view(row[0].type())             ? std::string(row[0].text())
                     : row[0].type() == column_type::real ? std::to_string(row[0].real())
                                                          : std::to_string(row[0].integer());
        },
        need);
    return done ? answer : std::string(to_string(done.error().code()));
}

inline std::string ask(sm::postgres::database& db, std::string_view sql,
                       column_type type = column_type::text) {
    return ask(db, statement{.text = sql, .results = {&type, 1}, .prepared = false});
}

/// The name of the code, or that of the ending.
template <class Result>
std::string outcome(const Result& done) {
    if (!done) return std::string(to_string(done.error().code()));
    if constexpr (std::is_same_v<Result, sm::result<ending>>) {
        constexpr const char* names[] = {"committed", "provisional", "rolled_back",
                                         "committed_locally"};
        return names[static_cast<int>(done.value())];
    }
    return "success";
}

}  // namespace postgres_test
