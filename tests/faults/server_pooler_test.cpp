// PgBouncer in transaction mode goes on serving its clients while the server behind it is killed,
// stopped, has its sessions ended, or is a standby for a moment.
#include "workload.hpp"

#include "field/raw.hpp"
#include "support/pgbouncer.hpp"
#include "support/postgres_server.hpp"

#include <statemachine/postgres.hpp>

#include <fstream>

namespace {

using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::pgbouncer;
using statemachine::tests::throwaway_postgres;

constexpr int times = 2;

class server_pooler : public testing::Test {
protected:
    /// @param interrupt  what happens to the server, which takes writes again afterwards
    template <class Interrupt>
    void expect_to_outlast(Interrupt interrupt) {
        for (const auto seed : seeds()) {
            throwaway_postgres server;
            const pgbouncer pooler(server.conninfo());
            workload<database> load(
                [&] {
                    return sm::postgres::connect(pooler.conninfo(),
                                                 {.deadline = 2s, .transaction_pooling = true});
                },
                {.seed = seed});
            load.start();
            for (int i = 0; i < times; ++i) {
                interrupt(server, load);
                EXPECT_TRUE(load.goes_on(10));
            }
            EXPECT_TRUE(load.is_sound());
        }
    }
};

TEST_F(server_pooler, outlasts_a_server_that_is_killed_and_comes_back) {
    expect_to_outlast([](throwaway_postgres& server, workload<database>& load) {
        server.kill();
        EXPECT_TRUE(load.is_disturbed());
        server.start();
    });
}

TEST_F(server_pooler, outlasts_the_end_of_the_sessions_behind_it) {
    expect_to_outlast([](throwaway_postgres& server, workload<database>& load) {
        const field::raw by(server.conninfo());
        for (int ended = 0; ended < 5;) {
            ended += std::stoi(
                by.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                       "backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> "
                       "'idle'"));
        }
        static_cast<void>(load);
    });
}

// The worker, the sweeper and the relay of the workload must not take it for what a person has to
// mend.
TEST_F(server_pooler, outlasts_a_server_that_is_a_standby_for_a_moment) {
    expect_to_outlast([](throwaway_postgres& server, workload<database>& load) {
        server.stop();
        std::ofstream(server.directory() + "/data/standby.signal").close();
        server.start();
        const auto before = load.so_far().not_sent;
        EXPECT_TRUE(load.is_disturbed(20));
        EXPECT_GT(load.so_far().not_sent, before);
        server.promote();
    });
}

}  // namespace
