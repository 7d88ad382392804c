#include "turn.hpp"

#include "sharing.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

namespace lite = statemachine::sqlite;
using lite::turnstile;
using namespace std::chrono_literals;

const auto nobody = [](statemachine::executor&) -> statemachine::result<statemachine::verdict> {
    return statemachine::verdict::commit;
};

auto in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

void await_waiters(const turnstile& at, std::size_t count) {
    while (at.waiting() != count) std::this_thread::yield();
}

/// A caller on a thread of its own, which leaves at once.
class passer_by {
public:
    passer_by(turnstile& at, statemachine::steady_time until, lite::shared_call* work = nullptr)
        : thread_([this, &at, until, work] {
              turnstile::caller self(until, work);
              const lite::turn mine(at, self);
              how_ = mine.how();
              passed_ = true;
          }) {}
    ~passer_by() {
        if (thread_.joinable()) thread_.join();
    }
    passer_by(const passer_by&) = delete;
    passer_by& operator=(const passer_by&) = delete;

    turnstile::entry how() {
        thread_.join();
        return how_;
    }
    bool passed() const { return passed_; }

private:
    std::atomic<bool> passed_ = false;
    turnstile::entry how_{};
    std::thread thread_;
};

TEST(sqlite_turnstile, takes_no_work_whose_deadline_has_passed) {
    turnstile at;
    turnstile::caller inside(in(1h));
    ASSERT_EQ(at.enter(inside), turnstile::entry::taken);
    lite::shared_call call{nobody};
    const auto until = in(1h);
    passer_by other(at, until, &call);
    await_waiters(at, 1);
    EXPECT_EQ(at.take_work(until), nullptr);
    EXPECT_EQ(at.take_work(until - 1ns), &call);
    EXPECT_EQ(at.take_work(until - 1ns), nullptr);
    at.leave();
    EXPECT_EQ(other.how(), turnstile::entry::served);
}

TEST(sqlite_turnstile, takes_no_work_of_those_who_came_to_do_it_themselves) {
    turnstile at;
    turnstile::caller inside(in(1h));
    ASSERT_EQ(at.enter(inside), turnstile::entry::taken);
    passer_by other(at, in(1h));
    await_waiters(at, 1);
    EXPECT_EQ(at.take_work(in(0ms)), nullptr);
    at.leave();
    EXPECT_EQ(other.how(), turnstile::entry::taken);
}

TEST(sqlite_turnstile, lets_nobody_push_in_before_one_that_waits_for_long) {
    turnstile at;
    turnstile::caller first(in(1h));
    ASSERT_EQ(at.enter(first), turnstile::entry::taken);
    passer_by other(at, in(1h));
    await_waiters(at, 1);
    const auto long_enough = in(5ms);
    while (std::chrono::steady_clock::now() < long_enough) std::this_thread::yield();
    at.leave();
    turnstile::caller again(in(1h));
    ASSERT_EQ(at.enter(again), turnstile::entry::taken);
    EXPECT_TRUE(other.passed());
    at.leave();
}

TEST(sqlite_turnstile, forgets_who_left_at_the_deadline) {
    turnstile at;
    turnstile::caller inside(in(1h));
    ASSERT_EQ(at.enter(inside), turnstile::entry::taken);
    lite::shared_call call{nobody};
    passer_by other(at, in(1ms), &call);
    EXPECT_EQ(other.how(), turnstile::entry::too_late);
    EXPECT_EQ(at.waiting(), 0U);
    EXPECT_EQ(at.take_work(in(-1h)), nullptr);
    at.leave();
}

TEST(sqlite_turnstile, knows_the_thread_that_is_inside) {
    turnstile at;
    turnstile::caller inside(in(1h));
    ASSERT_EQ(at.enter(inside), turnstile::entry::taken);
    turnstile::caller again(in(1h));
    EXPECT_EQ(at.enter(again), turnstile::entry::nested);
    at.leave();
}

}  // namespace
