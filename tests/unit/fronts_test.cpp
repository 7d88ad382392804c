// When claims look for the front, and how long they begin there.
#include <statemachine/detail/fronts.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace {

namespace sm = statemachine;
using namespace std::chrono_literals;
using sm::detail::front;
using sm::detail::fronts;

constexpr int one{}, other{};
constexpr front somewhere{7, sm::timestamp{99s}};
const fronts::clock::time_point start{1h};

void claim(fronts& known, int times, const void* what = &one) {
    for (int i = 0; i < times; ++i) known.succeeded(what);
}

/// After a second with so many claims.
fronts::advice asked_after(int claims) {
    fronts known;
    known.ask(&one, start);
    claim(known, claims);
    return known.ask(&one, start + 1s);
}

TEST(fronts, are_looked_for_by_one_claim_a_second_where_there_are_many) {
    EXPECT_FALSE(fronts{}.ask(&one, start).look) << "nothing was claimed yet";
    EXPECT_FALSE(asked_after(15).look);
    EXPECT_TRUE(asked_after(16).look);
    fronts known;
    known.ask(&one, start);
    claim(known, 100);
    EXPECT_FALSE(known.ask(&one, start + 999ms).look);
    EXPECT_TRUE(known.ask(&one, start + 1s).look);
    EXPECT_FALSE(known.ask(&one, start + 1s).look) << "another claim does it already";
}

TEST(fronts, are_where_claims_begin_for_a_second) {
    fronts known;
    known.ask(&one, start);
    EXPECT_FALSE(known.ask(&one, start).begin);
    known.set(&one, somewhere);
    const auto begin = known.ask(&one, start + 999ms).begin;
    ASSERT_TRUE(begin);
    EXPECT_EQ(begin->priority, 7);
    EXPECT_EQ(begin->run_at, somewhere.run_at);
    EXPECT_FALSE(known.ask(&one, start + 1s).begin);
    EXPECT_FALSE(known.ask(&one, start + 1001ms).begin) << "it had ended";
}

TEST(fronts, are_forgotten_when_told_so) {
    fronts known;
    known.ask(&one, start);
    known.set(&one, somewhere);
    known.set(&one, {});
    EXPECT_FALSE(known.ask(&one, start).begin);
}

TEST(fronts, are_those_of_one_claim) {
    fronts known;
    known.ask(&one, start);
    known.ask(&other, start);
    known.set(&one, somewhere);
    claim(known, 16, &other);
    EXPECT_FALSE(known.ask(&other, start).begin);
    EXPECT_FALSE(known.ask(&one, start + 1s).look);
    EXPECT_TRUE(known.ask(&other, start + 1s).look);
}

// The lock may be held by a thread that the child does not have.
TEST(fronts, hold_up_no_call_of_a_forked_child) {
    fronts known;
    std::jthread busy([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) known.succeeded(&one);
    });
    for (int i = 0; i < 50; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(5);
            (void)known.ask(&one, start);
            _exit(0);
        }
        int ended = 0;
        ASSERT_EQ(waitpid(child, &ended, 0), child);
        ASSERT_EQ(ended, 0) << "after " << i;
    }
}

}  // namespace
