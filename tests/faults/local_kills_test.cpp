// Processes are killed at random, and at each step of each call. What they were told is true, what
// they were at is done or not, and others go on.
#include "local_after.hpp"
#include "local_backends.hpp"

#include <deque>
#include <thread>

namespace {

using namespace faults;

template <class Backend>
class kills_at_random : public testing::Test {};
TYPED_TEST_SUITE(kills_at_random, conformance::backends, conformance::backend_names);

TYPED_TEST(kills_at_random, of_clients_and_workers_lose_and_repeat_nothing) {
    for (const auto seed : seeds()) {
        auto random = random_of(seed);
        const own_place<TypeParam> here;
        crew clients(here.at, seed);
        std::deque<program> workers;
        for (int i = 0; i < 3; ++i) clients.start(2);
        for (std::size_t round = 0; round < 6; ++round) {
            ASSERT_TRUE(clients.is_at_work(3000));
            auto& worker = workers.emplace_back(
                here.worker("worker-" + std::to_string(round), 2, static_cast<int>(random() % 20)));
            ASSERT_NE(worker.line(), "") << "the worker got no work";
            std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
            worker.kill();
            clients.programs()[round].kill();
            clients.start(2);
        }
        ASSERT_TRUE(clients.is_at_work(3000));
        clients.kill_all();
        const auto told = clients.so_far();
        std::cout << told << '\n';
        EXPECT_GT(told.acknowledged, 100U);
        EXPECT_GT(told.unsettled, 0U) << "nobody was killed in the middle of a call";
        EXPECT_TRUE(
            goes_on_soundly<typename own_place<TypeParam>::database>(here.at, seed, clients));
    }
}

}  // namespace
