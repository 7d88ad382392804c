// The shipped statements under faults, and the same with a guard taken out.
#include "busy_queue.hpp"
#include "conformance/mutants.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace simulated;
using sm::testing::seeds_to_try;
using sm::testing::simulate;
using sm::testing::simulate_seed;
using sm::testing::simulated;

simulated many(std::size_t seeds, const sm::testing::simulation_options& how = {}) {
    return simulate<queue::machine>(seeds, set_up_busy_queue, how);
}

/// Where a failed run can be looked at afterwards.
void keep(const simulated& run) {
    if (run.sound()) return;
    const std::string name = "history-" + std::to_string(run.seed) + ".txt";
    std::ofstream(name) << run.text();
    std::cout << "the history of seed " << run.seed << " is in " << name << "\n";
}

TEST(simulated_queue, keeps_every_promise_under_faults) {
    const simulated tried = many(seeds_to_try(250));
    keep(tried);
    EXPECT_TRUE(tried.sound()) << tried.text();
    std::cout << tried.text();

    // That much went wrong, and was survived.
    const auto& faults = tried.faults;
    for (const std::size_t count : {faults.refused, faults.requests_lost, faults.requests_late,
                                    faults.replies_lost, faults.replies_late, faults.commits_failed,
                                    faults.pauses, faults.crashes, faults.crashes_in_flight})
        EXPECT_GE(count, tried.seeds / 100);
    EXPECT_GE(tried.jobs, 4 * tried.seeds);
}

TEST(simulated_queue, repeats_a_seed_exactly) {
    std::set<std::string> different;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const simulated once = simulate_seed<queue::machine>(seed, set_up_busy_queue);
        const simulated again = simulate_seed<queue::machine>(seed, set_up_busy_queue);
        ASSERT_EQ(once.history, again.history) << "seed " << seed;
        different.insert(once.history);
    }
    EXPECT_EQ(different.size(), 10U);
}

/// A library with a guard less, found by its seeds.
class simulated_mutant : public ::testing::TestWithParam<const char*> {
public:
    simulated_mutant() { setenv("STATEMACHINE_MUTANT", GetParam(), 1); }
    ~simulated_mutant() override { unsetenv("STATEMACHINE_MUTANT"); }

    static sm::testing::simulation_options weakened() {
        sm::testing::simulation_options how;
        how.between = [](sm::session& inner) { return conformance::mutate(inner); };
        how.time_limit = 30min;
        return how;
    }
};

TEST_P(simulated_mutant, is_found_and_its_seed_shows_it_again) {
    ASSERT_NE(conformance::chosen_mutant(), nullptr);
    const simulated found = many(100, weakened());
    ASSERT_FALSE(found.sound()) << "in " << found.seeds << " seeds";
    const simulated again =
        simulate_seed<queue::machine>(found.seed, set_up_busy_queue, weakened());
    EXPECT_EQ(found.history, again.history);
    EXPECT_FALSE(again.sound());
    std::cout << "seed " << found.seed << ": " << found.breaches.front().text() << "\n";
}

INSTANTIATE_TEST_SUITE_P(of, simulated_mutant,
                         ::testing::Values("step_without_epoch", "step_without_state",
                                           "change_without_log", "version_stands_still",
                                           "control_without_state", "renewal_without_epoch",
                                           "claim_without_lease_guard", "claim_keeps_epoch",
                                           "claim_without_maximum", "claim_without_limit",
                                           "token_without_both", "token_not_recorded",
                                           "sweep_without_lease_guard", "step_keeps_lease"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
