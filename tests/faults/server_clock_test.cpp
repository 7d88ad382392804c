// The server's clock jumps, an hour and more in either direction, while everything runs.
//
// Only the database's clock decides, so what holds is said in its readings, and the checker reads
// them in the log: nobody claims or sweeps a job whose lease ends later than the clock reads then,
// and no lease is cut short that its holder was told of. A jump forwards ends every lease at once:
// that is no breach, the fence keeps the late runs out. A jump backwards prolongs leases and delays
// by its length, as nobody can tell them from long ones: jobs end that much later, so the clock is
// set far ahead before they are awaited.
//
// A statement reads the clock when it begins, to search, and once more when it writes. Were the
// clock set back in between, the log would show a claim before the end of a lease that was over
// when it was looked at. So the clock is set back while no statement is under way, and ahead at any
// time.
#include "workload.hpp"

#include "field/raw.hpp"
#include "support/postgres_server.hpp"
#include "support/proxy.hpp"

#include <statemachine/postgres.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

namespace fs = std::filesystem;
using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::fault_proxy;
using statemachine::tests::throwaway_postgres;
using statemachine::tests::wait_until;

constexpr int rounds = 2;
constexpr int farthest = 7'200;  // seconds, in either direction

/// The library that fakes the clock of a program; empty where there is none.
std::string faketime() {
    std::error_code none;
    for (const auto* place : {"/usr/lib", "/usr/local/lib"})
        for (fs::directory_iterator each(place, none), end; each != end; each.increment(none))
            for (const auto& found : {each->path() / "faketime" / "libfaketime.so.1",
                                      each->path() / "libfaketime.so.1"})
                if (fs::exists(found, none)) return found.string();
    return "";
}

/// What a server's clock shows beside the real one, in a file that it looks into each time.
class clock_offset {
public:
    clock_offset() {
        std::string name = (fs::temp_directory_path() / "clock-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = name;
        fs::permissions(directory_, fs::perms::owner_all | fs::perms::others_read |
                                        fs::perms::others_exec | fs::perms::group_read |
                                        fs::perms::group_exec);
        set(0);
    }
    ~clock_offset() { fs::remove_all(directory_); }
    clock_offset(const clock_offset&) = delete;
    clock_offset& operator=(const clock_offset&) = delete;

    void set(int seconds) const {
        const fs::path next = directory_ / "next";
        std::ofstream(next) << (seconds < 0 ? "" : "+") << seconds << '\n';
        fs::rename(next, directory_ / "offset");
    }

    /// Runs a program under it. What measures spans of time is left alone.
    std::vector<std::string> command(const std::string& library) const {
        return {"env",
                "LD_PRELOAD=" + library,
                "FAKETIME_TIMESTAMP_FILE=" + (directory_ / "offset").string(),
                "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1",
                "DONT_FAKE_MONOTONIC=1"};
    }

private:
    fs::path directory_;
};

long seconds_of(const field::raw& by) {
    return std::stol(by.ask("SELECT extract(epoch FROM clock_timestamp())::bigint"));
}

TEST(server_clock, that_jumps_breaks_no_promise) {
    const std::string library = faketime();
    if (library.empty()) {
        std::cerr << "*** SKIPPED, and clock jumps are NOT tested: libfaketime is missing; on "
                     "Debian: apt-get install libfaketime ***\n";
        GTEST_SKIP() << "libfaketime is missing";
    }
    for (const auto seed : seeds()) {
        const clock_offset clock;
        throwaway_postgres server({}, clock.command(library));
        fault_proxy between(server.conninfo());
        workload<database> load(
            [&] { return sm::postgres::connect(between.conninfo(), {.deadline = 3s}); },
            {.seed = seed});
        const field::raw by(server.conninfo());
        std::mt19937_64 random(seed);
        const auto within = [&](int from, int to) {
            return from + static_cast<int>(random() % static_cast<std::uint64_t>(to - from));
        };
        const auto jump = [&](int from, int to) {
            const long before = seconds_of(by);
            clock.set(to);
            EXPECT_NEAR(static_cast<double>(seconds_of(by) - before), to - from, 60);
            load.seen().remark("the clock jumps by " + std::to_string(to - from) + " seconds");
        };
        load.start();
        int offset = 0;
        for (int round = 0; round < rounds; ++round) {
            const int ahead = within(offset + 60, farthest);
            jump(offset, ahead);
            EXPECT_TRUE(load.goes_on(20));
            offset = within(-farthest, ahead - 60);
            between.pause();
            EXPECT_TRUE(wait_until([&] {
                return by.ask(
                           "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                           "'statemachine' AND state = 'active'") == "0";
            }));
            jump(ahead, offset);
            between.resume();
            EXPECT_TRUE(load.goes_on(20));
        }
        load.stop();
        jump(offset, 2 * farthest);
        EXPECT_TRUE(load.is_sound());
        // Jobs were submitted on both sides of each jump.
        const auto set_back = by.ask(
            "SELECT count(*) FROM (SELECT at - lag(at) OVER (ORDER BY job) AS step FROM "
            "fault_jobs_log WHERE version = 1) AS submits WHERE step < interval '-30 seconds'");
        EXPECT_GE(std::stol(set_back), rounds);
    }
}

}  // namespace
