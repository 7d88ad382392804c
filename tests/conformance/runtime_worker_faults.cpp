// A worker on a database that does not answer, or answers what nobody wants to hear.
#include "runtime_worker_faults.hpp"
#include "runtime_worker_machine.hpp"

namespace conformance::working {
namespace {

template <class Backend>
class worker_faults : public on_working<Backend> {
public:
    accidents order;
    faulty_database<typename Backend::database> shaky{this->database, order};
    sm::store<machine> jobs{shaky};
};
TYPED_TEST_SUITE(worker_faults, backends, backend_names);

TYPED_TEST(worker_faults, of_a_lost_reply_do_not_lose_or_double_the_result) {
    for (const bool was_done : {true, false}) {
        const auto id = this->submit();
        auto made = worker_of(this->jobs, [&](task& given) {
            (was_done ? this->order.lose_replies : this->order.lose_requests) = 3;
            return given.finish(complete, {"once"});
        });
        working_thread at_work(made, quick());
        ASSERT_TRUE(eventually([&] { return this->read(id).state == done; }));
        const auto summary = at_work.stop();
        EXPECT_EQ(summary.finished, 1U);
        EXPECT_EQ(summary.claimed, 1U);
        EXPECT_EQ(this->history(id).size(), 3U) << "submit, claim, complete";
        EXPECT_GT(this->order.happened.exchange(0), 0);
        this->order.lose_replies = 0;
        EXPECT_EQ(this->order.lose_requests, 0);
    }
}

TYPED_TEST(worker_faults, of_a_lost_reply_are_settled_by_the_log_and_told_as_applied) {
    const auto id = this->submit();
    std::string said;
    auto made = worker_of(this->jobs, [&](task& given) -> sm::result<void> {
        this->order.lose_replies = 1;
        auto did = given.fire(complete, {"once"});
        said = told(did);
        EXPECT_EQ(did.value()->to, done);
        EXPECT_EQ(did.value()->version, 3);
        EXPECT_EQ(did.value()->epoch, given.epoch());
        EXPECT_EQ(given.run().state, done);
        return sm::success();
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(id, done));
    EXPECT_EQ(at_work.stop().finished, 1U);
    EXPECT_EQ(said, "applied");
}

TYPED_TEST(worker_faults, do_not_repeat_a_step_that_could_be_done_twice) {
    const auto id = this->submit();
    std::string said;
    auto made = worker_of(this->jobs, [&](task& given) -> sm::result<void> {
        this->order.lose_replies = 1;
        said = told(given.fire(step));
        return given.finish(complete, {"after all"});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(id, done));
    EXPECT_EQ(at_work.stop().finished, 1U);
    EXPECT_EQ(said, "unknown");
    EXPECT_EQ(this->read(id).job.steps, 1);
}

TYPED_TEST(worker_faults, repeat_such_a_step_where_it_has_a_token) {
    const auto id = this->submit();
    std::string said;
    auto made = worker_of(this->jobs, [&](task& given) -> sm::result<void> {
        this->order.lose_replies = 1;
        said = told(given.fire(step, "first-step"));
        return given.finish(complete, {"after all"});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(id, done));
    EXPECT_EQ(at_work.stop().finished, 1U);
    EXPECT_EQ(said, "already_applied");
    EXPECT_EQ(this->read(id).job.steps, 1);
}

TYPED_TEST(worker_faults, are_over_five_seconds_after_the_database_is_back) {
    const auto id = this->submit();
    this->order.away = true;
    auto made = worker_of(this->jobs, [](task& given) { return given.finish(pass); });
    working_thread at_work(made, quick());
    ASSERT_TRUE(eventually([&] { return this->order.happened >= 7; }));
    const auto back = std::chrono::steady_clock::now();
    this->order.away = false;
    ASSERT_TRUE(this->becomes(id, done));
    EXPECT_LT(std::chrono::steady_clock::now() - back, 5s);
    const auto summary = at_work.stop();
    EXPECT_EQ(told(summary.ended), "success");
    EXPECT_GE(summary.interruptions, 7U);
    EXPECT_EQ(summary.trouble->code(), sm::errc::cannot_connect);
}

TYPED_TEST(worker_faults, leave_a_result_to_be_stored_when_the_database_is_back) {
    const auto id = this->submit();
    auto made = worker_of(this->jobs, [&](task& given) {
        this->order.away = true;
        return given.finish(complete, {"kept"});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(eventually([&] { return this->order.happened >= 4; }));
    EXPECT_EQ(this->read(id).state, running);
    const auto back = std::chrono::steady_clock::now();
    this->order.away = false;
    ASSERT_TRUE(this->becomes(id, done));
    EXPECT_LT(std::chrono::steady_clock::now() - back, 5s);
    EXPECT_EQ(at_work.stop().finished, 1U);
    EXPECT_EQ(this->read(id).attempts, 1);
}

TYPED_TEST(worker_faults, do_not_keep_a_stopped_worker_from_ending) {
    const auto id = this->submit();
    signal begun;
    auto made = worker_of(this->jobs, [&](task& given) {
        this->order.away = true;
        begun.give();
        return given.finish(complete, {"never sent"});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(begun.wait());
    const auto before = std::chrono::steady_clock::now();
    const auto summary = at_work.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
    EXPECT_EQ(summary.abandoned, 1U);
    EXPECT_EQ(this->read(id).state, running) << "until its lease runs out";
}

TYPED_TEST(worker_faults, that_leave_a_step_in_doubt_are_counted) {
    this->submit();
    signal begun;
    auto made = worker_of(this->jobs, [&](task& given) {
        this->order.lose_requests = 1'000'000;
        begun.give();
        return given.finish(complete, {"perhaps"});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(begun.wait());
    ASSERT_TRUE(eventually([&] { return this->order.happened >= 2; }));
    EXPECT_EQ(at_work.stop().unknown, 1U);
}

TYPED_TEST(worker_faults, that_somebody_has_to_mend_end_it_and_are_told) {
    this->place.execute("ALTER TABLE working_jobs RENAME TO elsewhere");
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    EXPECT_EQ(told(made.run({}, quick()).ended), "error: schema_missing");
    this->place.execute("ALTER TABLE elsewhere RENAME TO working_jobs");
}

TYPED_TEST(worker_faults, of_a_renewal_that_somebody_has_to_mend_end_it_and_are_told) {
    this->submit();
    auto made = worker_of(this->store, [&](task& given) {
        this->place.execute("ALTER TABLE working_jobs RENAME TO elsewhere");
        EXPECT_TRUE(wait_for_stop(given.stop()));
        this->place.execute("ALTER TABLE elsewhere RENAME TO working_jobs");
        return given.finish(complete, {"with its last words"});
    });
    const auto summary = made.run({}, quick());
    EXPECT_EQ(told(summary.ended), "error: schema_missing");
    EXPECT_EQ(summary.finished, 1U);
}

TYPED_TEST(worker_faults, at_random_lose_no_job) {
    const auto ids = this->submit_many(20);
    std::atomic<int> runs{0};
    auto made = worker_of(this->jobs, [&](task& given) -> sm::result<void> {
        if (++runs % 2 != 0) this->order.lose_replies = 1;
        return given.finish(pass);
    });
    auto how = quick();
    how.threads = 4;
    working_thread at_work(made, how);
    for (const auto id : ids) ASSERT_TRUE(this->becomes(id, done));
    const auto summary = at_work.stop();
    EXPECT_EQ(told(summary.ended), "success");
    EXPECT_GT(this->order.happened, 3);
}

}  // namespace
}  // namespace conformance::working
