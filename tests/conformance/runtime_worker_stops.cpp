// How a worker stops: no new jobs, what runs may end, what is handed back keeps its attempt.
#include "runtime_worker_machine.hpp"

namespace conformance::working {
namespace {

template <class Backend>
using worker_stops = on_working<Backend>;
TYPED_TEST_SUITE(worker_stops, backends, backend_names);

TYPED_TEST(worker_stops, within_a_second_when_it_is_idle) {
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    auto how = quick();
    how.poll_least = how.poll_most = 600s;
    working_thread at_work(made, how);
    ASSERT_TRUE(this->becomes(this->submit(), done));
    const auto before = std::chrono::steady_clock::now();
    const auto summary = at_work.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
    EXPECT_EQ(told(summary.ended), "success");
}

TYPED_TEST(worker_stops, at_once_where_the_stop_came_before_it) {
    const auto id = this->submit();
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(made.run(stop.get_token(), quick()).claimed, 0U);
    EXPECT_EQ(this->read(id).epoch, 0);
}

TYPED_TEST(worker_stops, claiming_and_lets_callables_finish_in_their_grace) {
    const auto ids = this->submit_many(3);
    signal begun, stopped;
    auto made = worker_of(this->store, [&](task& given) {
        begun.give();
        EXPECT_TRUE(stopped.wait());
        EXPECT_FALSE(given.stop().stop_requested());
        return given.finish(complete, {"in time"});
    });
    auto how = quick();
    how.stop_grace = 600s;
    working_thread at_work(made, how);
    ASSERT_TRUE(begun.wait());
    at_work.ask_to_stop();
    stopped.give();
    const auto summary = at_work.finish();
    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(summary.claimed, 1U);
    EXPECT_TRUE(summary.late.empty());
    EXPECT_EQ(this->in_state(waiting), 2);
}

TYPED_TEST(worker_stops, and_releases_a_late_run_only_after_its_callable_returned) {
    const auto id = this->submit();
    signal begun, asked, may_return;
    auto made = worker_of(this->store, [&](task& given) -> sm::result<void> {
        begun.give();
        EXPECT_TRUE(wait_for_stop(given.stop()));
        EXPECT_EQ(given.lost(), std::nullopt);
        asked.give();
        EXPECT_TRUE(may_return.wait());
        throw std::runtime_error("interrupted");
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(begun.wait());
    at_work.ask_to_stop();
    ASSERT_TRUE(asked.wait());
    EXPECT_EQ(this->read(id).state, running);
    EXPECT_EQ(this->read(id).owner, "worker");
    may_return.give();
    const auto summary = at_work.finish();
    EXPECT_EQ(summary.released, 1U);
    EXPECT_EQ(summary.late, std::vector{id});
    EXPECT_EQ(this->read(id).state, waiting);
    EXPECT_EQ(this->read(id).attempts, 0);
    EXPECT_EQ(this->history(id).back().event, "release");
}

TYPED_TEST(worker_stops, and_keeps_the_lease_of_a_late_run_until_then) {
    const auto id = this->submit();
    signal begun;
    auto made = worker_of(this->store, [&](task& given) {
        begun.give();
        EXPECT_TRUE(wait_for_stop(given.stop()));
        const auto granted = this->read(id).lease_until.value();
        EXPECT_TRUE(eventually([&] { return *this->read(id).lease_until > granted + lease; }));
        return given.finish(complete, {"late, and still its own"});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(begun.wait());
    const auto summary = at_work.stop();
    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(summary.late, std::vector{id});
    EXPECT_EQ(this->read(id).attempts, 1);
}

TYPED_TEST(worker_stops, and_fails_what_was_given_up_for_good) {
    const auto id = this->submit();
    signal begun;
    auto made = worker_of(this->store, [&](task& given) {
        begun.give();
        EXPECT_TRUE(wait_for_stop(given.stop()));
        return given.give_up("broken file");
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(begun.wait());
    EXPECT_EQ(at_work.stop().failed, 1U);
    EXPECT_EQ(this->read(id).state, failed);
}

TYPED_TEST(worker_stops, and_takes_the_failure_rule_where_no_release_is_declared) {
    const auto id = this->submit();
    signal begun;
    worker made{this->store, claim, [&](task& given) {
                    begun.give();
                    EXPECT_TRUE(wait_for_stop(given.stop()));
                }};
    made.on_failure(fail, failure_of);
    working_thread at_work(made, quick());
    ASSERT_TRUE(begun.wait());
    EXPECT_EQ(at_work.stop().failed, 1U);
    EXPECT_EQ(this->read(id).state, waiting);
}

}  // namespace
}  // namespace conformance::working
