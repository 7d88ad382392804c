#include "databases/place.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

using reply = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string server() {
    const char* const named = std::getenv("STATEMACHINE_TEST_CONNINFO");
    if (named == nullptr || *named == '\0')
        throw std::runtime_error(
            "STATEMACHINE_TEST_CONNINFO is not set: run it by scripts/bench, or by "
            "scripts/postgres-server run -- COMMAND");
    return named;
}

postgres_place::handle connect_to(const std::string& conninfo) {
    postgres_place::handle made(PQconnectdb(conninfo.c_str()));
    if (PQstatus(made.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(made.get()));
    PQsetNoticeReceiver(
        made.get(), [](void*, const PGresult*) {}, nullptr);
    return made;
}

reply ask(PGconn* on, const std::string& sql) {
    reply got(PQexec(on, sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(got.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(sql + ": " + PQerrorMessage(on));
    return got;
}

std::string fresh_schema() {
    static std::atomic<int> count{0};
    return "bench_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

}  // namespace

postgres_place::postgres_place(durability sync) : schema_(fresh_schema()), sync_(sync) {
    ask(connect_to(server()).get(), "CREATE SCHEMA " + schema_);
}

postgres_place::~postgres_place() {
    try {
        ask(connect_to(server()).get(), "DROP SCHEMA " + schema_ + " CASCADE");
    } catch (const std::exception&) {  // the server is thrown away in any case
    }
}

std::string postgres_place::conninfo() const {
    std::string settings = "-csearch_path=" + schema_;
    if (sync_ == durability::relaxed) settings += " -csynchronous_commit=off";
    return server() + " application_name=" + schema_ + " options='" + settings + "'";
}

postgres_place::database postgres_place::open(int connections) const {
    statemachine::postgres::options how;
    how.deadline = std::chrono::seconds(60);
    how.connections = connections;
    how.merge_calls = true;  // a lone caller goes the plain way all the same
    return statemachine::postgres::connect(conninfo(), how).value();
}

postgres_place::handle postgres_place::connect() const { return connect_to(conninfo()); }

void postgres_place::execute(const std::string& sql) const { ask(connect().get(), sql); }

std::int64_t postgres_place::number(const std::string& sql) const { return std::stoll(text(sql)); }

std::string postgres_place::text(const std::string& sql) const {
    const handle on = connect();
    return PQgetvalue(ask(on.get(), sql).get(), 0, 0);
}

std::string postgres_place::columns(const std::string& table) const {
    return text(
        "SELECT string_agg(quote_ident(column_name), ',') FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = '" +
        table + "' AND column_name <> 'id'");
}

void send(const postgres_place::handle& on, const std::string& sql) { ask(on.get(), sql); }

void postgres_place::end_leases(const std::string& table) const {
    execute("UPDATE " + table +
            " SET lease_until = lease_until - interval '1 day', run_at = run_at - interval '1 day' "
            "WHERE lease_until IS NOT NULL");
}

void postgres_place::follow(const postgres_place& other) const {
    execute("UPDATE jobs SET run_at = theirs.run_at FROM " + other.schema_ +
            ".jobs AS theirs WHERE theirs.id = jobs.id AND theirs.run_at <> jobs.run_at "
            "AND jobs.lease_until IS NULL");
}

}  // namespace bench
