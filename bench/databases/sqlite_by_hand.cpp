#include "databases/by_hand.hpp"

#include <chrono>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::int64_t lease = 600'000;

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

void sqlite_by_hand::make_table(const sqlite_place& where) {
    where.execute(
        "CREATE TABLE hand_jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, "
        "epoch INTEGER NOT NULL, attempts INTEGER NOT NULL, owner TEXT, lease_until INTEGER, "
        "run_at INTEGER NOT NULL, priority INTEGER NOT NULL, payload TEXT NOT NULL) STRICT;"
        "CREATE INDEX hand_jobs_due ON hand_jobs (priority DESC, run_at, id) "
        "WHERE state = 'queued'");
}

sqlite_by_hand::sqlite_by_hand(const sqlite_place& where)
    : on_(where.connect()),
      begin_(prepare("BEGIN IMMEDIATE")),
      commit_(prepare("COMMIT")),
      submit_(prepare("INSERT INTO hand_jobs (state, epoch, attempts, run_at, priority, payload) "
                      "VALUES ('queued', 0, 0, ?1, 0, ?2)")),
      claim_(prepare(
          "UPDATE hand_jobs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, "
          "owner = 'worker', lease_until = ?1 WHERE id IN (SELECT id FROM hand_jobs "
          "INDEXED BY hand_jobs_due WHERE state = 'queued' AND run_at <= ?2 "
          "ORDER BY priority DESC, run_at, id LIMIT ?3) RETURNING id, epoch, payload")),
      claim_by_id_(prepare(
          "UPDATE hand_jobs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, "
          "owner = 'worker', lease_until = ?1 WHERE id = ?2 AND state = 'queued' "
          "AND run_at <= ?3")),
      finish_(prepare("UPDATE hand_jobs SET state = 'done', owner = NULL, lease_until = NULL "
                      "WHERE id = ?1 AND epoch = ?2 AND state = 'running'")),
      renew_(prepare("UPDATE hand_jobs SET lease_until = ?3 "
                     "WHERE id = ?1 AND epoch = ?2 AND state = 'running'")),
      cancel_(prepare("UPDATE hand_jobs SET state = 'cancelled' WHERE id = ?1 "
                      "AND state = 'queued'")),
      read_(prepare("SELECT id, state, epoch, attempts, owner, lease_until, run_at, priority, "
                    "payload FROM hand_jobs WHERE id = ?1")) {}

sqlite_by_hand::~sqlite_by_hand() {
    for (sqlite3_stmt* each : statements_) sqlite3_finalize(each);
}

sqlite3_stmt* sqlite_by_hand::prepare(const char* text) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(on_.get(), text, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) !=
        SQLITE_OK)
        throw std::runtime_error(sqlite3_errmsg(on_.get()));
    statements_.push_back(made);
    return made;
}

bool sqlite_by_hand::step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return true;
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(on_.get()));
    return false;
}

std::size_t sqlite_by_hand::change(sqlite3_stmt* statement, std::span<const std::int64_t> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        sqlite3_bind_int64(statement, static_cast<int>(i) + 1, values[i]);
    step(statement);
    return static_cast<std::size_t>(sqlite3_changes(on_.get()));
}

void sqlite_by_hand::insert(const std::string& payload) {
    sqlite3_bind_int64(submit_, 1, now());
    sqlite3_bind_text(submit_, 2, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
    step(submit_);
}

std::int64_t sqlite_by_hand::submit(const std::string& payload) {
    insert(payload);
    return sqlite3_last_insert_rowid(on_.get());
}

void sqlite_by_hand::submit_many(const std::string& payload, std::size_t count) {
    step(begin_);
    for (std::size_t i = 0; i < count; ++i) insert(payload);
    step(commit_);
}

std::vector<held> sqlite_by_hand::claim(std::size_t most) {
    const std::int64_t at = now();
    sqlite3_bind_int64(claim_, 1, at + lease);
    sqlite3_bind_int64(claim_, 2, at);
    sqlite3_bind_int64(claim_, 3, static_cast<std::int64_t>(most));
    std::vector<held> runs;
    while (step(claim_)) {
        runs.push_back({sqlite3_column_int64(claim_, 0), sqlite3_column_int64(claim_, 1)});
        static_cast<void>(sqlite3_column_text(claim_, 2));
    }
    return runs;
}

bool sqlite_by_hand::claim_by_id(std::int64_t id) {
    const std::int64_t at = now();
    return change(claim_by_id_, std::initializer_list<std::int64_t>{at + lease, id, at}) == 1;
}

bool sqlite_by_hand::finish(const held& run) {
    return change(finish_, std::initializer_list<std::int64_t>{run.id, run.epoch}) == 1;
}

std::size_t sqlite_by_hand::finish_many(std::span<const held> runs) {
    step(begin_);
    std::size_t done = 0;
    for (const held& run : runs) done += finish(run) ? 1U : 0U;
    step(commit_);
    return done;
}

bool sqlite_by_hand::renew(const held& run) {
    return change(renew_, std::initializer_list<std::int64_t>{run.id, run.epoch, now() + lease}) ==
           1;
}

std::size_t sqlite_by_hand::renew_many(std::span<const held> runs) {
    step(begin_);
    std::size_t done = 0;
    for (const held& run : runs) done += renew(run) ? 1U : 0U;
    step(commit_);
    return done;
}

bool sqlite_by_hand::cancel(std::int64_t id) {
    return change(cancel_, std::initializer_list<std::int64_t>{id}) == 1;
}

bool sqlite_by_hand::read(std::int64_t id) {
    sqlite3_bind_int64(read_, 1, id);
    const bool found = step(read_);
    for (int i = 0; found && i < sqlite3_column_count(read_); ++i)
        static_cast<void>(sqlite3_column_text(read_, i));
    sqlite3_reset(read_);
    return found;
}

}  // namespace bench
