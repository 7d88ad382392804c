#include "places.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>

namespace documents {
namespace {

template <class Text>
sm::result<void> failed(Text words) {
    return sm::error(sm::errc::unexpected, words);
}

}  // namespace

sm::result<void> run(sqlite3* handle, const std::string& sql) {
    if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
        return sm::success();
    return failed(sqlite3_errmsg(handle));
}

sm::result<void> run(PGconn* handle, const std::string& sql) {
    PGresult* const reply = PQexec(handle, sql.c_str());
    const std::string complaint = PQresultErrorMessage(reply);
    PQclear(reply);
    if (complaint.empty()) return sm::success();
    return failed(complaint);
}

std::string ask(sqlite3* handle, const std::string& sql) {
    std::string answer = "nothing";
    sqlite3_exec(
        handle, sql.c_str(),
        [](void* to, int, char** values, char**) {
            *static_cast<std::string*>(to) = values[0] == nullptr ? "null" : values[0];
            return 0;
        },
        &answer, nullptr);
    return answer;
}

std::string ask(PGconn* handle, const std::string& sql) {
    PGresult* const reply = PQexec(handle, sql.c_str());
    std::string answer =
        PQntuples(reply) > 0 ? PQgetvalue(reply, 0, 0) : PQresultErrorMessage(reply);
    PQclear(reply);
    return answer;
}

sm::result<sm::sqlite::database> borrow(sqlite3* handle) { return sm::sqlite::borrow(handle); }
sm::result<sm::postgres::database> borrow(PGconn* handle) { return sm::postgres::borrow(handle); }

on_sqlite::on_sqlite() {
    static int count = 0;
    directory_ =
        (std::filesystem::temp_directory_path() /
         ("statemachine-document-" + std::to_string(getpid()) + "-" + std::to_string(++count)))
            .string();
    std::filesystem::create_directory(directory_);
    if (sqlite3_open((directory_ + "/jobs.db").c_str(), &handle_) != SQLITE_OK)
        throw std::runtime_error("cannot open " + directory_);
    sqlite3_busy_timeout(handle_, 10'000);
}

on_sqlite::~on_sqlite() {
    sqlite3_close(handle_);
    std::filesystem::remove_all(directory_);
}

sm::sqlite::database on_sqlite::open() const {
    return sm::sqlite::open(directory_ + "/jobs.db", {.sync = sm::sqlite::durability::off}).value();
}

}  // namespace documents
