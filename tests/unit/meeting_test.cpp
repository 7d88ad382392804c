#include "meeting_callers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace statemachine::detail {
namespace {

/// Comes, serves all that it gets when it leads, and counts what happened.
struct crowd {
    explicit crowd(std::size_t leaders, std::chrono::milliseconds patience = 60s)
        : at(leaders, patience) {}

    void join(const void* purpose = nullptr) {
        threads.emplace_back([this, purpose] {
            caller self(purpose);
            if (at.come(self)) {
                const meeting::lead leading(at, self);
                ++leads;
                for (meeting::visitor* const each : leading.others())
                    static_cast<caller*>(each)->served = true;
                largest = std::max<std::size_t>(largest, leading.others().size());
                self.served = true;
            }
            if (self.served) ++served;
        });
    }
    void finish() {
        for (std::thread& each : threads) each.join();
        threads.clear();
    }

    meeting at;
    std::vector<std::thread> threads;
    std::atomic<int> leads{0}, served{0};
    std::atomic<std::size_t> largest{0};
};

TEST(meeting, lets_a_lone_caller_lead_alone) {
    meeting at(1, 60s);
    for (int i = 0; i < 3; ++i) {
        caller self;
        ASSERT_TRUE(at.come(self));
        const meeting::lead leading(at, self);
        EXPECT_TRUE(leading.others().empty());
    }
}

TEST(meeting, lets_as_many_lead_at_once_as_it_was_told) {
    meeting at(2, 60s);
    caller first, second;
    ASSERT_TRUE(at.come(first));
    const meeting::lead one(at, first);
    ASSERT_TRUE(at.come(second));
    const meeting::lead two(at, second);
    EXPECT_TRUE(two.others().empty());
}

TEST(meeting, hands_all_that_wait_to_the_next_leader) {
    crowd many(1);
    {
        caller self;
        ASSERT_TRUE(many.at.come(self));
        const meeting::lead leading(many.at, self);
        for (int i = 0; i < 8; ++i) many.join();
        await_waiting(many.at, 8);
        EXPECT_EQ(many.served, 0);
    }
    many.finish();
    EXPECT_EQ(many.served, 8);
    EXPECT_LT(many.leads, 8);
    EXPECT_GE(many.largest, 1U);
}

TEST(meeting, keeps_those_apart_who_came_for_different_things) {
    const int purposes[2] = {};
    crowd many(1);
    {
        caller self;
        ASSERT_TRUE(many.at.come(self));
        const meeting::lead leading(many.at, self);
        for (int i = 0; i < 8; ++i) many.join(&purposes[i % 2]);
        await_waiting(many.at, 8);
    }
    many.finish();
    EXPECT_EQ(many.served, 8);
    EXPECT_GE(many.leads, 2);
    EXPECT_LE(many.largest, 3U);
}

TEST(meeting, does_not_wait_for_a_leader_that_takes_long) {
    crowd many(1, 5ms);
    caller stuck;
    ASSERT_TRUE(many.at.come(stuck));
    const meeting::lead leading(many.at, stuck);
    for (int i = 0; i < 4; ++i) many.join();
    many.finish();
    EXPECT_EQ(many.served, 4);
}

/// Who has to wait for a leader waits for a minute here, or for six seconds while it is brief.
template <class Call>
void expect_at_once(Call call) {
    const auto began = std::chrono::steady_clock::now();
    call();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

TEST(meeting, lets_another_owner_pass_by) {
    const int claim = 0;
    meeting at(1, 60s);
    caller mine(&claim, "me"), other(&claim, "another");
    ASSERT_TRUE(at.come(mine));
    const meeting::lead leading(at, mine);
    expect_at_once([&] { EXPECT_TRUE(at.come(other)); });
    const meeting::lead beside(at, other);
    EXPECT_TRUE(beside.others().empty());
}

TEST(meeting, keeps_owners_apart) {
    const int claim = 0;
    meeting at(1, 60s);
    std::atomic<int> served{0}, foreign{0};
    struct owned final : meeting::visitor {
        owned(const void* what, std::string_view whose)
            : visitor({nullptr, what, whose}, std::chrono::steady_clock::now() + 60s), by(whose) {}
        std::string_view by;
        std::atomic<bool> served{false};
    };
    const auto claims = [&](std::string_view owner) {
        for (int i = 0; i < 2'000; ++i) {
            owned self(&claim, owner);
            if (at.come(self)) {
                const meeting::lead leading(at, self);
                for (meeting::visitor* const each : leading.others()) {
                    foreign += static_cast<owned*>(each)->by != owner ? 1 : 0;
                    static_cast<owned*>(each)->served = true;
                }
                self.served = true;
            }
            served += self.served ? 1 : 0;
        }
    };
    std::vector<std::thread> all;
    for (const char* const owner : {"a", "a", "a", "b", "b", "c"})
        all.emplace_back(claims, std::string_view(owner));
    for (std::thread& each : all) each.join();
    EXPECT_EQ(foreign, 0);
    EXPECT_EQ(served, 12'000);
}

TEST(meeting, of_one_job_is_for_those_who_want_it) {
    const int claim = 0;
    meeting at(1, 60s);
    caller first(&claim, {}, 1), other(&claim, {}, 2), step(&claim);
    ASSERT_TRUE(at.come(first));
    const meeting::lead leading(at, first);
    expect_at_once([&] { EXPECT_TRUE(at.come(other)); });
    const meeting::lead beside(at, other);
    expect_at_once([&] { EXPECT_TRUE(at.come(step)); });
    const meeting::lead besides(at, step);
}

TEST(meeting, hands_those_who_want_one_job_to_the_next_of_them) {
    const int claim = 0;
    meeting at(1, 60s);
    std::atomic<int> led{0}, taken{0};
    std::vector<std::thread> all;
    caller first(&claim, {}, 1);
    ASSERT_TRUE(at.come(first));
    {
        const meeting::lead leading(at, first);
        for (int i = 0; i < 4; ++i)
            all.emplace_back([&] {
                caller self(&claim, {}, 1);
                if (!at.come(self)) return;
                const meeting::lead next(at, self);
                ++led;
                taken += static_cast<int>(next.others().size());
            });
        await_waiting(at, 4);
    }
    for (std::thread& each : all) each.join();
    EXPECT_EQ(led, 1);
    EXPECT_EQ(taken, 3);
}

TEST(meeting, lets_no_leader_take_those_whose_time_ends_sooner_or_later) {
    using moment = meeting::moment;
    const int claim = 0;
    struct ending final : meeting::visitor {
        ending(const void* what, moment until) : visitor({nullptr, what}, until) {}
    };
    meeting at(1, 5s);
    const auto now = std::chrono::steady_clock::now();
    std::atomic<int> shared{0};
    std::vector<std::thread> all;
    caller first(&claim);
    ASSERT_TRUE(at.come(first));
    {
        const meeting::lead leading(at, first);
        for (const auto length : {60s, 80s, 100s})
            all.emplace_back([&, length] {
                ending self(&claim, now + length);
                if (!at.come(self)) return;
                const meeting::lead next(at, self);
                shared += static_cast<int>(next.others().size());
            });
        await_waiting(at, 3);
    }
    expect_at_once([&] {
        for (std::thread& each : all) each.join();
    });
    EXPECT_EQ(shared, 0);
}

TEST(meeting, has_no_machine_wait_for_another) {
    const int machines[2] = {}, step = 0;
    meeting at(1, 60s);
    of_machine one(&machines[0], &step), other(&machines[1], &step);
    ASSERT_TRUE(at.come(one));
    const meeting::lead leading(at, one);
    expect_at_once([&] { EXPECT_TRUE(at.come(other)); });
    const meeting::lead beside(at, other);
}

// One that takes a tenth of the patience has the others go beside it.
TEST(meeting, has_those_wait_for_another_statement_while_statements_are_brief) {
    const int steps[2] = {};
    meeting at(1, 10s);
    caller first(&steps[0]), other(&steps[1]), next(&steps[0]), last(&steps[1]);
    ASSERT_TRUE(at.come(first));
    {
        const meeting::lead leading(at, first);
        const auto began = std::chrono::steady_clock::now();
        EXPECT_TRUE(at.come(other));
        EXPECT_GT(std::chrono::steady_clock::now() - began, 900ms);
        const meeting::lead beside(at, other);
    }
    ASSERT_TRUE(at.come(next));
    const meeting::lead leading(at, next);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(at.come(last));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 900ms);
    const meeting::lead beside(at, last);
}

TEST(meeting, serves_everyone_under_load) {
    constexpr int threads = 8;
    constexpr int rounds = 2'000;
    meeting at(2, 60s);
    std::atomic<int> served{0};
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i)
        all.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                caller self;
                if (at.come(self)) {
                    const meeting::lead leading(at, self);
                    for (meeting::visitor* const each : leading.others())
                        static_cast<caller*>(each)->served = true;
                    self.served = true;
                }
                if (self.served) ++served;
            }
        });
    for (std::thread& each : all) each.join();
    EXPECT_EQ(served, threads * rounds);
}

}  // namespace
}  // namespace statemachine::detail
