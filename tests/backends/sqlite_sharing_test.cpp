// With other processes, other threads and the caller's own handle.
#include "lock_queue.hpp"
#include "sqlite_fixture.hpp"

#include <SQLiteCpp/Database.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <optional>
#include <thread>

namespace {

using namespace sqlite_test;
namespace fs = std::filesystem;
namespace lite = sm::sqlite;

constexpr statement insert{.text = "INSERT INTO t(a) VALUES(?1)", .results = {}};

sm::result<ending> add(lite::database& db, std::int64_t a) {
    const value given[] = {value::integer(column_type::int64, a)};
    return run(db, insert, given, no_rows, sm::access::single);
}

class sqlite_sharing : public testing::Test {
protected:
    sqlite_sharing() {
        EXPECT_EQ(raw(file).run("PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER UNIQUE) STRICT"),
                  SQLITE_OK);
    }
    std::string rows() const { return raw(file).ask("SELECT group_concat(a) FROM t"); }

    directory dir;
    fs::path file = dir / "jobs.db";
};

TEST_F(sqlite_sharing, answers_busy_by_the_deadline_while_another_process_writes) {
    const line locked;
    const line finish;
    child other([&] {
        const raw holder(file);
        if (holder.run("BEGIN IMMEDIATE; INSERT INTO t VALUES(1)") != SQLITE_OK) return 1;
        locked.signal();
        finish.await();
        return holder.run("COMMIT");
    });
    auto db = lite::open(file, {.deadline = 60ms}).value();
    locked.await();
    const auto begun = std::chrono::steady_clock::now();
    const auto refused = add(db, 2);
    const auto waited = std::chrono::steady_clock::now() - begun;
    EXPECT_EQ(code_of(refused), code_of(errc::busy));
    EXPECT_EQ(refused.error().what_is_known(), sm::fate::not_applied_retry);
    EXPECT_GE(waited, 60ms);
    EXPECT_LT(waited, 5s);
    EXPECT_EQ(code_of(run(db, "SELECT 1")), code_of(errc::busy));
    EXPECT_EQ(number(db, "SELECT count(*) FROM t"), "0");

    finish.signal();
    EXPECT_EQ(other.exit_code(), 0);
    EXPECT_TRUE(add(db, 2));
    EXPECT_EQ(rows(), "1,2");
}

TEST_F(sqlite_sharing, goes_on_as_soon_as_the_other_process_is_done) {
    const line locked;
    const line finish;
    child other([&] {
        const raw holder(file);
        if (holder.run("BEGIN IMMEDIATE; INSERT INTO t VALUES(1)") != SQLITE_OK) return 1;
        locked.signal();
        finish.await();
        return holder.run("COMMIT");
    });
    auto db = lite::open(file).value();
    locked.await();
    auto waiting = std::async(std::launch::async, [&] { return code_of(add(db, 2)); });
    finish.signal();
    EXPECT_EQ(waiting.get(), went_well);
    EXPECT_EQ(other.exit_code(), 0);
    EXPECT_EQ(rows(), "1,2");
}

TEST_F(sqlite_sharing, answers_busy_by_the_deadline_while_another_thread_works) {
    auto db = lite::open(file, {.deadline = 60ms}).value();
    std::promise<void> inside;
    std::promise<void> finish;
    auto other = std::async(std::launch::async, [&] {
        return code_of(
            db.connection().transact(sm::access::write, [&](sm::executor&) -> sm::result<verdict> {
                inside.set_value();
                finish.get_future().wait();
                return verdict::commit;
            }));
    });
    inside.get_future().wait();
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of(add(db, 1)), code_of(errc::busy));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 60ms);
    finish.set_value();
    EXPECT_EQ(other.get(), went_well);
    EXPECT_TRUE(add(db, 2));
    EXPECT_EQ(rows(), "2");
}

TEST_F(sqlite_sharing, waits_in_vain_for_nobody_under_extreme_deadlines) {
    auto patient = lite::open(file, {.deadline = std::chrono::milliseconds::max()}).value();
    EXPECT_TRUE(add(patient, 1));
    auto hasty = lite::open(file, {.deadline = -1ms}).value();
    EXPECT_TRUE(add(hasty, 2));
}

TEST_F(sqlite_sharing, refuses_the_child_of_a_fork_and_serves_the_parent) {
    auto db = lite::open(file).value();
    ASSERT_TRUE(add(db, 1));
    child other([&] {
        const int code = code_of(add(db, 2));
        const auto of_the_file = [&] {
            const fs::directory_iterator all("/proc/self/fd");
            return std::count_if(begin(all), end(all), [&](const auto& each) {
                std::error_code gone;
                return fs::read_symlink(each, gone).string().starts_with(file.string());
            });
        };
        const auto before = of_the_file();
        // Its copy goes out of scope as it would in a program.
        { const lite::database copy = std::move(db); }
        return before > 0 && of_the_file() == before ? code : 251;
    });
    EXPECT_EQ(other.exit_code(), code_of(errc::used_after_fork));
    EXPECT_TRUE(fs::exists(dir / "jobs.db-wal"));
    EXPECT_TRUE(add(db, 3));
    EXPECT_EQ(rows(), "1,3");
}

TEST_F(sqlite_sharing, refuses_a_child_that_was_forked_in_the_middle_of_a_call) {
    auto db = lite::open(file).value();
    std::optional<int> code;
    const auto done = db.connection().transact(
        sm::access::write, [&](sm::executor& inside) -> sm::result<verdict> {
            const value given[] = {value::integer(column_type::int64, 1)};
            EXPECT_TRUE(inside.execute(insert, given, no_rows));
            child other([&] {
                const int refused = code_of(add(db, 2));
                { const lite::database copy = std::move(db); }
                return refused;
            });
            code = other.exit_code();
            return verdict::commit;
        });
    EXPECT_EQ(done.value(), ending::committed);
    EXPECT_EQ(code, code_of(errc::used_after_fork));
    EXPECT_EQ(rows(), "1");
}

TEST_F(sqlite_sharing, joins_the_transaction_of_a_borrowed_handle) {
    raw own(file);
    auto db = lite::borrow(own.get()).value();
    ASSERT_EQ(own.run("BEGIN; INSERT INTO t VALUES(1)"), SQLITE_OK);
    EXPECT_EQ(add(db, 2).value(), ending::provisional);
    EXPECT_EQ(rows(), "no answer");
    ASSERT_EQ(own.run("ROLLBACK"), SQLITE_OK);
    EXPECT_EQ(rows(), "no answer");

    ASSERT_EQ(own.run("BEGIN; INSERT INTO t VALUES(3)"), SQLITE_OK);
    EXPECT_EQ(add(db, 4).value(), ending::provisional);
    ASSERT_EQ(own.run("COMMIT"), SQLITE_OK);
    EXPECT_EQ(rows(), "3,4");
}

TEST_F(sqlite_sharing, undoes_only_its_own_part_of_a_borrowed_transaction) {
    raw own(file);
    auto db = lite::borrow(own.get()).value();
    ASSERT_EQ(own.run("SAVEPOINT statemachine_call; INSERT INTO t VALUES(1)"), SQLITE_OK);
    const auto both = db.connection().transact(
        sm::access::write, [&](sm::executor& inside) -> sm::result<verdict> {
            const value two[] = {value::integer(column_type::int64, 2)};
            EXPECT_TRUE(inside.execute(insert, two, no_rows));
            const auto again = inside.execute(insert, two, no_rows);
            return again ? sm::result<verdict>(verdict::commit) : again.error();
        });
    EXPECT_EQ(code_of(both), code_of(errc::unique_violated));
    const auto taken_back = db.connection().transact(
        sm::access::write, [&](sm::executor& inside) -> sm::result<verdict> {
            const value three[] = {value::integer(column_type::int64, 3)};
            EXPECT_TRUE(inside.execute(insert, three, no_rows));
            return verdict::roll_back;
        });
    EXPECT_EQ(taken_back.value(), ending::rolled_back);
    ASSERT_EQ(sqlite3_get_autocommit(own.get()), 0);
    ASSERT_EQ(own.run("RELEASE statemachine_call"), SQLITE_OK);
    EXPECT_EQ(rows(), "1");
}

// SQLite keeps nothing by which it could undo the statement alone.
TEST_F(sqlite_sharing, says_when_a_call_has_cost_the_callers_whole_transaction) {
    raw own(file);
    auto db = lite::borrow(own.get()).value();
    ASSERT_EQ(own.run("PRAGMA max_page_count = 5; BEGIN; INSERT INTO t VALUES(1)"), SQLITE_OK);
    const auto filled = run(db, {.text = "INSERT INTO u VALUES(zeroblob(100000))", .results = {}});
    EXPECT_EQ(code_of(filled), code_of(errc::schema_missing));
    ASSERT_EQ(sqlite3_get_autocommit(own.get()), 0) << "what is refused costs nothing else";
    ASSERT_EQ(own.run("CREATE TABLE u(b BLOB) STRICT"), SQLITE_OK);
    const auto refused = run(db, {.text = "INSERT INTO u VALUES(zeroblob(100000))", .results = {}});
    EXPECT_EQ(code_of(refused), code_of(errc::transaction_aborted));
    EXPECT_EQ(refused.error().what_is_known(), sm::fate::not_applied);
    EXPECT_NE(refused.error().message().find("no space is left"), std::string_view::npos)
        << refused.error().message();
    EXPECT_NE(sqlite3_get_autocommit(own.get()), 0);
    EXPECT_EQ(rows(), "no answer");

    auto mine = lite::open(file).value();
    ASSERT_TRUE(run(mine, "PRAGMA max_page_count = 5"));
    const auto together = mine.transaction([](lite::transaction& tx) -> sm::result<void> {
        EXPECT_EQ(sqlite3_exec(tx.handle(), "INSERT INTO t VALUES(1); CREATE TABLE u(b BLOB)",
                               nullptr, nullptr, nullptr),
                  SQLITE_OK);
        const auto inside = tx.connection().transact(
            sm::access::write, [](sm::executor& at) -> sm::result<verdict> {
                const auto done = at.execute(
                    {.text = "INSERT INTO u VALUES(zeroblob(100000))", .results = {}}, {}, no_rows);
                return done ? sm::result<verdict>(verdict::commit) : done.error();
            });
        EXPECT_EQ(code_of(inside), code_of(errc::transaction_aborted));
        return sm::success();
    });
    EXPECT_EQ(code_of(together), code_of(errc::transaction_aborted));
    EXPECT_EQ(rows(), "no answer");
}

TEST_F(sqlite_sharing, waits_for_a_transaction_that_is_longer_than_the_queue_stands_still) {
    auto other = lite::open(file).value();
    auto db = lite::open(file).value();
    std::promise<void> begun;
    auto longer = std::async(std::launch::async, [&] {
        return other.connection().transact(sm::access::write,
                                           [&](sm::executor&) -> sm::result<verdict> {
                                               begun.set_value();
                                               std::this_thread::sleep_for(400ms);
                                               return verdict::commit;
                                           });
    });
    begun.get_future().wait();
    EXPECT_EQ(code_of(add(db, 1)), went_well);
    EXPECT_EQ(longer.get().value(), ending::committed);
    EXPECT_EQ(rows(), "1");
}

TEST_F(sqlite_sharing, holds_the_queue_for_a_transaction_that_writes_and_no_longer) {
    auto db = lite::open(file).value();
    lite::lock_queue beside(file);
    const auto lets_in = [&] {
        const bool entered = beside.enter(std::chrono::steady_clock::now());
        if (entered) beside.leave();
        return entered;
    };
    const auto within = [&](sm::access need, sm::result<verdict> ends) {
        bool entered = false;
        (void)db.connection().transact(need, [&](sm::executor&) {
            entered = lets_in();
            return ends;
        });
        EXPECT_TRUE(lets_in());
        return entered;
    };
    const sm::error failed(errc::refused, "no");
    EXPECT_FALSE(within(sm::access::write, verdict::commit));
    EXPECT_FALSE(within(sm::access::write, verdict::roll_back));
    EXPECT_FALSE(within(sm::access::single, failed));
    EXPECT_TRUE(within(sm::access::read, verdict::commit));
    EXPECT_THROW((void)db.connection().transact(
                     sm::access::write,
                     [](sm::executor&) -> sm::result<verdict> { throw std::runtime_error("no"); }),
                 std::runtime_error);
    EXPECT_TRUE(lets_in());
}

// Another user's process, for one.
TEST_F(sqlite_sharing, gives_way_to_who_is_not_in_the_queue) {
    const std::string place = lite::lock_queue::place_of(file);
    if (!place.empty()) std::ofstream(place) << "something else";
    auto outside = lite::open(file).value();
    if (!place.empty()) fs::remove(place);
    auto inside = lite::open(file).value();
    std::atomic<bool> over = false;
    std::atomic<int> ready = 0;
    std::atomic<int> all = 0;
    const auto write_on = [&](lite::database& db) {
        int written = 0;
        ++ready;
        while (ready < 2) std::this_thread::yield();
        for (; !over; ++written) {
            EXPECT_TRUE(run(db, "INSERT INTO t VALUES(NULL)"));
            if (++all == 1'000) over = true;
        }
        return written;
    };
    auto theirs = std::async(std::launch::async, write_on, std::ref(outside));
    const int ours = write_on(inside);
    const int others = theirs.get();
    EXPECT_GT(5 * others, ours) << ours << " and " << others;
    EXPECT_GT(5 * ours, others);
}

TEST_F(sqlite_sharing, commits_on_a_borrowed_handle_that_is_in_no_transaction) {
    raw own(file);
    auto db = lite::borrow(own.get()).value();
    EXPECT_EQ(add(db, 1).value(), ending::committed);
    EXPECT_EQ(rows(), "1");
    EXPECT_EQ(code_of(add(db, 1)), code_of(errc::unique_violated));
    EXPECT_NE(sqlite3_get_autocommit(own.get()), 0);
}

TEST_F(sqlite_sharing, borrows_a_handle_of_sqlitecpp) {
    SQLite::Database own(file.string(), SQLite::OPEN_READWRITE);
    auto db = lite::borrow(own).value();
    EXPECT_EQ(add(db, 1).value(), ending::committed);
    own.exec("BEGIN");
    EXPECT_EQ(add(db, 2).value(), ending::provisional);
    own.exec("COMMIT");
    EXPECT_EQ(rows(), "1,2");
}

TEST_F(sqlite_sharing, leaves_a_borrowed_handle_as_it_was) {
    raw own(file);
    ASSERT_EQ(own.run("PRAGMA busy_timeout = 1234; PRAGMA synchronous = NORMAL;"
                      "PRAGMA foreign_keys = OFF"),
              SQLITE_OK);
    auto db = lite::borrow(own.get()).value();
    EXPECT_TRUE(add(db, 1));
    EXPECT_FALSE(add(db, 1));
    EXPECT_EQ(own.ask("PRAGMA busy_timeout"), "1234");
    EXPECT_EQ(own.ask("PRAGMA synchronous"), "1");
    EXPECT_EQ(own.ask("PRAGMA foreign_keys"), "0");
    EXPECT_EQ(own.ask("PRAGMA trusted_schema"), "1");
    EXPECT_EQ(sqlite3_next_stmt(own.get(), nullptr), nullptr);
    EXPECT_EQ(own.close(), SQLITE_OK);
}

TEST_F(sqlite_sharing, waits_on_a_borrowed_handle_as_its_owner_set) {
    const raw holder(file);
    ASSERT_EQ(holder.run("BEGIN IMMEDIATE"), SQLITE_OK);
    const raw own(file);
    auto db = lite::borrow(own.get(), {.deadline = 1h}).value();
    EXPECT_EQ(code_of(add(db, 1)), code_of(errc::busy));
    ASSERT_EQ(holder.run("COMMIT"), SQLITE_OK);
    EXPECT_TRUE(add(db, 1));
}

TEST_F(sqlite_sharing, says_when_a_borrowed_snapshot_is_too_old_to_write) {
    const raw own(file);
    auto db = lite::borrow(own.get()).value();
    ASSERT_EQ(own.run("BEGIN; SELECT * FROM t"), SQLITE_OK);
    ASSERT_EQ(raw(file).run("INSERT INTO t VALUES(1)"), SQLITE_OK);
    const auto refused = add(db, 2);
    EXPECT_EQ(code_of(refused), code_of(errc::busy));
    EXPECT_EQ(refused.error().native(), "517");
}

TEST_F(sqlite_sharing, survives_that_sqlite_rolls_the_borrowed_transaction_back) {
    const raw own(file);
    auto db = lite::borrow(own.get()).value();
    ASSERT_EQ(own.run("CREATE TRIGGER gone BEFORE INSERT ON t WHEN NEW.a = 9"
                      " BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END; BEGIN"),
              SQLITE_OK);
    EXPECT_TRUE(add(db, 1));
    EXPECT_EQ(code_of(add(db, 9)), code_of(errc::transaction_aborted));
    EXPECT_NE(sqlite3_get_autocommit(own.get()), 0);
    EXPECT_EQ(rows(), "no answer");
    EXPECT_EQ(add(db, 2).value(), ending::committed);
}

}  // namespace
