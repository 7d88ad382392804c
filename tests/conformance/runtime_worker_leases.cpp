// What a worker's callable may rely on while it runs: its lease is kept, or it is told.
#include "runtime_worker_machine.hpp"

namespace conformance::working {
namespace {

template <class Backend>
class worker_leases : public on_working<Backend> {
public:
    /// Has the callable run on this job until it returns, and stops.
    template <class Callable>
    sm::worker_summary run_once(Callable callable) {
        signal through;
        auto made = worker_of(this->store, [&](task& given) -> sm::result<void> {
            auto did = callable(given);
            through.give();
            return did;
        });
        working_thread at_work(made, quick());
        EXPECT_TRUE(through.wait());
        return at_work.stop();
    }

    sm::timestamp lease_end(std::int64_t id) { return this->read(id).lease_until.value(); }

    /// Waits until the lease was moved beyond all that its claim and so many renewals granted.
    bool is_kept(std::int64_t id, std::chrono::milliseconds by) {
        const auto granted = lease_end(id);
        return eventually([&] { return lease_end(id) > granted + by; });
    }
    // A machine that is slow may be late once: one renewal that came while the lease ran is enough.
    bool is_renewed_in_time(std::int64_t id) {
        auto last = lease_end(id);
        return eventually([&] {
            const auto now = lease_end(id);
            const bool in_time = now > last && now < last + lease;
            last = now;
            return in_time;
        });
    }
};
TYPED_TEST_SUITE(worker_leases, backends, backend_names);

TYPED_TEST(worker_leases, last_for_as_long_as_the_callable_runs) {
    const auto id = this->submit();
    const auto summary = this->run_once([&](task& given) {
        EXPECT_TRUE(this->is_kept(id, lease));
        EXPECT_EQ(told(this->store.claim_by_id(claim, id, {.owner = "other"})),
                  "rejected: lease_held");
        EXPECT_FALSE(given.stop().stop_requested());
        return given.finish(complete, {"slow"});
    });
    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(this->read(id).attempts, 1);
}

TYPED_TEST(worker_leases, are_renewed_before_they_run_out) {
    const auto id = this->submit();
    const auto summary = this->run_once([&](task& given) {
        EXPECT_TRUE(this->is_renewed_in_time(id));
        return given.finish(complete, {"slow"});
    });
    EXPECT_EQ(summary.finished, 1U);
}

TYPED_TEST(worker_leases, last_when_a_step_of_the_run_brought_a_shorter_one) {
    const auto id = this->submit();
    const auto summary = this->run_once([&](task& given) {
        EXPECT_EQ(told(given.fire(check)), "applied");
        EXPECT_TRUE(this->is_kept(id, lease));
        return given.finish(pass);
    });
    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(this->read(id).attempts, 1);
}

TYPED_TEST(worker_leases, of_jobs_claimed_ahead_last_as_well_and_a_stop_hands_them_back) {
    const auto ids = this->submit_many(4);
    signal held;
    auto made = worker_of(this->store, [&](task& given) -> sm::result<void> {
        EXPECT_EQ(given.id(), ids[0]);
        EXPECT_TRUE(eventually([&] { return this->in_state(running) == 4; }));
        EXPECT_TRUE(this->is_kept(ids[3], lease));
        held.give();
        wait_for_stop(given.stop());
        return sm::error(sm::errc::work_failed, "stopped");
    });
    auto how = quick();
    how.ahead = 3;
    working_thread at_work(made, how);
    ASSERT_TRUE(held.wait());
    const auto summary = at_work.stop();
    EXPECT_EQ(summary.released, 4U);
    EXPECT_EQ(summary.claimed, 4U);
    for (const auto id : ids) {
        EXPECT_EQ(this->read(id).state, waiting);
        EXPECT_EQ(this->read(id).attempts, 0);
    }
}

TYPED_TEST(worker_leases, last_where_more_are_held_than_the_store_takes_at_once) {
    const auto ids = this->submit_many(3);
    auto small = store_on<machine>(this->database, {.max_batch = 1});
    signal held;
    auto made = worker_of(small, [&](task& given) -> sm::result<void> {
        EXPECT_TRUE(eventually([&] { return this->in_state(running) == 3; }));
        for (const auto id : ids) EXPECT_TRUE(this->is_kept(id, lease));
        held.give();
        wait_for_stop(given.stop());
        return sm::error(sm::errc::work_failed, "stopped");
    });
    auto how = quick();
    how.batch = 1;
    how.ahead = 3;
    working_thread at_work(made, how);
    ASSERT_TRUE(held.wait());
    EXPECT_EQ(at_work.stop().released, 3U);
}

TYPED_TEST(worker_leases, tell_the_callable_when_another_claimed_its_job) {
    const auto id = this->submit();
    std::optional<typename TestFixture::run_type> other;
    const auto summary = this->run_once([&](task& given) {
        this->pass_time(id, lease + 1s);
        auto got = this->store.claim_by_id(claim, id, {.owner = "other"}).value();
        EXPECT_EQ(told(sm::result<sm::outcome>(got)), "applied");
        other = *got;
        EXPECT_TRUE(wait_for_stop(given.stop()));
        EXPECT_EQ(given.lost(), sm::reason::stale_epoch);
        EXPECT_LT(given.epoch(), other->epoch);
        EXPECT_EQ(told(given.fire(complete, {"late"})), "rejected: stale_epoch");
        EXPECT_EQ(told(given.finish(complete, {"late"})), "error: refused");
        return given.finish(fail, {"late", true});
    });
    EXPECT_EQ(summary.lost, 1U);
    EXPECT_EQ(summary.finished + summary.failed + summary.released, 0U);
    EXPECT_EQ(told(this->store.fire(complete, *other, {"right"})), "applied");
    EXPECT_EQ(this->read(id).job.result, "right");
}

TYPED_TEST(worker_leases, tell_the_callable_when_its_job_was_cancelled) {
    const auto id = this->submit();
    const auto summary = this->run_once([&](task& given) {
        this->store.fire(cancel, id, sm::any_version).value().value();
        EXPECT_TRUE(wait_for_stop(given.stop()));
        EXPECT_EQ(given.lost(), sm::reason::wrong_state);
        return given.finish(complete, {"late"});
    });
    EXPECT_EQ(summary.lost, 1U);
    EXPECT_EQ(this->read(id).state, cancelled);
}

TYPED_TEST(worker_leases, tell_the_callable_when_its_job_is_gone) {
    const auto id = this->submit();
    const auto summary = this->run_once([&](task& given) {
        this->place.execute("DELETE FROM working_jobs_log; DELETE FROM working_jobs");
        EXPECT_TRUE(wait_for_stop(given.stop()));
        EXPECT_EQ(given.lost(), sm::reason::not_found);
        return given.finish(complete, {"late"});
    });
    EXPECT_EQ(summary.lost, 1U);
    EXPECT_EQ(this->store.read(id).value(), std::nullopt);
}

TYPED_TEST(worker_leases, are_renewed_with_the_progress_that_the_callable_tells) {
    const auto id = this->submit();
    this->run_once([&](task& given) {
        this->pass_time(id, lease / 3);
        const auto before = this->lease_end(id);
        EXPECT_EQ(told(given.renew(progress, {40})), "applied");
        EXPECT_GT(this->lease_end(id), before);
        EXPECT_EQ(this->read(id).job.percent, 40);
        return given.finish(pass);
    });
    EXPECT_EQ(this->read(id).state, done);
}

TYPED_TEST(worker_leases, that_were_lost_show_at_the_next_progress) {
    const auto id = this->submit();
    const auto summary = this->run_once([&](task& given) {
        this->store.fire(cancel, id, sm::any_version).value().value();
        EXPECT_EQ(told(given.renew(progress, {40})), "rejected: wrong_state");
        EXPECT_TRUE(given.stop().stop_requested());
        return sm::result<void>(sm::success());
    });
    EXPECT_EQ(summary.lost, 1U);
}

template <class Backend>
class worker_leases_where_late_steps_are_refused : public on_gate<Backend> {};
TYPED_TEST_SUITE(worker_leases_where_late_steps_are_refused, backends, backend_names);

TYPED_TEST(worker_leases_where_late_steps_are_refused, are_lost_when_they_ran_out) {
    const auto id = this->submit();
    signal through;
    sm::worker<gate::machine> made{
        this->store, gate::enter, [&](auto& given) {
            this->pass_time(id, gate::lease + 1s);
            EXPECT_EQ(told(given.renew(gate::knock, {true})), "rejected: lease_expired");
            EXPECT_TRUE(given.stop().stop_requested());
            auto late = given.finish(gate::put_back);
            this->store.claim_by_id(gate::enter, id, {.owner = "other"}).value().value();
            through.give();
            return late;
        }};
    made.on_failure(gate::put_back);
    sm::worker_summary summary;
    {
        std::jthread thread(
            [&](const std::stop_token& stop) { summary = made.run(stop, working::quick()); });
        ASSERT_TRUE(through.wait());
    }
    EXPECT_EQ(summary.lost, 1U);
    EXPECT_EQ(this->read(id).owner, "other");
}

}  // namespace
}  // namespace conformance::working
