// Callers that wait while another one is at work share its commit.
#include "sqlite_shared_fixture.hpp"

#include <atomic>
#include <iostream>
#include <mutex>
#include <optional>

namespace {

using namespace sqlite_test;
using sqlite_shared_commits = shared_commits;

TEST_F(sqlite_shared_commits, serve_all_that_wait_with_one) {
    std::vector<body> waiting;
    for (int i = 1; i <= 20; ++i) waiting.push_back(inserts(i));
    EXPECT_EQ(together(waiting, inserts(0)), all(21, "committed"));
    // One, but that who leads has had its turn after two milliseconds.
    EXPECT_LT(commits, 5);
    EXPECT_EQ(raw(file).ask("SELECT count(*) FROM t"), "21");
}

TEST_F(sqlite_shared_commits, run_each_body_once_on_the_thread_of_the_leader) {
    std::atomic<int> runs{0};
    std::thread::id ran_on;
    const body counts = [&](sm::executor&) {
        ++runs;
        ran_on = std::this_thread::get_id();
        return verdict::commit;
    };
    EXPECT_EQ(together({counts}, inserts(0)), all(2, "committed"));
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(ran_on, leader);
}

TEST_F(sqlite_shared_commits, cost_a_lone_caller_no_savepoint) {
    std::vector<std::string> sent;
    sqlite3_trace_v2(
        handle, SQLITE_TRACE_STMT,
        [](unsigned, void* seen, void*, void* text) {
            static_cast<std::vector<std::string>*>(seen)->emplace_back(static_cast<char*>(text));
            return 0;
        },
        &sent);
    EXPECT_TRUE(transact(inserts(1)));
    sqlite3_trace_v2(handle, 0, nullptr, nullptr);
    EXPECT_EQ(sent, (all{"BEGIN IMMEDIATE", "INSERT INTO t(a) VALUES(?1)", "COMMIT"}));
}

TEST_F(sqlite_shared_commits, undo_only_the_body_that_fails) {
    const std::vector<body> waiting{
        inserts(1),
        inserts(2, [](sm::executor&) { return sm::error(errc::invalid_argument, "no"); }),
        inserts(3, [](sm::executor&) { return verdict::roll_back; }),
        inserts(4, [](sm::executor&) -> sm::result<verdict> { throw std::runtime_error("of 4"); }),
        inserts(5,
                [](sm::executor& inside) {
                    const value taken[] = {value::integer(column_type::int64, 1)};
                    EXPECT_FALSE(inside.execute(insert, taken, no_rows));
                    return verdict::commit;
                }),
        inserts(1),
        inserts(7)};
    EXPECT_EQ(together(waiting, inserts(0)),
              (all{"committed", "invalid_argument", "rolled_back", "of 4", "unique_violated",
                   "unique_violated", "committed", "committed"}));
    EXPECT_EQ(rows(), "0,1,7");
    EXPECT_EQ(commits, 1);
}

TEST_F(sqlite_shared_commits, go_on_without_a_leader_that_fails) {
    EXPECT_EQ(together({inserts(1), inserts(2)},
                       inserts(0, [](sm::executor&) { return verdict::roll_back; })),
              (all{"committed", "committed", "rolled_back"}));
    EXPECT_EQ(
        together({inserts(3), inserts(4)}, inserts(0,
                                                   [](sm::executor&) -> sm::result<verdict> {
                                                       throw std::runtime_error("of the leader");
                                                   })),
        (all{"committed", "committed", "of the leader"}));
    EXPECT_EQ(rows(), "1,2,3,4");
}

TEST_F(sqlite_shared_commits, withdraw_a_call_at_its_deadline_for_good) {
    std::atomic<bool> ran = false;
    EXPECT_TRUE(transact([&](sm::executor&) {
        std::thread hasty([&] {
            const auto begun = std::chrono::steady_clock::now();
            const auto until = begun + 20ms;
            const auto late = db.connection().transact(access::single, until, [&](sm::executor&) {
                ran = true;
                return sm::result<verdict>(verdict::commit);
            });
            EXPECT_EQ(code_of(late), code_of(errc::busy));
            EXPECT_EQ(late.error().what_is_known(), sm::fate::not_applied_retry);
            EXPECT_GE(std::chrono::steady_clock::now(), until);
            EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
        });
        hasty.join();  // while this thread is still inside
        return sm::result<verdict>(verdict::commit);
    }));
    EXPECT_TRUE(transact(inserts(1)));
    EXPECT_FALSE(ran);
}

TEST_F(sqlite_shared_commits, await_the_end_of_what_was_begun_in_time) {
    const auto until = std::chrono::steady_clock::now() + 1s;
    std::optional<sm::result<ending>> ended;
    std::thread member;
    EXPECT_TRUE(transact([&](sm::executor&) {
        member = std::thread([&] {
            ended = db.connection().transact(access::write, until,
                                             [&](sm::executor& inside) -> sm::result<verdict> {
                                                 while (std::chrono::steady_clock::now() <= until)
                                                     std::this_thread::yield();
                                                 return inserts(1)(inside);
                                             });
        });
        while (session().waiting() != 1) std::this_thread::yield();
        return sm::result<verdict>(verdict::commit);
    }));
    member.join();
    EXPECT_EQ(ended->value(), ending::committed);
    EXPECT_EQ(rows(), "1");
}

TEST_F(sqlite_shared_commits, take_in_no_more_once_they_took_long) {
    const body slow = inserts(1, [](sm::executor&) {
        const auto end = std::chrono::steady_clock::now() + 10ms;
        while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return verdict::commit;
    });
    EXPECT_EQ(together({slow, inserts(2), inserts(3)}, inserts(0)), all(4, "committed"));
    EXPECT_EQ(commits, 2);
}

TEST_F(sqlite_shared_commits, refuse_a_call_from_inside_a_body_of_another_thread) {
    const body nested = [&](sm::executor&) -> sm::result<verdict> {
        EXPECT_EQ(code_of(transact(inserts(5))), code_of(errc::nested_call));
        EXPECT_EQ(number(db, "SELECT 1"), "nested_call");
        return verdict::commit;
    };
    EXPECT_EQ(together({nested, inserts(1)}, inserts(0)), all(3, "committed"));
    EXPECT_EQ(rows(), "0,1");
}

TEST_F(sqlite_shared_commits, leave_reads_and_transactions_to_their_own_threads) {
    std::thread::id read_on;
    std::thread::id filled_on;
    std::thread reader;
    std::thread filler;
    const auto done = transact([&](sm::executor& inside) {
        reader = std::thread([&] {
            const auto read = [&](sm::executor&) -> sm::result<verdict> {
                read_on = std::this_thread::get_id();
                return verdict::commit;
            };
            EXPECT_EQ(db.connection().transact(access::read, read).value(), ending::committed);
            EXPECT_EQ(read_on, std::this_thread::get_id());
        });
        filler = std::thread([&] {
            const auto fill = [&](lite::transaction&) -> sm::result<void> {
                filled_on = std::this_thread::get_id();
                return sm::success();
            };
            EXPECT_EQ(db.transaction(fill).value(), ending::committed);
            EXPECT_EQ(filled_on, std::this_thread::get_id());
        });
        while (session().waiting() != 2) std::this_thread::yield();
        return inserts(0)(inside);
    });
    EXPECT_TRUE(done);
    reader.join();
    filler.join();
}

TEST_F(sqlite_shared_commits, are_fewer_than_their_calls) {
    auto durable = lite::open(dir / "durable.db").value();
    ASSERT_TRUE(run(durable, "CREATE TABLE t(a INTEGER) STRICT"));
    std::mutex one_at_a_time;
    const auto seconds_of = [&](int threads, int each, bool alone) {
        std::vector<std::thread> running;
        const auto begun = std::chrono::steady_clock::now();
        for (int t = 0; t < threads; ++t)
            running.emplace_back([&] {
                for (int i = 0; i < each; ++i) {
                    std::unique_lock lock(one_at_a_time, std::defer_lock);
                    if (alone) lock.lock();
                    durable.connection().transact(access::write, inserts(i)).value();
                }
            });
        for (auto& one : running) one.join();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    };
    int made = 0;
    EXPECT_TRUE(durable.transaction([&](lite::transaction& tx) -> sm::result<void> {
        sqlite3_commit_hook(
            tx.handle(),
            [](void* count) {
                ++*static_cast<int*>(count);
                return 0;
            },
            &made);
        return sm::success();
    }));
    made = 0;
    constexpr int calls = 64 * 20;
    const double apart = calls / seconds_of(64, 20, true);
    EXPECT_EQ(made, calls);
    made = 0;
    const double shared = calls / seconds_of(64, 20, false);
    EXPECT_LT(made, calls);
    std::cout << "64 threads: " << shared << " calls/s with " << made << " commits of " << calls
              << " calls, " << apart << " calls/s behind one mutex: " << shared / apart
              << " times\n";
}

}  // namespace
