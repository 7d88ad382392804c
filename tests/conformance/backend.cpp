#include "backend.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace conformance {
namespace {

[[noreturn]] void give_up(const std::string& what, const char* words) {
    throw std::runtime_error(what + ": " + words);
}

// ---- SQLite

int add_row(void* all, int columns, char** values, char**) {
    auto& row = static_cast<rows*>(all)->emplace_back();
    for (int i = 0; i < columns; ++i) row.emplace_back(values[i] != nullptr ? values[i] : "null");
    return 0;
}

// A handle for one script: kept open it would be inherited by forked tests, which SQLite forbids.
rows run_in_file(const std::string& file, const std::string& sql) {
    sqlite3* handle = nullptr;
    rows found;
    int code =
        sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(handle, 10'000);
        sqlite3_exec(handle, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);
        code = sqlite3_exec(handle, sql.c_str(), add_row, &found, nullptr);
    }
    const std::string words = sqlite3_errmsg(handle);
    sqlite3_close(handle);
    if (code != SQLITE_OK) give_up(sql, words.c_str());
    return found;
}

std::string fresh_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "conformance-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) give_up(name, "no directory could be made");
    return name;
}

std::int64_t only_number(const rows& found, const std::string& sql) {
    if (found.size() != 1 || found[0].size() != 1) give_up(sql, "does not bring one value");
    return std::stoll(found[0][0]);
}

std::string only_text(const rows& found, const std::string& sql) {
    if (found.size() != 1 || found[0].size() != 1) give_up(sql, "does not bring one value");
    return found[0][0];
}

}  // namespace

sqlite_backend::sqlite_backend() : where_(fresh_directory() + "/jobs.db"), owner_(true) {}
sqlite_backend::sqlite_backend(std::string where) : where_(std::move(where)), owner_(false) {}
sqlite_backend::~sqlite_backend() {
    std::error_code ignored;
    if (owner_) std::filesystem::remove_all(std::filesystem::path(where_).parent_path(), ignored);
}

sqlite_backend::database sqlite_backend::open() const {
    statemachine::sqlite::options how;
    how.sync = statemachine::sqlite::durability::off;
    return database(statemachine::sqlite::open(where_, how).value());
}

void sqlite_backend::execute(const std::string& sql) const { run_in_file(where_, sql); }
rows sqlite_backend::query(const std::string& sql) const { return run_in_file(where_, sql); }
std::int64_t sqlite_backend::number(const std::string& sql) const {
    return only_number(query(sql), sql);
}
std::string sqlite_backend::text(const std::string& sql) const {
    return only_text(query(sql), sql);
}

void sqlite_backend::execute_unchecked(const std::string& table, const std::string& sql) const {
    execute("DROP TRIGGER IF EXISTS " + table + "_state_insert; DROP TRIGGER IF EXISTS " + table +
            "_state_update; " + sql);
}

void sqlite_backend::pass_time(const std::string& table, std::int64_t id,
                               std::chrono::milliseconds by) const {
    const std::string shift = " - " + std::to_string(by.count());
    execute("UPDATE " + table + " SET run_at = run_at" + shift + ", lease_until = lease_until" +
            shift + " WHERE id = " + std::to_string(id));
}

// ---- PostgreSQL

namespace {

std::string server() {
    const char* const named = std::getenv("STATEMACHINE_TEST_CONNINFO");
    if (named == nullptr || *named == '\0')
        give_up("STATEMACHINE_TEST_CONNINFO is not set",
                "run the suite by scripts/postgres-server run --fast -- COMMAND");
    return named;
}

// Of a pooler in transaction mode, where the library is to reach the server through one; or empty.
std::string pooler() {
    const char* const named = std::getenv("STATEMACHINE_TEST_POOLER");
    return named == nullptr ? "" : named;
}

void run_on_server(const std::string& sql) {
    PGconn* const by = PQconnectdb(server().c_str());
    PGresult* const reply = PQexec(by, sql.c_str());
    const std::string words = PQresultErrorMessage(reply);
    PQclear(reply);
    PQfinish(by);
    if (!words.empty()) give_up(sql, words.c_str());
}

std::string quoted(const std::string& content) {
    std::string text{"'"};
    for (const char c : content) {
        if (c == '\'' || c == '\\') text.push_back('\\');
        text.push_back(c);
    }
    return text + "'";
}

std::string fresh_schema() {
    static std::atomic<int> count{0};
    return "conformance_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

}  // namespace

// Behind a pooler a session's search_path does not last: the place is a database there.
postgres_backend::postgres_backend() : where_(fresh_schema()), owner_(true) {
    if (!pooler().empty()) {
        run_on_server("DROP DATABASE IF EXISTS " + where_ + " WITH (FORCE)");
        run_on_server("CREATE DATABASE " + where_);
        return;
    }
    ask("DROP SCHEMA IF EXISTS " + where_ + " CASCADE; CREATE SCHEMA " + where_);
}
postgres_backend::postgres_backend(std::string where) : where_(std::move(where)), owner_(false) {}
postgres_backend::~postgres_backend() {
    if (connected_by_ != getpid()) return;
    if (owner_ && pooler().empty())
        PQclear(PQexec(connection_, ("DROP SCHEMA " + where_ + " CASCADE").c_str()));
    PQfinish(connection_);
    if (owner_ && !pooler().empty()) run_on_server("DROP DATABASE " + where_ + " WITH (FORCE)");
}

std::string postgres_backend::conninfo() const {
    if (!pooler().empty()) return server() + " dbname=" + where_;
    PQconninfoOption* const given = PQconninfoParse(server().c_str(), nullptr);
    if (given == nullptr) give_up("STATEMACHINE_TEST_CONNINFO", "cannot be read");
    std::string text;
    std::string settings;
    for (const PQconninfoOption* each = given; each->keyword != nullptr; ++each) {
        if (each->val == nullptr) continue;
        if (std::string(each->keyword) == "options")
            settings = std::string(each->val) + " ";
        else
            text += std::string(each->keyword) + "=" + quoted(each->val) + " ";
    }
    PQconninfoFree(given);
    // Tests that run beside this one share the server: by this name a test knows its own sessions.
    return text + "application_name=" + where_ +
           " options=" + quoted(settings + "-csearch_path=" + where_);
}

postgres_backend::database postgres_backend::open() const {
    if (!pooler().empty())
        return database(statemachine::postgres::connect(pooler() + " dbname=" + where_,
                                                        {.transaction_pooling = true})
                            .value());
    const bool each_by_itself = std::getenv("STATEMACHINE_TEST_EACH_CALL_BY_ITSELF") != nullptr;
    return database(
        statemachine::postgres::connect(conninfo(), {.merge_calls = !each_by_itself}).value());
}

rows postgres_backend::ask(const std::string& sql) const {
    const std::lock_guard lock(mutex_);
    if (connected_by_ != getpid()) {
        connection_ = PQconnectdb(conninfo().c_str());
        connected_by_ = getpid();
        PQsetNoticeReceiver(
            connection_, [](void*, const PGresult*) {}, nullptr);
    }
    PGresult* const reply = PQexec(connection_, sql.c_str());
    const ExecStatusType status = PQresultStatus(reply);
    rows found;
    for (int r = 0; r < PQntuples(reply); ++r) {
        auto& row = found.emplace_back();
        for (int c = 0; c < PQnfields(reply); ++c)
            row.emplace_back(PQgetisnull(reply, r, c) != 0 ? "null" : PQgetvalue(reply, r, c));
    }
    PQclear(reply);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        give_up(sql, PQerrorMessage(connection_));
    return found;
}

void postgres_backend::execute(const std::string& sql) const { ask(sql); }
rows postgres_backend::query(const std::string& sql) const { return ask(sql); }
std::int64_t postgres_backend::number(const std::string& sql) const {
    return only_number(ask(sql), sql);
}
std::string postgres_backend::text(const std::string& sql) const {
    return only_text(ask(sql), sql);
}

void postgres_backend::execute_unchecked(const std::string& table, const std::string& sql) const {
    execute("ALTER TABLE " + table + " DROP CONSTRAINT IF EXISTS " + table + "_state; " + sql);
}

void postgres_backend::pass_time(const std::string& table, std::int64_t id,
                                 std::chrono::milliseconds by) const {
    const std::string shift = " - interval '" + std::to_string(by.count()) + " milliseconds'";
    execute("UPDATE " + table + " SET run_at = run_at" + shift + ", lease_until = lease_until" +
            shift + " WHERE id = " + std::to_string(id));
}

}  // namespace conformance
