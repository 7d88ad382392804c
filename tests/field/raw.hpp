// A connection that the library knows nothing of.
#pragma once

#include "support/child.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace field {

using namespace std::chrono_literals;
using statemachine::tests::wait_until;

/// The server of the whole run.
inline std::string conninfo() {
    const char* const given = std::getenv("STATEMACHINE_TEST_CONNINFO");
    if (!given)
        throw std::runtime_error(
            "STATEMACHINE_TEST_CONNINFO is not set: scripts/postgres-server run --fast -- ctest");
    return given;
}

class raw {
public:
    explicit raw(const std::string& where = conninfo()) : handle_(PQconnectdb(where.c_str())) {
        if (is_dead()) {
            const std::string words = PQerrorMessage(handle_);
            PQfinish(handle_);
            throw std::runtime_error(words);
        }
        PQsetNoticeReceiver(
            handle_, [](void*, const PGresult*) {}, nullptr);
    }
    ~raw() { PQfinish(handle_); }
    raw(const raw&) = delete;
    raw& operator=(const raw&) = delete;

    PGconn* get() const { return handle_; }
    bool is_dead() const { return PQstatus(handle_) != CONNECTION_OK; }

    /// Runs commands that must succeed.
    void run(const std::string& sql) const {
        if (!runs(sql)) throw std::runtime_error(PQerrorMessage(handle_));
    }
    bool runs(const std::string& sql) const { return fine(PQexec(handle_, sql.c_str())); }
    bool prepared(const char* name, const char* sql) const {
        return fine(PQprepare(handle_, name, sql, 0, nullptr));
    }
    bool executed(const char* name, const char* value) const {
        return fine(PQexecPrepared(handle_, name, 1, &value, nullptr, nullptr, 0));
    }

    /// The first column of the first row.
    std::string ask(const std::string& sql) const {
        PGresult* const reply = PQexec(handle_, sql.c_str());
        const std::string answer =
            PQntuples(reply) > 0 ? PQgetvalue(reply, 0, 0) : PQresultErrorMessage(reply);
        PQclear(reply);
        return answer;
    }

    /// Sends without waiting for the reply.
    void send(const std::string& sql) const { PQsendQuery(handle_, sql.c_str()); }
    bool hears_within(std::chrono::milliseconds time) const {
        pollfd watched{PQsocket(handle_), POLLIN, 0};
        return ::poll(&watched, 1, static_cast<int>(time.count())) > 0;
    }

private:
    static bool fine(PGresult* reply) {
        const auto status = PQresultStatus(reply);
        PQclear(reply);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    }

    PGconn* handle_;
};

}  // namespace field
