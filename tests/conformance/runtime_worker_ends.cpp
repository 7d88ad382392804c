// How a job ends that a worker's callable has run, whatever the callable does.
#include "runtime_worker_machine.hpp"

namespace conformance::working {
namespace {

template <class Backend>
class worker_ends : public on_working<Backend> {
public:
    /// Runs the callable until this job came to this state, and stops.
    template <class Callable>
    sm::worker_summary run_until(std::int64_t id, state wanted, Callable callable) {
        auto made = worker_of(this->store, std::move(callable));
        return run_until(id, wanted, made);
    }
    sm::worker_summary run_until(std::int64_t id, state wanted, worker& made) {
        working_thread at_work(made, quick());
        EXPECT_TRUE(this->becomes(id, wanted));
        auto summary = at_work.stop();
        EXPECT_EQ(told(summary.ended), "success");
        EXPECT_EQ(this->in_state(running) + this->in_state(checking), 0);
        return summary;
    }
};
TYPED_TEST_SUITE(worker_ends, backends, backend_names);

TYPED_TEST(worker_ends, a_job_by_the_step_of_its_callable) {
    const auto id = this->submit({"cat.mp4"});
    const auto summary = this->run_until(id, done, [](auto& task) {
        return task.finish(complete, {"length of " + task.job().payload + ", attempt " +
                                      std::to_string(task.attempts())});
    });
    EXPECT_EQ(this->read(id).job.result, "length of cat.mp4, attempt 1");
    EXPECT_EQ(summary.claimed, 1U);
    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(this->history(id).back().actor, "worker");
}

TYPED_TEST(worker_ends, a_job_whose_callable_throws_by_the_failure_rule) {
    const auto id = this->submit();
    const auto summary = this->run_until(
        id, failed, [](task&) -> sm::result<void> { throw std::runtime_error("no disk"); });
    EXPECT_EQ(this->read(id).error, "no disk");
    EXPECT_EQ(this->read(id).attempts, max_attempts);
    EXPECT_EQ(summary.failed, 3U);
    EXPECT_EQ(summary.claimed, 3U);
}

TYPED_TEST(worker_ends, a_job_whose_callable_throws_anything_by_the_failure_rule) {
    const auto id = this->submit();
    this->run_until(id, failed, [](task&) { throw 42; });
    EXPECT_EQ(this->read(id).error, "the callable threw what is no std::exception");
}

TYPED_TEST(worker_ends, a_job_whose_callable_returns_an_error_by_the_failure_rule) {
    const auto id = this->submit();
    this->run_until(id, failed, [](task&) -> sm::result<void> {
        return sm::error(sm::errc::work_failed, "no such stream");
    });
    EXPECT_EQ(this->read(id).error, "no such stream");
    EXPECT_EQ(this->read(id).attempts, max_attempts);
}

TYPED_TEST(worker_ends, a_job_that_is_given_up_at_its_first_attempt) {
    const auto id = this->submit();
    const auto summary = this->run_until(
        id, failed, [](task& given) { return given.give_up("there is no such video"); });
    EXPECT_EQ(this->read(id).error, "there is no such video");
    EXPECT_EQ(this->read(id).attempts, 1);
    EXPECT_EQ(summary.failed, 1U);
}

TYPED_TEST(worker_ends, a_job_whose_callable_ended_nothing_by_the_failure_rule) {
    const auto id = this->submit();
    this->run_until(id, failed, [](task&) {});
    EXPECT_EQ(this->read(id).error, "the callable returned without a step that ends its lease");
}

TYPED_TEST(worker_ends, a_job_whose_callable_ended_nothing_by_the_success_rule_where_one_is_given) {
    const auto id = this->submit();
    worker made{this->store, claim, [](task&) {}};
    made.on_failure(fail, failure_of).on_success(pass);
    EXPECT_EQ(this->run_until(id, done, made).finished, 1U);
}

TYPED_TEST(worker_ends, a_job_that_is_put_back_with_its_attempt_given_back) {
    const auto id = this->submit();
    std::atomic<int> calls{0};
    const auto summary = this->run_until(id, done, [&](task& given) -> sm::result<void> {
        if (++calls < 10) return given.put_back();
        return given.finish(complete, {"at last"});
    });
    EXPECT_EQ(summary.released, 9U);
    EXPECT_EQ(this->read(id).attempts, 1);
}

TYPED_TEST(worker_ends, a_job_although_its_error_could_not_be_stored_as_it_is) {
    const auto id = this->submit();
    this->run_until(id, failed, [](task& given) {
        return given.give_up(std::string("\xff\0 bad", 6) + std::string(1 << 21, 'x'));
    });
    EXPECT_EQ(this->read(id).error->size(), 1000U);
    EXPECT_EQ(this->read(id).error->substr(0, 8), "?? badxx");
}

TYPED_TEST(worker_ends, a_job_whose_step_is_refused_by_the_failure_rule) {
    const auto id = this->submit();
    const auto summary = this->run_until(id, failed, [](task& given) -> sm::result<void> {
        if (auto checked = given.finish(check); !checked) return checked;
        auto again = given.finish(check);  // it is checked already: refused, and still leased
        EXPECT_EQ(told(again), "error: refused");
        EXPECT_EQ(given.lost(), std::nullopt);
        return again;
    });
    EXPECT_EQ(summary.failed, 3U);
    EXPECT_EQ(summary.lost, 0U);
}

TYPED_TEST(worker_ends, no_job_whose_failure_rule_throws_but_its_lease_does) {
    const auto id = this->submit();
    std::atomic<bool> broken{true};
    worker made{this->store, claim, [&](task& given) -> sm::result<void> {
                    if (broken) return sm::error(sm::errc::work_failed, "first");
                    return given.finish(pass);
                }};
    made.on_failure(fail, [&](const sm::failed&) -> failure {
        broken = false;
        throw std::runtime_error("no words");
    });
    const auto summary = this->run_until(id, done, made);
    EXPECT_EQ(summary.abandoned, 1U);
    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(summary.trouble->message(), "no words");
    EXPECT_EQ(this->read(id).attempts, 2);
}

TYPED_TEST(worker_ends, what_the_failure_rule_is_told) {
    const auto id = this->submit();
    std::vector<std::string> told_of;
    worker made{this->store, claim, [](task&) -> sm::result<void> {
                    return sm::result<void>(sm::error(sm::errc::disk_full, "full")).value(),
                           sm::success();
                }};
    made.on_failure(fail, [&](const sm::failed& why) {
        told_of.push_back(why.message + " " + std::to_string(why.attempts) + " " +
                          std::string(to_string(why.cause->code())));
        return failure_of(why);
    });
    this->run_until(id, failed, made);
    EXPECT_EQ(told_of, (std::vector<std::string>{"full 1 disk_full", "full 2 disk_full",
                                                 "full 3 disk_full"}));
}

TYPED_TEST(worker_ends, at_once_when_its_rules_do_not_fit_the_machine) {
    const auto id = this->submit();
    const auto ended = [&](worker& made, const sm::worker_options& how = quick()) {
        return made.run({}, how).ended.error().message();
    };
    worker silent{this->store, claim, [](task&) {}};
    EXPECT_EQ(ended(silent), "say by on_failure what becomes of a job whose callable fails");
    worker wrong{this->store, pass, [](task&) {}};
    EXPECT_EQ(ended(wrong), "the machine declares no claim 'pass' with these inputs");
    worker odd{this->store, claim, [](task&) {}};
    odd.on_failure(cancel);
    EXPECT_EQ(ended(odd), "the machine declares no leased step 'cancel' with these inputs");
    worker fine{this->store, claim, [](task&) {}};
    fine.on_failure(fail, failure_of);
    EXPECT_EQ(ended(fine, quick("")),
              "the owner is missing or malformed: use 1 to 128 bytes of UTF-8 without NUL");
    auto how = quick();
    how.ahead = 1;
    EXPECT_EQ(ended(fine, how),
              "jobs are claimed ahead only where on_release says how they are handed back");
    how = quick();
    how.threads = 0;
    EXPECT_EQ(ended(fine, how), "a worker has between 1 and 1024 threads");
    how = quick();
    how.stop_grace = std::chrono::milliseconds::max();
    EXPECT_EQ(ended(fine, how), "stop_grace lies between 0 and a year");
    how = quick();
    how.poll_most = std::chrono::milliseconds::max();
    EXPECT_EQ(ended(fine, how),
              "poll_least is at least a millisecond, and at most poll_most: up to a day");
    EXPECT_EQ(this->read(id).epoch, 0);
}

}  // namespace
}  // namespace conformance::working
