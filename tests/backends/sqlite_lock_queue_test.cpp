#include "lock_queue.hpp"

#include "sqlite_fixture.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <thread>

namespace {

namespace lite = statemachine::sqlite;
using lite::lock_queue;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

auto in(std::chrono::milliseconds time) { return steady_clock::now() + time; }

class sqlite_lock_queue : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_FALSE(lock_queue::place_of(file).empty())
            << "these tests need Linux with /proc: there are no locks to share between processes";
    }

    /// Runs in a process of its own, and ends without a destructor.
    template <class Body>
    pid_t start(Body body) {
        const pid_t child = fork();
        if (child == 0) {
            body();
            _exit(0);
        }
        return child;
    }

    std::filesystem::path made(const char* name) const {
        std::ofstream(dir / name) << "some";
        return dir / name;
    }

    sqlite_test::directory dir;
    std::filesystem::path file = made("jobs.db");
    lock_queue mine{file};
    lock_queue other{file};
};

TEST_F(sqlite_lock_queue, lets_one_in_after_another) {
    ASSERT_TRUE(mine.enter(in(1h)));
    std::atomic<bool> left = false;
    auto entered = std::async(std::launch::async, [&] {
        const bool is_in = other.enter(in(1h));
        EXPECT_TRUE(left);
        if (is_in) other.leave();
        return is_in;
    });
    EXPECT_EQ(entered.wait_for(10ms), std::future_status::timeout);
    left = true;
    mine.leave();
    EXPECT_TRUE(entered.get());
}

TEST_F(sqlite_lock_queue, does_not_let_one_in_again_before_who_waits) {
    int rounds[2] = {};
    std::atomic<bool> over = false;
    std::atomic<int> ready = 0;
    const auto take_turns = [&](lock_queue& at, int& own) {
        ++ready;
        while (ready < 2) std::this_thread::yield();
        while (!over && at.enter(in(1h))) {
            if (++own == 200) over = true;
            std::this_thread::sleep_for(100us);
            at.leave();
        }
    };
    std::thread neighbour([&] { take_turns(other, rounds[1]); });
    take_turns(mine, rounds[0]);
    neighbour.join();
    EXPECT_GT(std::min(rounds[0], rounds[1]), 100) << rounds[0] << " and " << rounds[1];
}

TEST_F(sqlite_lock_queue, goes_on_after_a_process_that_died_inside) {
    const pid_t child = start([&] {
        lock_queue own(file);
        if (!own.enter(in(1h))) _exit(1);
        raise(SIGKILL);
    });
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(mine.enter(in(0ms)));
        mine.leave();
    }
}

TEST_F(sqlite_lock_queue, goes_on_for_who_waits_while_the_process_inside_dies) {
    // A busy machine may take longer over it than anybody waits for who stands still.
    auto took = steady_clock::duration::max();
    bool entered = false;
    for (int tries = 0; tries < 20 && took > 150ms; ++tries) {
        int inside[2];
        ASSERT_EQ(pipe(inside), 0);
        const pid_t child = start([&] {
            lock_queue own(file);
            const char answer = own.enter(in(1h)) ? 'y' : 'n';
            if (write(inside[1], &answer, 1) == 1) pause();
        });
        char answer = 0;
        ASSERT_EQ(read(inside[0], &answer, 1), 1);
        ASSERT_EQ(answer, 'y');
        const auto before = steady_clock::now();
        auto waiter = std::async(std::launch::async, [&] {
            lock_queue own(file);
            const bool is_in = own.enter(in(1h));
            if (is_in) own.leave();
            return is_in;
        });
        EXPECT_EQ(waiter.wait_for(10ms), std::future_status::timeout);
        kill(child, SIGKILL);
        took = steady_clock::now() - before;
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
        entered = waiter.get();
        for (const int end : inside) close(end);
    }
    EXPECT_TRUE(entered);
}

TEST_F(sqlite_lock_queue, is_given_up_where_a_process_inside_stands_still) {
    int inside[2];
    ASSERT_EQ(pipe(inside), 0);
    const pid_t child = start([&] {
        lock_queue own(file);
        const char answer = own.enter(in(1h)) ? 'y' : 'n';
        if (write(inside[1], &answer, 1) == 1) raise(SIGSTOP);
        own.leave();
    });
    char answer = 0;
    ASSERT_EQ(read(inside[0], &answer, 1), 1);
    ASSERT_EQ(answer, 'y');
    EXPECT_FALSE(mine.enter(in(1h)));
    const auto before = steady_clock::now();
    EXPECT_FALSE(mine.enter(in(1h)));
    EXPECT_LT(steady_clock::now() - before, 100ms) << "it waited once more for who stands still";
    kill(child, SIGCONT);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(mine.enter(in(0ms)));
    mine.leave();
    for (const int end : inside) close(end);
}

TEST_F(sqlite_lock_queue, holds_nobody_beyond_the_deadline) {
    ASSERT_TRUE(mine.enter(in(1h)));
    EXPECT_FALSE(std::async(std::launch::async, [&] { return other.enter(in(20ms)); }).get());
    mine.leave();
}

TEST_F(sqlite_lock_queue, is_not_given_up_for_a_deadline_that_was_short) {
    ASSERT_TRUE(mine.enter(in(1h)));
    std::atomic<bool> tried = false;
    auto entered = std::async(std::launch::async, [&] {
        EXPECT_FALSE(other.enter(in(5ms)));
        tried = true;
        const bool is_in = other.enter(in(1h));
        if (is_in) other.leave();
        return is_in;
    });
    while (!tried) std::this_thread::yield();
    EXPECT_EQ(entered.wait_for(10ms), std::future_status::timeout);
    mine.leave();
    EXPECT_TRUE(entered.get());
}

TEST_F(sqlite_lock_queue, lets_a_thread_that_is_inside_in_no_second_time) {
    ASSERT_TRUE(mine.enter(in(1h)));
    EXPECT_FALSE(other.enter(in(1h)));
    mine.leave();
}

TEST_F(sqlite_lock_queue, is_one_for_each_file) {
    lock_queue another(made("other.db"));
    ASSERT_TRUE(mine.enter(in(1h)));
    EXPECT_TRUE(another.enter(in(0ms)));
    another.leave();
    mine.leave();
}

TEST_F(sqlite_lock_queue, leaves_nothing_behind) {
    const std::string place = lock_queue::place_of(file);
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(place).permissions(), perms::owner_read | perms::owner_write);
    mine = lock_queue();
    EXPECT_TRUE(std::filesystem::exists(place));
    other = lock_queue();
    EXPECT_FALSE(std::filesystem::exists(place));
    lock_queue fresh(file);
    EXPECT_TRUE(fresh.enter(in(0ms)));
    fresh.leave();
}

TEST_F(sqlite_lock_queue, that_somebody_removed_is_made_anew_and_stays) {
    const std::string place = lock_queue::place_of(file);
    std::filesystem::remove(place);
    const lock_queue fresh(file);
    mine = lock_queue();
    other = lock_queue();
    EXPECT_TRUE(std::filesystem::exists(place));
}

TEST_F(sqlite_lock_queue, is_found_beside_those_that_close_it) {
    mine = lock_queue();
    other = lock_queue();
    const auto misses = [&] {
        int missed = 0;
        for (int i = 0; i < 2000; ++i) {
            lock_queue own(file);
            if (own.enter(in(1h)))
                own.leave();
            else
                ++missed;
        }
        return missed;
    };
    auto theirs = std::async(std::launch::async, misses);
    // Of 4,000. One that is stopped in the middle of closing it is not waited for.
    EXPECT_LE(misses() + theirs.get(), 100);
}

TEST_F(sqlite_lock_queue, lets_nobody_in_where_something_else_is_in_its_place) {
    const std::string place = lock_queue::place_of(file);
    mine = lock_queue();
    other = lock_queue();
    for (const char* content : {"", "something else"}) {
        std::ofstream(place) << content;
        EXPECT_FALSE(lock_queue(file).enter(in(1h)));
        std::filesystem::remove(place);
    }
    {
        const lock_queue whole(file);
        if (geteuid() == 0) {
            ASSERT_EQ(chown(place.c_str(), 1, 1), 0);
            EXPECT_FALSE(lock_queue(file).enter(in(1h))) << "it is somebody else's";
        }
        std::filesystem::remove(place);
    }
    std::filesystem::create_symlink(file, place);
    EXPECT_FALSE(lock_queue(file).enter(in(1h)));
    std::filesystem::remove(place);
    EXPECT_FALSE(lock_queue(dir / "missing.db").enter(in(1h)));
    EXPECT_FALSE(lock_queue().enter(in(1h)));
}

}  // namespace
