#include "postgres/pool.hpp"

#include "postgres/open.hpp"
#include "postgres_fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace postgres_test;
using sm::postgres::moment;
using sm::postgres::pool;
using sm::postgres::target;

moment in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

pool::opener to_the_server() {
    return [where = target::parse(conninfo(), {}).value()](moment deadline) {
        return where.open(deadline);
    };
}

std::string session_of(sm::postgres::database& db) {
    return ask(db, "SELECT pg_backend_pid()", column_type::int64);
}

TEST(postgres_pool, serves_waiting_callers_in_the_order_they_came) {
    pool connections(1, to_the_server());
    std::vector<int> served;
    std::vector<std::thread> callers;
    {
        auto first = connections.take(in(20s));
        ASSERT_TRUE(first);
        for (int caller = 0; caller < 5; ++caller) {
            callers.emplace_back([&, caller] {
                auto lent = connections.take(in(20s));
                if (lent) served.push_back(caller);
            });
            const auto expected = static_cast<std::size_t>(caller) + 1;
            ASSERT_TRUE(eventually([&] { return connections.waiting() == expected; }));
        }
    }
    for (auto& each : callers) each.join();
    EXPECT_EQ(served, (std::vector{0, 1, 2, 3, 4}));
}

TEST(postgres_pool, lets_a_caller_that_gave_up_hold_back_nobody) {
    pool connections(1, to_the_server());
    {
        auto first = connections.take(in(20s));
        ASSERT_TRUE(first);
        EXPECT_EQ(outcome(connections.take(in(10ms))), "pool_exhausted");
        EXPECT_EQ(connections.waiting(), 0U);
    }
    EXPECT_EQ(outcome(connections.take(in(20s))), "success");
}

TEST(postgres_pool, frees_the_place_of_a_connection_that_could_not_be_opened) {
    int calls = 0;
    pool connections(1, [&](moment deadline) {
        const auto where = ++calls == 1 ? std::string("host=/nowhere") : conninfo();
        return target::parse(where, {}).value().open(deadline);
    });
    EXPECT_EQ(outcome(connections.take(in(20s))), "cannot_connect");
    EXPECT_EQ(outcome(connections.take(in(20s))), "success");
}

TEST(postgres_pool, lends_the_connection_that_was_used_last) {
    auto db = opened();
    const auto session = session_of(db);
    for (int call = 0; call < 5; ++call) EXPECT_EQ(session_of(db), session);
}

TEST(postgres_pool, says_so_when_every_connection_stays_in_use) {
    auto hasty = opened({.deadline = 1s, .connections = 1});
    std::latch busy(1), enough(1);
    std::thread occupant([&] {
        const auto done =
            hasty.connection().transact(access::read, [&](sm::executor&) -> sm::result<verdict> {
                busy.count_down();
                enough.wait();
                return verdict::commit;
            });
        EXPECT_EQ(outcome(done), "committed");
    });
    busy.wait();
    const auto refused = run(hasty, "SELECT 1");
    enough.count_down();
    occupant.join();
    EXPECT_EQ(outcome(refused), "pool_exhausted");
    EXPECT_EQ(refused.error().what_is_known(), fate::not_applied_retry);
    EXPECT_EQ(outcome(run(hasty, "SELECT 1")), "committed");
}

TEST(postgres_pool, opens_no_more_connections_than_allowed_under_many_threads) {
    const std::string name = "pool_limit_" + std::to_string(getpid());
    const table t("pool_limit", "n bigint");
    t.by.run("INSERT INTO pool_limit VALUES (0)");
    auto db = opened({.connections = 3}, conninfo() + " application_name=" + name);
    constexpr statement add{.text = "UPDATE pool_limit SET n = n + 1", .results = {}};
    std::atomic<int> failed = 0;
    std::barrier together(16);
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 16; ++caller)
        callers.emplace_back([&] {
            together.arrive_and_wait();
            for (int call = 0; call < 50; ++call)
                if (!run(db, add)) ++failed;
        });
    for (auto& each : callers) each.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(t.by.ask("SELECT n FROM pool_limit"), "800");
    EXPECT_EQ(
        t.by.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + name + "'"),
        "3");
}

TEST(postgres_database, keeps_the_address_of_its_session_when_it_is_moved) {
    auto db = opened();
    sm::session* const before = &db.connection();
    auto moved = std::move(db);
    EXPECT_EQ(&moved.connection(), before);
    EXPECT_EQ(outcome(run(moved, "SELECT 1")), "committed");
}

TEST(postgres_database, closes_its_connections_at_its_end) {
    const std::string name = "closes_all_" + std::to_string(getpid());
    const raw watcher;
    const auto sessions = [&] {
        return watcher.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" +
                           name + "'");
    };
    {
        auto db = opened({}, conninfo() + " application_name=" + name);
        EXPECT_EQ(sessions(), "1");
    }
    EXPECT_TRUE(eventually([&] { return sessions() == "0"; }));
}

TEST(postgres_fork, leaves_the_parents_session_alone) {
    auto db = std::make_unique<sm::postgres::database>(opened({.connections = 1}));
    const auto session = session_of(*db);
    const pid_t child = fork();
    if (child == 0) {
        const bool refused = outcome(run(*db, "SELECT 1")) == "used_after_fork";
        db.reset();
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(session_of(*db), session);
}

TEST(postgres_options, that_make_no_sense_are_refused) {
    const auto refused = [](sm::postgres::options how) {
        return outcome(sm::postgres::connect(conninfo(), how));
    };
    EXPECT_EQ(refused({.deadline = 0ms}), "invalid_argument");
    EXPECT_EQ(refused({.deadline = -1ms}), "invalid_argument");
    EXPECT_EQ(refused({.deadline = std::chrono::milliseconds::max()}), "invalid_argument");
    EXPECT_EQ(refused({.connections = 0}), "invalid_argument");
}

}  // namespace
