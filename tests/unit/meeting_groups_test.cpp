// Those who were served together, when they come back.
#include "meeting_callers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace statemachine::detail {
namespace {

TEST(meeting_groups, has_those_who_were_told_together_wait_for_each_other_when_they_come_back) {
    constexpr int others = 5;
    meeting at(1, 60s);
    std::atomic<int> leads{0};
    std::atomic<std::size_t> largest{0};
    const auto comes_back = [&] {
        caller again;
        if (!at.come(again)) return;
        const meeting::lead leading(at, again);
        ++leads;
        largest = std::max<std::size_t>(largest, leading.others().size());
    };
    std::vector<std::thread> all;
    caller first;
    ASSERT_TRUE(at.come(first));
    {
        const meeting::lead alone(at, first);
        for (int i = 0; i < others; ++i)
            all.emplace_back([&] {
                caller self;
                if (at.come(self)) {
                    const meeting::lead leading(at, self);
                    EXPECT_EQ(leading.others().size(), others - 1U);
                    // Half of it is what they are waited for.
                    std::this_thread::sleep_for(1s);
                }
                comes_back();
            });
        await_waiting(at, others);
    }
    for (std::thread& each : all) each.join();
    EXPECT_EQ(leads, 1);
    EXPECT_EQ(largest, others - 1U);
}

TEST(meeting_groups, waits_no_longer_than_half_as_long_for_who_does_not_come_back) {
    meeting at(1, 60s);
    caller first;
    ASSERT_TRUE(at.come(first));
    std::thread leaves, stays;
    std::chrono::steady_clock::duration took{};
    const auto begin = [&](bool comes_back) {
        caller self;
        if (at.come(self)) {
            const meeting::lead leading(at, self);
            std::this_thread::sleep_for(200ms);
        }
        if (!comes_back) return;
        caller again;
        const auto began = std::chrono::steady_clock::now();
        EXPECT_TRUE(at.come(again));
        took = std::chrono::steady_clock::now() - began;
        const meeting::lead leading(at, again);
    };
    {
        const meeting::lead alone(at, first);
        leaves = std::thread(begin, false);
        stays = std::thread(begin, true);
        await_waiting(at, 2);
    }
    leaves.join();
    stays.join();
    EXPECT_LT(took, 20s);
}

TEST(meeting_groups, waits_for_its_own_group_no_longer_where_another_is_served) {
    using clock = std::chrono::steady_clock;
    const int machines[2] = {}, step = 0;
    meeting at(1, 60s);
    std::atomic<bool> others_may_end{false}, has_come_back{false};
    clock::duration waited{};
    std::vector<std::thread> all;
    // Two of each, of whom one leads for both.
    const auto join = [&](const void* machine, auto while_leading, auto afterwards) {
        of_machine first(machine, &step);
        ASSERT_TRUE(at.come(first));
        const meeting::lead leading(at, first);
        const std::size_t before = at.waiting();
        for (int i = 0; i < 2; ++i)
            all.emplace_back([&at, &step, machine, while_leading, afterwards] {
                of_machine self(machine, &step);
                if (!at.come(self)) return;
                {
                    const meeting::lead own(at, self);
                    while_leading();
                }
                afterwards();
            });
        await_waiting(at, before + 2);
    };
    // It takes so long that more than a second is granted after it.
    const auto began = clock::now();
    join(
        &machines[1],
        [&] {
            while (!others_may_end) std::this_thread::yield();
        },
        [] {});
    while (clock::now() - began < 3s) std::this_thread::yield();
    join(
        &machines[0], [] { std::this_thread::sleep_for(400ms); },
        [&] {
            of_machine again(&machines[0], &step);
            const auto came = clock::now();
            EXPECT_TRUE(at.come(again));
            waited = clock::now() - came;
            const meeting::lead own(at, again);
            has_come_back = true;
        });
    while (at.waiting() == 0 && !has_come_back) std::this_thread::yield();
    others_may_end = true;
    for (std::thread& each : all) each.join();
    EXPECT_LT(waited, 1s);
}

}  // namespace
}  // namespace statemachine::detail
