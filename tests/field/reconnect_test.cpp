// A thousand lost connections leave nothing behind, and work goes on soon after the server is back.
#include "work.hpp"

#include "support/postgres_server.hpp"
#include "support/proxy.hpp"

#include <statemachine/postgres_listener.hpp>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace {

using namespace field;
using statemachine::tests::fault_proxy;
using statemachine::tests::throwaway_postgres;
using steady = std::chrono::steady_clock;

struct resources {
    std::ptrdiff_t descriptors, threads, kilobytes;
};

std::ptrdiff_t entries(const char* directory) {
    return std::distance(std::filesystem::directory_iterator(directory), {});
}

resources used() {
    std::ifstream file("/proc/self/statm");
    std::ptrdiff_t size = 0, resident = 0;
    file >> size >> resident;
    return {entries("/proc/self/fd"), entries("/proc/self/task"),
            resident * sysconf(_SC_PAGESIZE) / 1024};
}

constexpr int warm_up = 100;
constexpr int reconnects = 1'000;
// Of memory, in kilobytes: what the allocator keeps. That of a sanitizer keeps what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::ptrdiff_t allowance = 512 * 1'024;
#else
constexpr std::ptrdiff_t allowance = 2'048;
#endif

/// What is used after the first and after the last of many reconnects.
template <class Lose>
void expect_flat(Lose lose_connection) {
    for (int i = 0; i < warm_up; ++i) lose_connection();
    const auto before = used();
    for (int i = 0; i < reconnects; ++i) lose_connection();
    // The other side of a cut is closed by a thread of its own, soon after.
    EXPECT_TRUE(wait_until([&] { return used().descriptors <= before.descriptors; }));
    const auto after = used();
    EXPECT_EQ(after.threads, before.threads);
    EXPECT_LT(after.kilobytes, before.kilobytes + allowance);
}

TEST(reconnects, after_the_server_ended_the_session_leave_nothing_behind) {
    const place here;
    auto db = here.open({.connections = 1});
    auto jobs = store_of(db);
    ASSERT_EQ(told(jobs.migrate()), "success");
    const auto id = jobs.submit({}).value()->id;
    const std::string sessions =
        " FROM pg_stat_activity WHERE application_name = 'statemachine' AND datname = "
        "current_database()";
    int ended = 0;
    expect_flat([&] {
        // With a time limit the server would look only ten times a second.
        ended += std::stoi(here.ask("SELECT count(pg_terminate_backend(pid))" + sessions));
        ASSERT_TRUE(wait_until([&] { return here.ask("SELECT count(*)" + sessions) == "0"; }));
        // A connection that answered a moment ago is not looked at before it is used: the call may
        // be the one that notices.
        const auto said = told(jobs.read(id));
        if (said == "success") return;
        ASSERT_EQ(said, "error: cannot_connect");
        ASSERT_EQ(told(jobs.read(id)), "success");
    });
    EXPECT_EQ(ended, warm_up + reconnects);
}

TEST(reconnects, after_the_network_broke_leave_nothing_behind) {
    const place here;
    fault_proxy between(conninfo());
    auto db = sm::postgres::connect(here.by(between.conninfo()), {.connections = 1}).value();
    auto jobs = store_of(db);
    ASSERT_EQ(told(jobs.migrate()), "success");
    const auto id = jobs.submit({}).value()->id;
    expect_flat([&] {
        between.arm({.what = statemachine::tests::fault::cut_request, .bytes = 9});
        ASSERT_EQ(told(jobs.read(id)), "error: cannot_connect");
        ASSERT_EQ(told(jobs.read(id)), "success");
        between.disarm();
    });
    EXPECT_EQ(between.seen().faults, warm_up + reconnects);
    EXPECT_GE(between.seen().connections, warm_up + reconnects);
}

TEST(reconnects, of_a_listener_leave_nothing_behind) {
    const place here;
    fault_proxy between(conninfo());
    auto db = here.open();
    sm::postgres::listener bell(here.by(between.conninfo()), {.longest_wait = 5ms});
    bell.ring_for(db).value();
    const std::jthread thread([&](const std::stop_token& stop) { (void)bell.run(stop); });
    std::uint64_t times = 0;
    expect_flat([&] {
        ++times;
        ASSERT_TRUE(wait_until([&] { return bell.counts().connected >= times; }));
        between.cut();
        ASSERT_TRUE(wait_until([&] { return bell.counts().connected > times; }));
    });
    EXPECT_GE(between.seen().connections, warm_up + reconnects);
}

TEST(reconnects, let_work_go_on_within_five_seconds_after_the_server_is_back) {
    throwaway_postgres server;
    const place here(server.tcp_conninfo());
    auto db = here.open({.deadline = 2s});
    auto jobs = store_of(db);
    ASSERT_EQ(told(jobs.migrate()), "success");
    sm::postgres::listener bell(here.conninfo());
    bell.ring_for(db).value();
    std::atomic<int> done = 0, failed = 0;
    const std::jthread listens([&](const std::stop_token& stop) { (void)bell.run(stop); });
    const std::jthread works([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto seen = db.connection().wakeups().rings();
            const auto said = jobs.submit({});
            (said && said.value().applied() ? done : failed) += 1;
            db.connection().wakeups().wait(seen + 1, steady::now() + 100ms, stop);
        }
    });
    ASSERT_TRUE(wait_until([&] { return bell.counts().connected == 1 && done > 0; }));
    for (const bool in_order : {false, true}) {
        const int before = failed;
        in_order ? server.stop() : server.kill();
        ASSERT_TRUE(wait_until([&] { return failed >= before + 3; }));
        const auto connected = bell.counts().connected;
        const int so_far = done;
        server.start();
        const auto back = steady::now();
        EXPECT_TRUE(wait_until([&] { return done > so_far; }));
        EXPECT_LT(steady::now() - back, 5s);
        EXPECT_TRUE(wait_until([&] { return bell.counts().connected > connected; }));
        EXPECT_LT(steady::now() - back, 5s);
    }
}

}  // namespace
