// When a worker looks for jobs, and how many run at once.
#include "runtime_worker_faults.hpp"
#include "runtime_worker_machine.hpp"

#include <map>

namespace conformance::working {
namespace {

template <class Backend>
using worker_polling = on_working<Backend>;
TYPED_TEST_SUITE(worker_polling, backends, backend_names);

TYPED_TEST(worker_polling, is_cut_short_by_a_job_of_the_same_process) {
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    auto how = quick();
    how.poll_least = how.poll_most = 600s;
    working_thread at_work(made, how);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(this->becomes(this->submit(), done));
    EXPECT_EQ(at_work.stop().finished, 20U);
}

TYPED_TEST(worker_polling, finds_the_jobs_of_others) {
    auto other = this->place.open();
    auto theirs = store_on<machine>(other);
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    working_thread at_work(made, quick());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(this->becomes(theirs.submit({}).value()->id, done));
    EXPECT_EQ(at_work.stop().finished, 3U);
}

TYPED_TEST(worker_polling, finds_what_comes_due) {
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(this->submit({}, {.delay = 100ms}), done));
    EXPECT_EQ(at_work.stop().finished, 1U);
}

TYPED_TEST(worker_polling, backs_off_while_there_is_nothing) {
    accidents order;
    faulty_database<typename TypeParam::database> counted{this->database, order};
    sm::store<machine> jobs{counted};
    auto made = worker_of(jobs, [](task& given) { return given.finish(pass); });
    auto how = quick();
    how.poll_most = 64ms;
    const auto begun = std::chrono::steady_clock::now();
    working_thread at_work(made, how);
    // Rests of at least 1/2, 1, 2, ... 32, 32, ... ms.
    ASSERT_TRUE(eventually([&] { return order.writes >= 20; }));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 400ms);
    EXPECT_EQ(at_work.stop().claimed, 0U);
}

TYPED_TEST(worker_polling, gives_each_job_to_one_callable_of_several_workers) {
    constexpr int count = 300;
    const auto ids = this->submit_many(count);
    auto other = this->place.open();
    auto theirs = store_on<machine>(other);
    std::mutex mutex;
    std::map<std::int64_t, int> runs;
    std::map<sm::store<machine>*, int> shares;
    std::atomic<int> now_running{0}, most_running{0};
    const auto callable = [&](sm::store<machine>& jobs) {
        return [&](task& given) {
            int seen = ++now_running;
            for (int most = most_running; seen > most;)
                if (most_running.compare_exchange_weak(most, seen)) break;
            {
                const std::lock_guard lock(mutex);
                ++runs[given.id()];
                ++shares[&jobs];
            }
            --now_running;
            return given.finish(complete, {"of " + std::to_string(given.id())});
        };
    };
    auto first = worker_of(this->store, callable(this->store));
    auto second = worker_of(theirs, callable(theirs));
    auto how = quick("first");
    how.threads = 3;
    how.batch = 10;
    how.ahead = 7;
    auto how_else = quick("second");
    how_else.threads = 2;
    {
        working_thread one(first, how), two(second, how_else);
        ASSERT_TRUE(eventually([&] { return this->in_state(done) == count; }));
        const auto a = one.stop(), b = two.stop();
        EXPECT_EQ(a.finished + b.finished, static_cast<std::size_t>(count));
        EXPECT_EQ(a.claimed, a.finished + a.released);
        EXPECT_EQ(b.claimed, b.finished + b.released);
    }
    for (const auto id : ids) EXPECT_EQ(runs[id], 1) << id;
    EXPECT_LE(most_running, 5);
    EXPECT_EQ(shares.size(), 2U);
}

TYPED_TEST(worker_polling, runs_no_more_callables_at_once_than_it_has_threads) {
    constexpr int threads = 3;
    this->submit_many(2 * threads);
    std::atomic<int> now_running{0};
    signal full, may_return;
    auto made = worker_of(this->store, [&](task& given) {
        if (++now_running == threads) full.give();
        EXPECT_LE(now_running, threads);
        EXPECT_TRUE(may_return.wait());
        --now_running;
        return given.finish(pass);
    });
    auto how = quick();
    how.threads = threads;
    working_thread at_work(made, how);
    ASSERT_TRUE(full.wait());
    EXPECT_EQ(this->in_state(running), threads) << "no more are claimed than can run";
    may_return.give();
    ASSERT_TRUE(eventually([&] { return this->in_state(done) == 2 * threads; }));
    EXPECT_EQ(at_work.stop().finished, 2U * threads);
}

TYPED_TEST(worker_polling, renews_many_leases_by_one_change_each_time) {
    constexpr int count = 12;
    const auto ids = this->submit_many(count);
    accidents order;
    faulty_database<typename TypeParam::database> counted{this->database, order};
    sm::store<machine> jobs{counted};
    signal may_return;
    auto made = worker_of(jobs, [&](task& given) {
        EXPECT_TRUE(may_return.wait());
        return given.finish(pass);
    });
    auto how = quick();
    how.threads = count;
    working_thread at_work(made, how);
    ASSERT_TRUE(eventually([&] { return this->in_state(running) == count; }));
    const auto latest = [&](const char* which) {
        return this->place.text("SELECT " + std::string(which) + "(lease_until) FROM working_jobs");
    };
    const auto claimed = latest("max");
    const int before = order.writes;
    ASSERT_TRUE(eventually([&] { return latest("min") > claimed; }));
    EXPECT_LE(order.writes - before, 4);
    may_return.give();
    ASSERT_TRUE(eventually([&] { return this->in_state(done) == count; }));
    EXPECT_EQ(at_work.stop().finished, std::size_t{count});
}

}  // namespace
}  // namespace conformance::working
