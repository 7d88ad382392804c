// The server ends sessions and cancels statements at random moments: by an operator, its limits, or
// what an operating system does to one process of it.
#include "workload.hpp"

#include "field/work.hpp"

namespace {

using namespace faults;
using database = sm::postgres::database;

constexpr int rounds = 12;
constexpr int most_rounds = 400;  // each one a few milliseconds
constexpr int most_tries = 10'000;

/// Does it to each session of the workload that is at a statement, as far as chance will have it.
/// @return to how many
int strike(const field::place& on, const std::string& function) {
    for (int tries = 0; tries < most_tries; ++tries) {
        const int struck =
            std::stoi(on.ask("SELECT count(" + function +
                             "(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "
                             "application_name = "
                             "'statemachine' AND state <> 'idle' AND random() < 0.5"));
        if (struck > 0) return struck;
    }
    return 0;
}

void expect_to_outlast(const std::string& function) {
    for (const auto seed : seeds()) {
        const field::place here;
        here.run("SELECT setseed(" + std::to_string(1.0 / static_cast<double>(seed)) + ")");
        workload<database> load([&] { return sm::postgres::connect(here.conninfo()); },
                                {.seed = seed});
        load.start();
        int struck = 0;
        const auto disturbed = [&load] {
            const auto counted = load.so_far();
            return counted.unknown + counted.not_sent;
        };
        // Most statements have ended by the time that the server cancels them.
        for (int round = 0; round < rounds || (disturbed() == 0 && round < most_rounds); ++round) {
            struck += strike(here, function);
            EXPECT_TRUE(load.goes_on(1));
        }
        EXPECT_GE(struck, rounds);
        EXPECT_GT(disturbed(), 0U);
        EXPECT_TRUE(load.is_sound());
    }
}

TEST(server_sessions, that_are_terminated_break_no_promise) {
    expect_to_outlast("pg_terminate_backend");
}

TEST(server_sessions, whose_statements_are_cancelled_break_no_promise) {
    expect_to_outlast("pg_cancel_backend");
}

}  // namespace
