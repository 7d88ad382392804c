// Leases that run out, workers that come too late, and renewals.
#include "fixture.hpp"

namespace conformance {
namespace {

template <class Backend>
class stale_worker : public on_queue<Backend> {
public:
    using run_type = typename on_queue<Backend>::run_type;

    // Every call that a run can make, with the same answer and without a trace.
    void expect_told(const run_type& run, const std::string& wanted) {
        const auto before = this->stored(run.id);
        EXPECT_EQ(told(this->store.renew(run)), wanted);
        EXPECT_EQ(told(this->store.renew(queue::progress, run, {77})), wanted);
        const std::vector<run_type> many{run, run};
        const auto renewed = this->store.renew_many(many).value();
        ASSERT_EQ(renewed.size(), 2U);
        for (const auto& each : renewed) EXPECT_EQ(told(each), wanted);
        for (const char* token : {"", "token-of-the-late"}) {
            EXPECT_EQ(told(this->store.fire(queue::checkpoint, run, token)), wanted);
            EXPECT_EQ(told(this->store.fire(queue::complete, run, {"late"}, token)), wanted);
            EXPECT_EQ(told(this->store.fire(queue::fail, run, {"late", true}, token)), wanted);
            EXPECT_EQ(told(this->store.fire(queue::fail, run, {"late", false}, token)), wanted);
            EXPECT_EQ(told(this->store.fire(queue::release, run, token)), wanted);
            EXPECT_EQ(told(this->store.fire(queue::hand_back, run, token)), wanted);
        }
        EXPECT_EQ(this->stored(run.id), before);
    }
};
TYPED_TEST_SUITE(stale_worker, backends, backend_names);

TYPED_TEST(stale_worker, is_refused_after_a_claim_by_id_took_the_expired_job) {
    const auto id = this->submit();
    const auto first = this->claim(queue::claim, id);
    this->pass_time(id, queue::lease + 1s);
    const auto second = this->claim(queue::claim, id, "second");
    EXPECT_EQ(second.epoch, first.epoch + 1);
    EXPECT_EQ(second.attempts, 2);
    this->expect_told(first, "rejected: stale_epoch");
    EXPECT_EQ(told(this->store.fire(queue::complete, second, {"mine"})), "applied");
}

TYPED_TEST(stale_worker, is_refused_after_the_next_claim_took_the_expired_job) {
    const auto id = this->submit();
    const auto first = *this->store.claim(queue::claim, {.owner = "first"}).value();
    EXPECT_EQ(told(this->store.claim(queue::claim, {.owner = "second"})), "rejected: none_due");
    this->pass_time(id, queue::lease + 1s);
    const auto second = *this->store.claim(queue::claim, {.owner = "second"}).value();
    EXPECT_EQ(second.id, id);
    EXPECT_EQ(second.epoch, first.epoch + 1);
    this->expect_told(first, "rejected: stale_epoch");
}

TYPED_TEST(stale_worker, finds_its_job_waiting_after_a_sweep_and_taken_after_the_next_claim) {
    const auto id = this->submit();
    const auto first = this->claim(queue::claim, id);
    this->pass_time(id, queue::lease + 1s);
    const auto done = this->store.sweep().value();
    EXPECT_EQ(done.expired, 1U);
    EXPECT_EQ(done.exhausted, 0U);
    EXPECT_EQ(this->history(id).back().event, "expire");
    EXPECT_EQ(this->history(id).back().actor, "sweep");
    this->expect_told(first, "rejected: wrong_state");
    this->claim(queue::claim, id, "second");
    this->expect_told(first, "rejected: stale_epoch");
}

TYPED_TEST(stale_worker, is_refused_although_its_job_runs_again_after_a_release) {
    const auto id = this->submit();
    const auto first = this->claim(queue::claim, id);
    ASSERT_EQ(told(this->store.fire(queue::release, first)), "applied");
    this->expect_told(first, "rejected: wrong_state");
    const auto second = this->claim(queue::claim, id);
    EXPECT_EQ(second.state, first.state);
    EXPECT_EQ(second.attempts, first.attempts);
    this->expect_told(first, "rejected: stale_epoch");
}

TYPED_TEST(stale_worker, is_refused_although_the_same_owner_claimed_the_job_again) {
    const auto id = this->submit();
    const auto first = this->claim(queue::claim, id, "same");
    this->pass_time(id, queue::lease + 1s);
    this->claim(queue::claim, id, "same");
    this->expect_told(first, "rejected: stale_epoch");
}

TYPED_TEST(stale_worker, of_one_leg_cannot_act_on_the_next) {
    const auto id = this->submit();
    const auto first = this->claim(queue::claim, id);
    ASSERT_EQ(told(this->store.fire(queue::complete, first, {"first leg"})), "applied");
    this->claim(queue::refine, id);
    this->expect_told(first, "rejected: stale_epoch");
}

TYPED_TEST(stale_worker, owned_its_job_until_that_was_cancelled) {
    const auto id = this->submit();
    this->claim(queue::claim, id, "first");
    EXPECT_EQ(this->read(id).owner, "first");
    ASSERT_EQ(told(this->store.fire(queue::cancel, id, sm::any_version)), "applied");
    EXPECT_EQ(this->read(id).owner, std::nullopt);
}

TYPED_TEST(stale_worker, is_told_that_its_job_was_cancelled) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    ASSERT_EQ(told(this->store.fire(queue::cancel, id, sm::any_version)), "applied");
    this->expect_told(run, "rejected: wrong_state");
}

TYPED_TEST(stale_worker, of_an_unknown_job_is_told_so) {
    typename TestFixture::run_type run;
    run.id = 4711;
    this->expect_told(run, "rejected: not_found");
}

template <class Backend>
class sweep : public on_queue<Backend> {};
TYPED_TEST_SUITE(sweep, backends, backend_names);

TYPED_TEST(sweep, leaves_live_leases_alone) {
    const auto id = this->submit();
    this->claim(queue::claim, id);
    this->pass_time(id, queue::lease - 5s);
    const auto before = this->stored();
    const auto done = this->store.sweep().value();
    EXPECT_EQ(done.expired + done.exhausted, 0U);
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(sweep, takes_no_more_than_its_limit_and_the_longest_expired_first) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(this->submit());
        this->claim(queue::claim, ids.back());
        this->pass_time(ids.back(), queue::lease + 10s + std::chrono::seconds{i});
    }
    EXPECT_EQ(this->store.sweep({.limit = 2, .actor = "broom"}).value().expired, 2U);
    for (std::size_t i = 0; i < ids.size(); ++i)
        EXPECT_EQ(this->read(ids[i]).state, i < 3 ? queue::running : queue::queued) << i;
    EXPECT_EQ(this->history(ids[4]).back().actor, "broom");
    EXPECT_EQ(this->store.sweep().value().expired, 3U);
    EXPECT_EQ(this->store.sweep().value().expired, 0U);
}

TYPED_TEST(sweep, hands_each_leg_back_to_where_it_waits) {
    const auto id = this->submit();
    this->store.fire(queue::complete, this->claim(queue::claim, id), {"leg"}).value().value();
    this->claim(queue::refine, id);
    this->pass_time(id, queue::refining_lease + 1s);
    EXPECT_EQ(this->store.sweep().value().expired, 1U);
    const auto now = this->read(id);
    EXPECT_EQ(now.state, queue::worked);
    EXPECT_EQ(now.owner, std::nullopt);
    EXPECT_EQ(now.lease_until, std::nullopt);
    EXPECT_EQ(told(this->store.claim_by_id(queue::refine, id, {.owner = "next"})), "applied");
}

template <class Backend>
class late_step : public on_queue<Backend> {};
TYPED_TEST_SUITE(late_step, backends, backend_names);

TYPED_TEST(late_step, is_accepted_as_long_as_nobody_took_the_job) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    this->pass_time(id, queue::lease + 1h);
    EXPECT_EQ(told(this->store.fire(queue::checkpoint, run)), "applied");
    EXPECT_EQ(told(this->store.renew(queue::progress, run, {50})), "applied");
    this->pass_time(id, queue::lease + 1h);
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"late but first"})), "applied");
    EXPECT_EQ(this->read(id).job.result, "late but first");
}

TYPED_TEST(late_step, of_a_renewed_lease_protects_the_job_again) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    this->pass_time(id, queue::lease + 1h);
    ASSERT_EQ(told(this->store.renew(run)), "applied");
    EXPECT_EQ(told(this->store.claim_by_id(queue::claim, id, {.owner = "other"})),
              "rejected: lease_held");
    EXPECT_EQ(this->store.sweep().value().expired, 0U);
}

template <class Backend>
class late_step_where_refused : public on_gate<Backend> {};
TYPED_TEST_SUITE(late_step_where_refused, backends, backend_names);

TYPED_TEST(late_step_where_refused, is_told_lease_expired_and_leaves_no_trace) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    this->pass_time(id, gate::lease + 1ms);
    const auto before = this->stored(id);
    const std::vector<typename TestFixture::run_type> many{run, run};
    EXPECT_EQ(told(this->store.renew(run)), "rejected: lease_expired");
    EXPECT_EQ(told(this->store.renew(gate::knock, run, {true})), "rejected: lease_expired");
    const auto renewed = this->store.renew_many(many).value();
    for (const auto& each : renewed) EXPECT_EQ(told(each), "rejected: lease_expired");
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {true})), "rejected: lease_expired");
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {true}, "token")), "rejected: lease_expired");
    EXPECT_EQ(told(this->store.fire(gate::put_back, run)), "rejected: lease_expired");
    EXPECT_EQ(told(this->store.fire(gate::climb, run)), "rejected: lease_expired");
    EXPECT_EQ(this->stored(id), before);
}

TYPED_TEST(late_step_where_refused, is_in_time_until_the_lease_ends) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    this->pass_time(id, gate::lease - 10s);
    EXPECT_EQ(told(this->store.renew(gate::knock, run, {true})), "applied");
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {true})), "applied");
}

template <class Backend>
class renewal : public on_queue<Backend> {
public:
    // The database's own clock.
    sm::timestamp now() { return this->read(this->submit()).created_at; }
};
TYPED_TEST_SUITE(renewal, backends, backend_names);

TYPED_TEST(renewal, grants_the_lease_of_the_state_from_now) {
    const auto id = this->submit();
    auto run = this->claim(queue::claim, id);
    this->pass_time(id, 10s);
    auto renewed = *this->store.renew(run).value();
    auto now = this->now();
    EXPECT_LE(renewed.until, now + queue::lease);
    EXPECT_GT(renewed.until, now + queue::lease - 5s);
    EXPECT_EQ(this->read(id).lease_until, renewed.until);

    this->store.fire(queue::complete, run, {"leg"}).value().value();
    run = this->claim(queue::refine, id);
    this->pass_time(id, 10s);
    renewed = *this->store.renew(run).value();
    now = this->now();
    EXPECT_LE(renewed.until, now + queue::refining_lease);
    EXPECT_GT(renewed.until, now + queue::refining_lease - 5s);
    EXPECT_EQ(renewed.id, id);
    EXPECT_EQ(renewed.epoch, run.epoch);
}

TYPED_TEST(renewal, never_moves_a_lease_back) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    this->pass_time(id, -1h);
    const auto until = this->read(id).lease_until;
    EXPECT_EQ(this->store.renew(run).value()->until, until);
    EXPECT_EQ(this->store.renew(queue::progress, run, {10}).value()->until, until);
    const std::vector<typename TestFixture::run_type> many{run, run};
    EXPECT_EQ(this->store.renew_many(many).value().at(0)->until, until);
    EXPECT_EQ(this->read(id).lease_until, until);
}

TYPED_TEST(renewal, keeps_version_attempts_and_owner_and_writes_no_log) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto was = this->read(id);
    this->pass_time(id, 10s);
    const auto log = this->stored(id).log;
    ASSERT_EQ(told(this->store.renew(run)), "applied");
    ASSERT_EQ(told(this->store.renew(queue::progress, run, {60})), "applied");
    const auto is = this->read(id);
    EXPECT_EQ(is.version, was.version);
    EXPECT_EQ(is.epoch, was.epoch);
    EXPECT_EQ(is.attempts, was.attempts);
    EXPECT_EQ(is.owner, was.owner);
    EXPECT_EQ(is.changed_at, was.changed_at);
    EXPECT_EQ(this->stored(id).log, log);
}

TYPED_TEST(renewal, carries_progress) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    for (const int percent : {10, 55, 30}) {
        ASSERT_EQ(told(this->store.renew(queue::progress, run, {percent})), "applied");
        EXPECT_EQ(this->read(id).job.percent, percent);
    }
}

TYPED_TEST(renewal, of_many_answers_each_in_order) {
    std::vector<typename TestFixture::run_type> runs;
    for (int i = 0; i < 6; ++i) runs.push_back(this->claim(queue::claim, this->submit()));
    for (const auto& run : runs) this->pass_time(run.id, 20s);
    this->store.fire(queue::cancel, runs[1].id, sm::any_version).value().value();
    --runs[2].epoch;
    runs[3].id = 4711;
    runs.push_back(runs[0]);
    std::swap(runs[0], runs[5]);
    const auto renewed = this->store.renew_many(runs).value();
    std::vector<std::string> answers;
    for (const auto& each : renewed) answers.push_back(told(each));
    EXPECT_EQ(answers,
              (std::vector<std::string>{"applied", "rejected: wrong_state", "rejected: stale_epoch",
                                        "rejected: not_found", "applied", "applied", "applied"}));
    for (const std::size_t i : {0U, 4U, 5U, 6U}) {
        EXPECT_EQ(renewed[i]->id, runs[i].id);
        EXPECT_LE(renewed[i]->until, this->read(runs[i].id).lease_until);
        EXPECT_GT(renewed[i]->until, this->now() + queue::lease - 5s);
    }
    EXPECT_EQ(this->store.renew_many({}).value().size(), 0U);
}

template <class Backend>
class step_that_keeps_the_lease : public on_gate<Backend> {};
TYPED_TEST_SUITE(step_that_keeps_the_lease, backends, backend_names);

TYPED_TEST(step_that_keeps_the_lease, grants_the_next_states_own_lease_to_the_same_run) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    const auto climbed = *this->store.fire(gate::climb, run).value();
    EXPECT_EQ(climbed.from, gate::inside);
    EXPECT_EQ(climbed.to, gate::upstairs);
    EXPECT_EQ(climbed.epoch, run.epoch);
    EXPECT_LT(climbed.at + gate::long_lease - *climbed.lease_until, 5s);
    EXPECT_LT(*climbed.lease_until - climbed.at - gate::long_lease, 5s);
    const auto now = this->read(id);
    EXPECT_EQ(now.owner, "worker");
    EXPECT_EQ(now.lease_until, climbed.lease_until);
    this->pass_time(id, gate::lease + 1min);
    EXPECT_EQ(told(this->store.claim_by_id(gate::enter, id, {.owner = "other"})),
              "rejected: lease_held");
    EXPECT_EQ(told(this->store.fire(gate::jump, run)), "applied");
}

TYPED_TEST(step_that_keeps_the_lease, leaves_a_job_that_the_claim_takes_once_the_lease_ran_out) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    this->store.fire(gate::climb, run).value().value();
    this->pass_time(id, gate::long_lease + 1s);
    const auto second = *this->store.claim(gate::enter, {.owner = "second"}).value();
    EXPECT_EQ(second.state, gate::inside);
    EXPECT_EQ(second.epoch, run.epoch + 1);
    EXPECT_EQ(told(this->store.fire(gate::jump, run)), "rejected: stale_epoch");
}

}  // namespace
}  // namespace conformance
