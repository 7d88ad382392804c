// More threads than connections, and calls that take long: who gets none is told so by the
// deadline.
#include "workload.hpp"

#include "field/work.hpp"

#include <algorithm>

namespace {

using namespace faults;
using database = sm::postgres::database;

constexpr auto deadline = 400ms;
constexpr auto slack = 4s;  // ten times the deadline, for a machine that does other things
constexpr int clients = 12;
constexpr int rounds = 3;

// Two of the server's own locks are enough to stop all who share the connections.
TEST(server_pool, that_is_exhausted_breaks_no_promise_and_keeps_its_deadline) {
    for (const auto seed : seeds()) {
        const field::place here;
        workload<database> load(
            [&] {
                return sm::postgres::connect(here.conninfo(),
                                             {.deadline = deadline, .connections = 2});
            },
            {.seed = seed, .clients = clients, .share_database = true});
        load.start();
        for (int i = 0; i < rounds; ++i) {
            here.run("BEGIN; LOCK TABLE fault_jobs IN EXCLUSIVE MODE");
            EXPECT_TRUE(load.is_disturbed(clients));
            here.run("COMMIT");
            EXPECT_TRUE(load.goes_on());
        }
        load.stop();
        EXPECT_TRUE(load.is_sound());
        const auto calls = load.seen().calls();
        const auto exhausted = std::count_if(calls.begin(), calls.end(), [](const auto& each) {
            return each.failed == sm::errc::pool_exhausted;
        });
        EXPECT_GE(exhausted, rounds);
        EXPECT_LT(load.so_far().longest_call, deadline + slack);
    }
}

}  // namespace
