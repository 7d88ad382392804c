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

void set(fronts& known, const front& begin) {
    known.found(&one, begin, known.ask(&one, start).round);
}
void claim(fronts& known, int times, const void* what = &one) {
    for (int i = 0; i < times; ++i) known.succeeded(what, 1);
}

/// Some time after so many claims.
fronts::advice asked_after(int claims, fronts::clock::duration later) {
    fronts known;
    known.ask(&one, start);
    claim(known, claims);
    return known.ask(&one, start + later);
}

TEST(fronts, are_looked_for_by_one_claim_where_there_are_many) {
    EXPECT_FALSE(fronts{}.ask(&one, start).look) << "nothing was claimed yet";
    for (const auto later : {fronts::clock::duration{0ms}, fronts::clock::duration{1s}}) {
        EXPECT_FALSE(asked_after(3, later).look);
        EXPECT_TRUE(asked_after(4, later).look);
    }
    fronts known;
    known.ask(&one, start);
    claim(known, 4);
    EXPECT_TRUE(known.ask(&one, start).look);
    EXPECT_FALSE(known.ask(&one, start).look) << "another claim does it already";
}

TEST(fronts, are_looked_for_from_the_beginning_no_more_than_once_a_second) {
    fronts known;
    known.ask(&one, start);
    for (const auto second : {0s, 1s, 2s}) {
        claim(known, 4);
        EXPECT_TRUE(known.ask(&one, start + second).look);
        known.forget(&one);
        claim(known, 100);
        EXPECT_FALSE(known.ask(&one, start + second + 999ms).look);
    }
}

TEST(fronts, are_looked_for_anew_each_second) {
    fronts known;
    known.ask(&one, start);
    set(known, somewhere);
    claim(known, 100);
    EXPECT_FALSE(known.ask(&one, start + 999ms).look);
    const auto anew = known.ask(&one, start + 1s);
    EXPECT_TRUE(anew.look);
    EXPECT_FALSE(anew.begin) << "from the beginning";
    EXPECT_FALSE(known.ask(&one, start + 1s).look) << "another claim does it already";
}

TEST(fronts, are_where_claims_begin_for_a_second) {
    fronts known;
    known.ask(&one, start);
    EXPECT_FALSE(known.ask(&one, start).begin);
    set(known, somewhere);
    const auto begin = known.ask(&one, start + 999ms).begin;
    ASSERT_TRUE(begin);
    EXPECT_EQ(begin->priority, 7);
    EXPECT_EQ(begin->run_at, somewhere.run_at);
    EXPECT_FALSE(known.ask(&one, start + 1s).begin);
    EXPECT_FALSE(known.ask(&one, start + 1001ms).begin) << "it had ended";
}

TEST(fronts, are_looked_for_from_the_last_one_on_after_some_hundred_jobs) {
    fronts known;
    known.ask(&one, start);
    known.succeeded(&one, 1000);
    EXPECT_FALSE(known.ask(&one, start).look) << "none is known yet";
    set(known, somewhere);
    known.succeeded(&one, 255);
    EXPECT_FALSE(known.ask(&one, start).look);
    known.succeeded(&one, 1);
    const auto step = known.ask(&one, start);
    EXPECT_TRUE(step.look);
    ASSERT_TRUE(step.begin);
    EXPECT_EQ(step.begin->run_at, somewhere.run_at);
    const auto meanwhile = known.ask(&one, start);
    EXPECT_FALSE(meanwhile.look) << "another claim does it already";
    EXPECT_TRUE(meanwhile.begin) << "the others begin where they did";
    EXPECT_FALSE(known.ask(&one, start + 1s).begin) << "it ends all the same";
}

TEST(fronts, are_forgotten_when_told_so) {
    fronts known;
    known.ask(&one, start);
    set(known, somewhere);
    known.forget(&one);
    EXPECT_FALSE(known.ask(&one, start).begin);
}

// Otherwise what was hidden for a second might be so for another.
TEST(fronts, that_were_looked_for_before_claims_began_anew_are_not_taken) {
    const front earlier{7, sm::timestamp{5s}};
    fronts known;
    set(known, somewhere);
    known.succeeded(&one, 256);
    const auto late = known.ask(&one, start + 990ms);
    ASSERT_TRUE(late.look);
    const auto anew = known.ask(&one, start + 1s);
    known.found(&one, somewhere, late.round);
    EXPECT_FALSE(known.ask(&one, start + 1s).begin);
    known.found(&one, earlier, anew.round);
    known.found(&one, somewhere, late.round);
    EXPECT_EQ(known.ask(&one, start + 1s).begin->run_at, earlier.run_at);
    known.forget(&one);
    known.found(&one, somewhere, anew.round);
    EXPECT_FALSE(known.ask(&one, start + 1s).begin);
}

TEST(fronts, are_those_of_one_claim) {
    fronts known;
    known.ask(&one, start);
    known.ask(&other, start);
    set(known, somewhere);
    claim(known, 16, &other);
    EXPECT_FALSE(known.ask(&one, start).look);
    const auto of_other = known.ask(&other, start);
    EXPECT_TRUE(of_other.look);
    EXPECT_FALSE(of_other.begin);
}

// The lock may be held by a thread that the child does not have.
TEST(fronts, hold_up_no_call_of_a_forked_child) {
    fronts known;
    std::jthread busy([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) known.succeeded(&one, 1);
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
