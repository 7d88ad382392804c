#include "databases/by_hand.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

// Both columns of the runs, as array literals.
std::array<std::string, 2> arrays_of(std::span<const held> runs) {
    std::array<std::string, 2> texts{"{", "{"};
    for (const held& run : runs) {
        texts[0].append(std::to_string(run.id)).push_back(',');
        texts[1].append(std::to_string(run.epoch)).push_back(',');
    }
    for (std::string& text : texts) text.back() = '}';
    return texts;
}

}  // namespace

void postgres_by_hand::make_table(const postgres_place& where) {
    where.execute(
        "CREATE TABLE hand_jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "state text NOT NULL, epoch bigint NOT NULL DEFAULT 0, attempts int NOT NULL DEFAULT 0, "
        "owner text, lease_until timestamptz, run_at timestamptz NOT NULL DEFAULT now(), "
        "priority int NOT NULL DEFAULT 0, payload text NOT NULL) WITH (fillfactor = 80);"
        "CREATE INDEX hand_jobs_due ON hand_jobs (priority DESC, run_at, id) "
        "WHERE state = 'queued'");
}

postgres_by_hand::postgres_by_hand(const postgres_place& where) : on_(where.connect()) {
    prepare("submit", "INSERT INTO hand_jobs (state, payload) VALUES ('queued', $1) RETURNING id");
    prepare("submit_many",
            "INSERT INTO hand_jobs (state, payload) SELECT 'queued', p FROM unnest($1::text[]) p");
    prepare("claim",
            "UPDATE hand_jobs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, "
            "owner = 'worker', lease_until = now() + interval '10 min' WHERE id = ANY(ARRAY("
            "SELECT id FROM hand_jobs WHERE state = 'queued' AND run_at <= now() "
            "ORDER BY priority DESC, run_at, id LIMIT $1::bigint FOR UPDATE SKIP LOCKED)) "
            "RETURNING id, epoch, payload");
    prepare("claim_by_id",
            "UPDATE hand_jobs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, "
            "owner = 'worker', lease_until = now() + interval '10 min' "
            "WHERE id = $1::bigint AND state = 'queued' AND run_at <= now()");
    prepare("finish",
            "UPDATE hand_jobs SET state = 'done', owner = NULL, lease_until = NULL "
            "WHERE id = $1::bigint AND epoch = $2::bigint AND state = 'running'");
    prepare("finish_many",
            "UPDATE hand_jobs AS j SET state = 'done', owner = NULL, lease_until = NULL "
            "FROM unnest($1::bigint[], $2::bigint[]) AS r(id, epoch) "
            "WHERE j.id = r.id AND j.epoch = r.epoch AND j.state = 'running'");
    prepare("renew",
            "UPDATE hand_jobs SET lease_until = now() + interval '10 min' "
            "WHERE id = $1::bigint AND epoch = $2::bigint AND state = 'running'");
    prepare("renew_many",
            "UPDATE hand_jobs AS j SET lease_until = now() + interval '10 min' "
            "FROM unnest($1::bigint[], $2::bigint[]) AS r(id, epoch) "
            "WHERE j.id = r.id AND j.epoch = r.epoch AND j.state = 'running'");
    prepare("cancel",
            "UPDATE hand_jobs SET state = 'cancelled' WHERE id = $1::bigint AND state = 'queued'");
    prepare("read",
            "SELECT id, state, epoch, attempts, owner, lease_until, run_at, priority, payload "
            "FROM hand_jobs WHERE id = $1::bigint");
}

void postgres_by_hand::prepare(const char* name, const char* text) {
    const reply made(PQprepare(on_.get(), name, text, 0, nullptr), &PQclear);
    if (PQresultStatus(made.get()) != PGRES_COMMAND_OK)
        throw std::runtime_error(PQerrorMessage(on_.get()));
}

postgres_by_hand::reply postgres_by_hand::run(const char* name,
                                              std::initializer_list<std::string> values) {
    std::array<const char*, 2> texts{};
    std::size_t count = 0;
    for (const std::string& each : values) texts[count++] = each.c_str();
    reply got(
        PQexecPrepared(on_.get(), name, static_cast<int>(count), texts.data(), nullptr, nullptr, 0),
        &PQclear);
    const ExecStatusType status = PQresultStatus(got.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw std::runtime_error(PQerrorMessage(on_.get()));
    return got;
}

std::size_t postgres_by_hand::change(const char* name, std::initializer_list<std::string> values) {
    return static_cast<std::size_t>(std::atoll(PQcmdTuples(run(name, values).get())));
}

std::int64_t postgres_by_hand::submit(const std::string& payload) {
    return std::atoll(PQgetvalue(run("submit", {payload}).get(), 0, 0));
}

void postgres_by_hand::submit_many(const std::string& payload, std::size_t count) {
    std::string quoted = "\"";
    for (const char c : payload) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    quoted += "\",";
    std::string all = "{";
    for (std::size_t i = 0; i < count; ++i) all += quoted;
    all.back() = '}';
    change("submit_many", {all});
}

std::vector<held> postgres_by_hand::claim(std::size_t most) {
    const reply got = run("claim", {std::to_string(most)});
    std::vector<held> runs;
    for (int i = 0; i < PQntuples(got.get()); ++i)
        runs.push_back(
            {std::atoll(PQgetvalue(got.get(), i, 0)), std::atoll(PQgetvalue(got.get(), i, 1))});
    return runs;
}

bool postgres_by_hand::claim_by_id(std::int64_t id) {
    return change("claim_by_id", {std::to_string(id)}) == 1;
}

bool postgres_by_hand::finish(const held& run) {
    return change("finish", {std::to_string(run.id), std::to_string(run.epoch)}) == 1;
}

std::size_t postgres_by_hand::finish_many(std::span<const held> runs) {
    const auto texts = arrays_of(runs);
    return change("finish_many", {texts[0], texts[1]});
}

bool postgres_by_hand::renew(const held& run) {
    return change("renew", {std::to_string(run.id), std::to_string(run.epoch)}) == 1;
}

std::size_t postgres_by_hand::renew_many(std::span<const held> runs) {
    const auto texts = arrays_of(runs);
    return change("renew_many", {texts[0], texts[1]});
}

bool postgres_by_hand::cancel(std::int64_t id) {
    return change("cancel", {std::to_string(id)}) == 1;
}

bool postgres_by_hand::read(std::int64_t id) {
    return PQntuples(run("read", {std::to_string(id)}).get()) == 1;
}

}  // namespace bench
