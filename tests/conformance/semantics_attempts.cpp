// Attempts that are used up, given back or restarted, and the waits between them.
#include "fixture.hpp"

#include <algorithm>
#include <set>

namespace conformance {
namespace {

template <class Backend>
class attempts : public on_queue<Backend> {
public:
    // Waits with no attempt left: each run handed it back.
    std::int64_t used_up(const sm::submit_options& options = {}) {
        const auto id = this->submit({}, options);
        for (int i = 0; i < queue::max_attempts; ++i)
            this->store.fire(queue::hand_back, this->claim(queue::claim, id)).value().value();
        return id;
    }
    // Held by a run, the last that is allowed, whose lease has run out.
    std::int64_t last_run_lost(const sm::submit_options& options = {}) {
        const auto id = this->submit({}, options);
        for (int i = 0; i < queue::max_attempts; ++i) {
            this->claim(queue::claim, id);
            this->pass_time(id, queue::lease + 1s);
        }
        return id;
    }
    void expect_ended(std::int64_t id, const char* from, const char* actor) {
        const auto now = this->read(id);
        EXPECT_EQ(now.state, queue::dead);
        EXPECT_EQ(now.error, "attempts used up");
        EXPECT_EQ(now.attempts, queue::max_attempts);
        EXPECT_EQ(now.epoch, queue::max_attempts);
        EXPECT_EQ(now.owner, std::nullopt);
        EXPECT_EQ(now.lease_until, std::nullopt);
        const auto entry = this->history(id).back();
        EXPECT_EQ(entry.event, "exhaust");
        EXPECT_EQ(entry.from, from);
        EXPECT_EQ(entry.to, "dead");
        EXPECT_EQ(entry.version, now.version);
        EXPECT_EQ(entry.actor, actor);
        EXPECT_EQ(entry.lease_until, std::nullopt);
    }
    std::string claim_told(std::int64_t id, std::string_view owner = "late") {
        return told(this->store.claim_by_id(queue::claim, id, {.owner = owner}));
    }
};
TYPED_TEST_SUITE(attempts, backends, backend_names);

TYPED_TEST(attempts, used_up_while_waiting_end_the_job_at_its_claim_by_id) {
    const auto id = this->used_up();
    EXPECT_EQ(this->claim_told(id), "rejected: attempts_exhausted");
    this->expect_ended(id, "queued", "late");
    const auto before = this->stored(id);
    EXPECT_EQ(this->claim_told(id), "rejected: wrong_state");
    EXPECT_EQ(this->stored(id), before);
}

TYPED_TEST(attempts, used_up_by_lost_runs_end_the_job_at_its_claim_by_id) {
    const auto id = this->last_run_lost();
    EXPECT_EQ(this->claim_told(id), "rejected: attempts_exhausted");
    this->expect_ended(id, "running", "late");
}

// What was said of the failure of an earlier attempt tells more than that they are used up.
TYPED_TEST(attempts, used_up_keep_the_words_of_an_earlier_failure) {
    const auto failed_once = [&] {
        const auto id = this->submit();
        const auto run = this->claim(queue::claim, id);
        this->store.fire(queue::fail, run, {.reason = "greylisted", .permanent = false})
            .value()
            .value();
        this->pass_time(id, queue::retry.cap + 1s);
        return id;
    };
    const auto waits = [&] {
        const auto id = failed_once();
        for (int i = 1; i < queue::max_attempts; ++i)
            this->store.fire(queue::hand_back, this->claim(queue::claim, id)).value().value();
        return id;
    };
    const auto is_lost = [&] {
        const auto id = failed_once();
        for (int i = 1; i < queue::max_attempts; ++i) {
            this->claim(queue::claim, id);
            this->pass_time(id, queue::lease + 1s);
        }
        return id;
    };
    const auto expect_words = [&](std::int64_t id) {
        const auto now = this->read(id);
        EXPECT_EQ(now.state, queue::dead);
        EXPECT_EQ(now.error, "greylisted");
        EXPECT_EQ(this->history(id).back().event, "exhaust");
    };
    for (const auto id : {waits(), is_lost()}) {
        EXPECT_EQ(this->claim_told(id), "rejected: attempts_exhausted");
        expect_words(id);
    }
    const auto passed_by = {waits(), is_lost()};
    EXPECT_EQ(told(this->store.claim(queue::claim, {.owner = "late"})), "rejected: none_due");
    for (const auto id : passed_by) expect_words(id);
    const auto swept = {waits(), is_lost()};
    EXPECT_EQ(this->store.sweep().value().exhausted, 2U);
    for (const auto id : swept) expect_words(id);
}

TYPED_TEST(attempts, used_up_end_at_the_next_claim_which_goes_on_to_a_good_job) {
    const auto waiting = this->used_up({.priority = 2});
    const auto lost = this->last_run_lost({.priority = 1});
    const auto good = this->submit();
    const auto run = this->store.claim(queue::claim, {.owner = "late"}).value();
    ASSERT_EQ(told(run), "applied");
    EXPECT_EQ(run->id, good);
    this->expect_ended(waiting, "queued", "late");
    this->expect_ended(lost, "running", "late");
    EXPECT_EQ(told(this->store.claim(queue::claim, {.owner = "late"})), "rejected: none_due");
}

TYPED_TEST(attempts, used_up_never_hide_a_good_job_however_many_stand_in_front) {
    std::vector<std::int64_t> ended;
    for (int i = 0; i < 30; ++i) {
        ended.push_back(this->submit({}, {.priority = 9}));
        if (i % 2 == 0) {
            this->claim(queue::claim, ended.back());
            this->pass_time(ended.back(), queue::lease + 1s);
        }
    }
    this->place.execute("UPDATE queue_jobs SET attempts = 3");
    const auto good = this->submit();
    const auto other = this->submit();
    const auto run = this->store.claim(queue::claim, {.owner = "w"}).value();
    ASSERT_EQ(told(run), "applied");
    EXPECT_EQ(run->id, good);
    const auto runs = this->store.claim_many(queue::claim, 2, {.owner = "w"}).value();
    ASSERT_EQ(told(runs), "applied");
    ASSERT_EQ(runs->size(), 1U);
    EXPECT_EQ(runs->at(0).id, other);
    for (const auto id : ended) EXPECT_EQ(this->read(id).state, queue::dead);
}

TYPED_TEST(attempts, used_up_among_a_batch_are_left_out_of_it) {
    const auto first = this->submit();
    const auto ended = this->used_up();
    const auto second = this->submit();
    const auto runs = this->store.claim_many(queue::claim, 3, {.owner = "w"}).value();
    ASSERT_EQ(told(runs), "applied");
    std::set<std::int64_t> ids;
    for (const auto& run : *runs) ids.insert(run.id);
    EXPECT_EQ(ids, (std::set<std::int64_t>{first, second}));
    EXPECT_EQ(this->read(ended).state, queue::dead);
}

TYPED_TEST(attempts, used_up_end_at_a_sweep_leased_or_waiting) {
    const auto waiting = this->used_up();
    const auto lost = this->last_run_lost();
    const auto good = this->submit();
    this->claim(queue::claim, good);
    this->pass_time(good, queue::lease + 1s);
    const auto done = this->store.sweep({.actor = "broom"}).value();
    EXPECT_EQ(done.exhausted, 2U);
    EXPECT_EQ(done.expired, 1U);
    this->expect_ended(waiting, "queued", "broom");
    this->expect_ended(lost, "running", "broom");
    EXPECT_EQ(this->read(good).state, queue::queued);
}

TYPED_TEST(attempts, used_up_by_a_run_that_is_still_live_do_not_end_it) {
    const auto id = this->last_run_lost();
    this->pass_time(id, -1h);
    const auto before = this->stored(id);
    EXPECT_EQ(this->claim_told(id), "rejected: lease_held");
    EXPECT_EQ(told(this->store.claim(queue::claim, {.owner = "late"})), "rejected: none_due");
    EXPECT_EQ(this->store.sweep().value().exhausted, 0U);
    EXPECT_EQ(this->stored(id), before);
}

TYPED_TEST(attempts, used_up_end_by_no_more_than_the_limit_in_one_sweep) {
    for (int i = 0; i < 5; ++i) this->used_up();
    EXPECT_EQ(this->store.sweep({.limit = 2}).value().exhausted, 2U);
    EXPECT_EQ(this->store.sweep({.limit = 2}).value().exhausted, 2U);
    EXPECT_EQ(this->store.sweep({.limit = 2}).value().exhausted, 1U);
    EXPECT_EQ(this->store.sweep({.limit = 2}).value().exhausted, 0U);
}

TYPED_TEST(attempts, of_a_job_that_kills_each_worker_come_to_an_end) {
    const auto id = this->submit();
    int claims = 0;
    while (this->store.claim(queue::claim, {.owner = "w"}).value().applied()) {
        ++claims;
        this->pass_time(id, queue::lease + 1s);
        ASSERT_LE(claims, queue::max_attempts);
    }
    EXPECT_EQ(claims, queue::max_attempts);
    this->expect_ended(id, "running", "w");
}

TYPED_TEST(attempts, given_back_are_never_used_up_while_the_epoch_goes_on) {
    const auto id = this->submit();
    for (int i = 1; i <= 2 * queue::max_attempts; ++i) {
        const auto run = this->claim(queue::claim, id);
        EXPECT_EQ(run.attempts, 1);
        EXPECT_EQ(run.epoch, i);
        EXPECT_EQ(this->store.fire(queue::release, run).value()->attempts, 0);
    }
    EXPECT_EQ(this->read(id).epoch, 2 * queue::max_attempts);
}

TYPED_TEST(attempts, restart_with_the_next_leg_and_with_a_requeue) {
    const auto id = this->submit();
    this->store.fire(queue::hand_back, this->claim(queue::claim, id)).value().value();
    const auto run = this->claim(queue::claim, id);
    EXPECT_EQ(run.attempts, 2);
    const auto completed = *this->store.fire(queue::complete, run, {"leg"}).value();
    EXPECT_EQ(completed.attempts, 0);
    for (int i = 1; i <= 2; ++i) {
        const auto second = this->claim(queue::refine, id);
        EXPECT_EQ(second.attempts, i);
        EXPECT_EQ(second.epoch, 2 + i);
        this->pass_time(id, queue::refining_lease + 1s);
    }
    EXPECT_EQ(this->store.sweep().value().exhausted, 1U);
    EXPECT_EQ(this->read(id).state, queue::dead);
    ASSERT_EQ(told(this->store.fire(queue::requeue, id, sm::any_version)), "applied");
    const auto again = this->read(id);
    EXPECT_EQ(again.attempts, 0);
    EXPECT_EQ(again.epoch, 4);
    EXPECT_EQ(again.error, std::nullopt);
    EXPECT_EQ(this->claim(queue::claim, id).epoch, 5);
}

TYPED_TEST(attempts, left_decide_between_retry_and_the_rule_behind_it) {
    const auto id = this->submit();
    for (int i = 1; i <= queue::max_attempts; ++i) {
        const auto run = this->claim(queue::claim, id);
        const auto failed = *this->store.fire(queue::fail, run, {"again", false}).value();
        EXPECT_EQ(failed.to, i < queue::max_attempts ? queue::queued : queue::failed) << i;
        EXPECT_EQ(this->read(id).error, "again");
        this->pass_time(id, 1h);
    }
    EXPECT_EQ(this->claim_told(id), "rejected: wrong_state");
}

TYPED_TEST(attempts, of_a_leg_that_failed_for_good_cannot_be_claimed) {
    const auto id = this->submit();
    this->store.fire(queue::complete, this->claim(queue::claim, id), {"leg"}).value().value();
    this->store.fire(queue::fail, this->claim(queue::refine, id), {"no", false}).value().value();
    EXPECT_EQ(this->read(id).state, queue::failed);
    EXPECT_EQ(this->claim_told(id), "rejected: wrong_state");
    EXPECT_EQ(told(this->store.claim_by_id(queue::refine, id, {.owner = "w"})),
              "rejected: wrong_state");
    EXPECT_EQ(told(this->store.claim(queue::refine, {.owner = "w"})), "rejected: none_due");
}

template <class Backend>
class waiting_time : public on_queue<Backend> {};
TYPED_TEST_SUITE(waiting_time, backends, backend_names);

TYPED_TEST(waiting_time, is_not_ended_by_an_event_that_leaves_the_job_where_it_waits) {
    const auto delayed = this->submit({}, {.delay = 1h});
    const auto failed = this->submit();
    ASSERT_EQ(told(this->store.fire(queue::fail, this->claim(queue::claim, failed), {"x", false})),
              "applied");
    for (const auto id : {delayed, failed}) {
        const auto until = this->read(id).run_at;
        const auto noted =
            this->store.fire(queue::annotate, id, sm::any_version, {.label = "seen"});
        ASSERT_EQ(told(noted), "applied");
        EXPECT_EQ(noted.value()->run_at, until);
        EXPECT_EQ(this->read(id).run_at, until);
        EXPECT_EQ(told(this->store.claim_by_id(queue::claim, id, {.owner = "w"})),
                  "rejected: not_due");
    }
    EXPECT_EQ(told(this->store.claim(queue::claim, {.owner = "w"})), "rejected: none_due");
}

template <class Backend>
class backoff : public on_retrying<Backend> {
public:
    using run_type = typename on_retrying<Backend>::run_type;

    // How long the job waits now. The database may read its clock twice in one statement.
    std::chrono::milliseconds fail(const sm::event<>& on, std::int64_t id) {
        const auto failed = *this->store.fire(on, this->claim(retrying::claim, id)).value();
        EXPECT_EQ(failed.to, retrying::waiting);
        return failed.run_at - failed.at;
    }
};
TYPED_TEST_SUITE(backoff, backends, backend_names);

TYPED_TEST(backoff, doubles_with_each_attempt_up_to_its_cap) {
    const auto id = this->submit();
    for (const auto wanted : {1s, 2s, 4s, 8s, 10s}) {
        const auto delay = this->fail(retrying::fail, id);
        EXPECT_GE(delay, wanted - 500ms);
        EXPECT_LE(delay, wanted + 500ms);
        this->pass_time(id, 1min);
    }
    const auto last = *this->store.fire(retrying::fail, this->claim(retrying::claim, id)).value();
    EXPECT_EQ(last.to, retrying::failed);
    EXPECT_EQ(this->read(id).error, "gave up");
}

TYPED_TEST(backoff, adds_up_to_its_jitter) {
    std::set<std::chrono::milliseconds::rep> delays;
    for (int i = 0; i < 40; ++i) {
        const auto delay = this->fail(retrying::stumble, this->submit());
        EXPECT_GE(delay, 2s - 10ms);
        EXPECT_LE(delay, 3s + 500ms);
        delays.insert(delay.count());
    }
    EXPECT_GT(delays.size(), 10U);
    EXPECT_GT(*delays.rbegin() - *delays.begin(), 300);
}

TYPED_TEST(backoff, is_kept_in_the_row_and_nothing_runs_the_job_early) {
    const auto id = this->submit();
    for (int i = 0; i < 3; ++i) {
        this->fail(retrying::fail, id);
        this->pass_time(id, 1min);
    }
    this->fail(retrying::fail, id);
    auto other_database = this->place.open();
    auto other = store_on<retrying::machine>(other_database);
    EXPECT_EQ(other.read(id).value()->run_at, this->read(id).run_at);
    const auto before = this->stored();
    EXPECT_EQ(told(other.claim_by_id(retrying::claim, id, {.owner = "w"})), "rejected: not_due");
    EXPECT_EQ(told(other.claim(retrying::claim, {.owner = "w"})), "rejected: none_due");
    EXPECT_EQ(told(other.claim_many(retrying::claim, 10, {.owner = "w"})), "rejected: none_due");
    const auto swept = other.sweep().value();
    EXPECT_EQ(swept.expired + swept.exhausted, 0U);
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(backoff, ends_when_its_time_has_passed) {
    const auto id = this->submit();
    for (int i = 0; i < 4; ++i) {
        this->fail(retrying::fail, id);
        this->pass_time(id, 1min);
    }
    this->fail(retrying::fail, id);
    this->pass_time(id, 5s);
    EXPECT_EQ(told(this->store.claim(retrying::claim, {.owner = "w"})), "rejected: none_due");
    this->pass_time(id, 5s);
    EXPECT_EQ(this->store.claim(retrying::claim, {.owner = "w"}).value()->id, id);
}

}  // namespace
}  // namespace conformance
