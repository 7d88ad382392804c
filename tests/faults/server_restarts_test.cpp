// The server dies or is stopped, recovers and comes back on the same port, with fsync on.
#include "workload.hpp"

#include "field/raw.hpp"
#include "support/postgres_server.hpp"

#include <statemachine/postgres.hpp>

#include <fstream>
#include <iterator>

namespace {

using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::throwaway_postgres;
using statemachine::tests::wait_until;

class server_restarts : public testing::Test {
protected:
    /// @param interrupt  ends the server and leaves it running again
    template <class Interrupt>
    void expect_to_outlast(int times, Interrupt interrupt) {
        for (const auto seed : seeds()) {
            throwaway_postgres server({"fsync = on", "full_page_writes = on"});
            workload<database> load(
                [&] { return sm::postgres::connect(server.tcp_conninfo(), {.deadline = 2s}); },
                {.seed = seed});
            load.start();
            for (int i = 0; i < times; ++i) {
                EXPECT_TRUE(load.goes_on(20));
                interrupt(server, load);
                EXPECT_TRUE(load.goes_on());
            }
            EXPECT_TRUE(load.is_sound());
            recoveries = count_in(server.directory() + "/log", "automatic recovery in progress");
        }
    }

    static int count_in(const std::string& file, const std::string& text) {
        std::ifstream stream(file);
        const std::string all(std::istreambuf_iterator<char>(stream), {});
        int found = 0;
        for (auto at = all.find(text); at != all.npos; at = all.find(text, at + 1)) ++found;
        return found;
    }

    int recoveries = 0;  ///< that the server's own log tells of, with the last seed
};

TEST_F(server_restarts, after_a_kill_lose_nothing_that_was_acknowledged) {
    expect_to_outlast(2, [](throwaway_postgres& server, workload<database>& load) {
        server.kill();
        EXPECT_TRUE(load.is_disturbed(3));
        server.start();
    });
    EXPECT_EQ(recoveries, 2);
}

TEST_F(server_restarts, after_an_immediate_stop_lose_nothing_that_was_acknowledged) {
    expect_to_outlast(2, [](throwaway_postgres& server, workload<database>& load) {
        server.abort();
        EXPECT_TRUE(load.is_disturbed(3));
        server.start();
    });
    EXPECT_EQ(recoveries, 2);
}

TEST_F(server_restarts, after_a_fast_stop_lose_nothing_that_was_acknowledged) {
    expect_to_outlast(2, [](throwaway_postgres& server, workload<database>& load) {
        server.stop();
        EXPECT_TRUE(load.is_disturbed(3));
        server.start();
    });
    EXPECT_EQ(recoveries, 0);
}

// The postmaster then ends all sessions and has the server recover, without ending itself.
TEST_F(server_restarts, after_one_of_its_processes_was_killed_lose_nothing_that_was_acknowledged) {
    expect_to_outlast(2, [](throwaway_postgres& server, workload<database>& load) {
        const field::raw by(server.conninfo());
        const std::string busy =
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'statemachine' AND state <> "
            "'idle' LIMIT 1";
        pid_t victim = 0;
        EXPECT_TRUE(wait_until([&] { return (victim = std::atoi(by.ask(busy).c_str())) > 0; }));
        ::kill(victim, SIGKILL);
        EXPECT_TRUE(wait_until([&] { return !by.runs("SELECT 1"); }));
        static_cast<void>(load);
    });
    EXPECT_EQ(recoveries, 2);
}

}  // namespace
