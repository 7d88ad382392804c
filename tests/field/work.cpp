#include "work.hpp"

#include "conformance/invariants.hpp"

#include <unistd.h>

#include <atomic>

namespace field {

work_store store_of(sm::postgres::database& database) { return work_store{database}; }

place::place(const std::string& server) : server_(server) {
    static std::atomic<int> count{0};
    name_ = "field_" + std::to_string(getpid()) + "_" + std::to_string(++count);
    const raw by(server_);
    by.run("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    by.run("CREATE DATABASE " + name_);
    direct_ = std::make_unique<raw>(conninfo());
}

place::~place() {
    direct_.reset();
    try {
        raw(server_).runs("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    } catch (const std::runtime_error&) {
        // A server that the test has stopped takes its databases along.
    }
}

sm::postgres::database place::open(sm::postgres::options how, const std::string& more) const {
    return sm::postgres::connect(conninfo() + " " + more, how).value();
}

std::vector<std::vector<std::string>> place::query(const std::string& sql) const {
    PGresult* const reply = PQexec(direct_->get(), sql.c_str());
    std::vector<std::vector<std::string>> found;
    for (int r = 0; r < PQntuples(reply); ++r) {
        auto& row = found.emplace_back();
        for (int c = 0; c < PQnfields(reply); ++c)
            row.emplace_back(PQgetisnull(reply, r, c) != 0 ? "null" : PQgetvalue(reply, r, c));
    }
    const std::string complaint = PQresultErrorMessage(reply);
    PQclear(reply);
    if (!complaint.empty()) throw std::runtime_error(complaint);
    return found;
}

std::vector<std::string> place::breaches() const {
    return conformance::breaches<work::machine>(*this);
}

}  // namespace field
