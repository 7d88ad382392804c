#include <statemachine/detail/meeting.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace statemachine::detail {
namespace {

using namespace std::chrono_literals;

struct caller final : meeting::visitor {
    explicit caller(const void* purpose = nullptr)
        : visitor(purpose, std::chrono::steady_clock::now() + 60s) {}
    std::atomic<bool> served{false};
};

/// Comes, serves all that it gets when it leads, and counts what happened.
struct crowd {
    explicit crowd(std::size_t leaders, std::chrono::milliseconds patience = 60s)
        : at(leaders, patience) {}

    void join(const void* purpose = nullptr) {
        threads.emplace_back([this, purpose] {
            caller self(purpose);
            ++came;
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
    /// Until all that joined wait inside: what they do before it is nothing that takes time.
    void settle(int count) const {
        while (came < count) std::this_thread::yield();
        std::this_thread::sleep_for(20ms);
    }
    void finish() {
        for (std::thread& each : threads) each.join();
        threads.clear();
    }

    meeting at;
    std::vector<std::thread> threads;
    std::atomic<int> came{0}, leads{0}, served{0};
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
        many.settle(8);
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
        many.settle(8);
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
