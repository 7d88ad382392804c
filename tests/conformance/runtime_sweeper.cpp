// Sweeps: whose turn it is, what they take, and what they leave alone.
#include "runtime_sweeper_machine.hpp"

#include <latch>
#include <thread>

namespace conformance {
namespace {

template <class Backend>
class sweeper_of_queue : public swept_by<Backend, queue::machine> {};
TYPED_TEST_SUITE(sweeper_of_queue, backends, backend_names);

TYPED_TEST(sweeper_of_queue, hands_back_what_ran_out_and_ends_what_is_used_up) {
    const auto expired = this->claim(queue::claim, this->submit());
    const auto alive = this->claim(queue::claim, this->submit());
    const auto spent = this->submit();
    for (int i = 0; i < queue::max_attempts; ++i) {
        const auto run = this->claim(queue::claim, spent);
        this->pass_time(spent, queue::lease + 1s);
    }
    this->pass_time(expired.id, queue::lease + 1s);
    const auto done = this->sweeper().sweep_once().value();
    EXPECT_FALSE(done.not_due);
    EXPECT_FALSE(done.in_grace);
    EXPECT_EQ(done.expired, 1U);
    EXPECT_EQ(done.exhausted, 1U);
    EXPECT_EQ(this->read(expired.id).state, queue::queued);
    EXPECT_EQ(this->read(alive.id).state, queue::running);
    EXPECT_EQ(this->read(spent).state, queue::dead);
    EXPECT_EQ(this->history(expired.id).back().actor, "sweep");
}

TYPED_TEST(sweeper_of_queue, sweeps_once_an_interval_however_many_there_are) {
    constexpr int sweepers = 8;
    for (int round = 1; round <= 5; ++round) {
        std::latch all_there(sweepers);
        std::atomic<int> swept{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < sweepers; ++i)
                threads.emplace_back([&] {
                    auto own = this->place.open();
                    sm::sweeper<queue::machine> mine(own, {.interval = 60s});
                    all_there.arrive_and_wait();
                    swept += mine.sweep_once().value().not_due ? 0 : 1;
                });
        }
        EXPECT_EQ(swept, 1);
        this->pass(61s);
    }
}

TYPED_TEST(sweeper_of_queue, counts_a_turn_of_the_future_as_one_of_a_clock_that_was_wrong) {
    EXPECT_FALSE(this->sweeper().sweep_once().value().not_due);
    EXPECT_TRUE(this->sweeper().sweep_once().value().not_due);
    this->pass(-1h);
    EXPECT_FALSE(this->sweeper().sweep_once().value().not_due);
}

TYPED_TEST(sweeper_of_queue, is_stopped_by_no_job_that_the_table_keeps_as_it_is) {
    constexpr std::size_t stuck = 10'000;
    constexpr std::size_t all = stuck + 20;
    std::vector<typename sm::store<queue::machine>::submission> jobs(all);
    for (std::size_t i = 0; i < all; ++i) jobs[i].job.payload = i < stuck ? "stuck" : "free";
    for (const std::span rest(jobs); const auto part : {rest.first(all / 2), rest.last(all / 2)})
        for (const auto& each : this->store.submit_many(part)) ASSERT_EQ(told(each), "applied");
    for (std::size_t claimed = 0; claimed < all;)
        claimed += this->store.claim_many(queue::claim, 1'000, {.owner = "dead"}).value()->size();
    this->shift("", "lease_until", queue::lease + 1s);
    this->refuse_changes_of("stuck");
    auto sweeper = this->sweeper({.interval = 0ms, .batch = 1'000, .rounds = 5});
    std::size_t expired = 0;
    for (int sweeps = 0; sweeps < 3 && expired < 20; ++sweeps) {
        const auto done = sweeper.sweep_once().value();
        expired += done.expired;
        EXPECT_GT(done.refused, 0U);
    }
    EXPECT_EQ(expired, 20U);
    EXPECT_EQ(this->store.list(queue::queued, {.limit = 100}).value().size(), 20U);
}

TYPED_TEST(sweeper_of_queue, reaches_all_of_250_orphans_within_three_sweeps) {
    std::vector<typename sm::store<queue::machine>::submission> jobs(250);
    for (const auto& each : this->store.submit_many(jobs)) ASSERT_EQ(told(each), "applied");
    const auto runs = *this->store.claim_many(queue::claim, 250, {.owner = "dead"}).value();
    for (const auto& run : runs) this->pass_time(run.id, queue::lease + 1s);
    auto sweeper = this->sweeper({.interval = 0ms});
    std::size_t expired = 0;
    for (int i = 0; i < 3; ++i) expired += sweeper.sweep_once().value().expired;
    EXPECT_EQ(expired, 250U);
}

TYPED_TEST(sweeper_of_queue, calls_no_sweep_good_whose_turn_another_one_took_meanwhile) {
    const auto run = this->claim(queue::claim, this->submit());
    this->pass_time(run.id, queue::lease + 1s);
    this->take_turns_in_between();
    EXPECT_EQ(this->sweeper().sweep_once().value().expired, 1U);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs_sweeps "
                                 "WHERE name = 'sweep' AND ended_at IS NOT NULL"),
              0);
}

TYPED_TEST(sweeper_of_queue, runs_until_the_stop_and_wakes_those_who_wait) {
    const auto run = this->claim(queue::claim, this->submit());
    this->pass_time(run.id, queue::lease + 1s);
    auto sweeper = this->sweeper({.interval = 1h});
    const auto seen = this->store.wakeups().rings();
    sm::result<sm::swept> ended = sm::swept{};
    {
        std::jthread sweeping([&](const std::stop_token& stop) { ended = sweeper.run(stop); });
        EXPECT_TRUE(this->store.wakeups().wait(seen, std::chrono::steady_clock::now() + 30s,
                                               std::stop_token{}));
    }
    EXPECT_EQ(ended.value().expired, 1U);
}

TYPED_TEST(sweeper_of_queue, ends_with_the_error_that_a_person_has_to_mend) {
    this->place.execute("DROP TABLE queue_jobs_sweeps");
    EXPECT_EQ(told(this->sweeper().run({})), "error: schema_missing");
    EXPECT_EQ(told(this->sweeper({.batch = 0}).sweep_once()), "error: invalid_argument");
    EXPECT_EQ(told(this->sweeper({.interval = std::chrono::milliseconds::max()}).sweep_once()),
              "error: invalid_argument");
}

// ---- grace

template <class Backend>
class grace : public swept_by<Backend, forgetting::machine> {
public:
    std::int64_t expired_job() {
        const auto run = this->claim(forgetting::claim, this->submit());
        this->pass_time(run.id, forgetting::lease + 1s);
        return run.id;
    }
    // One sweep that is due.
    sm::swept sweep() { return this->sweeper({.interval = 0ms}).sweep_once().value(); }
    // As if sweeps went on for so long that an outage which was noticed is over.
    void outlast_the_grace() {
        this->pass(forgetting::grace / 2 + 1s);
        EXPECT_TRUE(this->sweep().in_grace);
        this->pass(forgetting::grace / 2);
    }
    std::string claim_next() {
        return told(this->store.claim(forgetting::claim, {.owner = "other"}));
    }
};
TYPED_TEST_SUITE(grace, backends, backend_names);

TYPED_TEST(grace, leaves_leases_alone_after_an_outage_and_claims_do_so_too) {
    const auto id = this->expired_job();
    EXPECT_TRUE(this->sweep().in_grace);
    EXPECT_EQ(this->claim_next(), "rejected: none_due");
    EXPECT_EQ(told(this->store.claim_by_id(forgetting::claim, id, {.owner = "other"})),
              "rejected: lease_held");
    EXPECT_EQ(told(this->store.sweep()), "success");
    EXPECT_EQ(this->read(id).state, forgetting::running);

    this->outlast_the_grace();
    const auto done = this->sweep();
    EXPECT_FALSE(done.in_grace);
    EXPECT_EQ(done.expired, 1U);
    EXPECT_EQ(this->read(id).state, forgetting::waiting);
}

TYPED_TEST(grace, is_over_for_claims_when_it_is_over_for_sweeps) {
    static_cast<void>(this->expired_job());
    EXPECT_TRUE(this->sweep().in_grace);
    this->outlast_the_grace();
    EXPECT_EQ(this->claim_next(), "applied");
}

TYPED_TEST(grace, begins_anew_with_an_outage_within_it) {
    const auto id = this->expired_job();
    EXPECT_TRUE(this->sweep().in_grace);
    this->pass(forgetting::grace / 2);
    EXPECT_TRUE(this->sweep().in_grace);
    // The second outage is longer than what is left of the grace, and than a grace.
    this->pass(forgetting::grace + 1s);
    EXPECT_EQ(this->claim_next(), "rejected: none_due");
    EXPECT_EQ(told(this->store.claim_by_id(forgetting::claim, id, {.owner = "other"})),
              "rejected: lease_held");
    EXPECT_EQ(this->store.sweep().value().expired, 0U);
    EXPECT_TRUE(this->sweep().in_grace);
    EXPECT_EQ(this->claim_next(), "rejected: none_due");
    this->outlast_the_grace();
    EXPECT_EQ(this->sweep().expired, 1U);
}

TYPED_TEST(grace, is_longer_than_the_interval_of_each_sweeper) {
    const auto told_of = [&](std::chrono::milliseconds interval) {
        return told(this->sweeper({.interval = interval}).sweep_once());
    };
    EXPECT_EQ(told_of(forgetting::grace), "error: invalid_argument");
    EXPECT_EQ(told_of(forgetting::grace - 1ms), "success");
}

TYPED_TEST(grace, is_put_off_by_no_crash_loop) {
    static_cast<void>(this->expired_job());
    std::size_t expired = 0;
    int starts = 0;
    // From cold, more often than the grace is long: each start is a sweeper of its own.
    for (; starts < 4 && expired == 0; ++starts) {
        expired += this->sweep().expired;
        this->pass(forgetting::grace * 3 / 4);
    }
    EXPECT_EQ(starts, 3);
    EXPECT_EQ(expired, 1U);
}

TYPED_TEST(grace, is_not_needed_where_a_peer_has_swept_within_it) {
    this->sweep();
    this->outlast_the_grace();
    EXPECT_FALSE(this->sweep().in_grace);
    const auto id = this->expired_job();
    this->pass(forgetting::grace / 2);
    EXPECT_EQ(this->sweep().expired, 1U);
    EXPECT_EQ(this->read(id).state, forgetting::waiting);
}

TYPED_TEST(grace, comes_again_with_the_next_outage) {
    this->sweep();
    this->outlast_the_grace();
    EXPECT_FALSE(this->sweep().in_grace);
    this->pass(forgetting::grace + 1s);
    static_cast<void>(this->expired_job());
    EXPECT_EQ(this->claim_next(), "rejected: none_due");
    EXPECT_TRUE(this->sweep().in_grace);
}

TYPED_TEST(grace, is_not_over_by_a_sweep_that_failed) {
    this->sweep();
    this->outlast_the_grace();
    this->place.execute("ALTER TABLE forgetting_jobs_log RENAME TO away");
    static_cast<void>(this->sweeper({.interval = 0ms}).sweep_once());
    this->place.execute("ALTER TABLE away RENAME TO forgetting_jobs_log");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM forgetting_jobs_sweeps "
                                 "WHERE name = 'sweep' AND ended_at IS NOT NULL"),
              0);
}

// ---- what is kept

template <class Backend>
class retention : public grace<Backend> {
public:
    retention() {
        this->sweep();
        this->outlast_the_grace();
        EXPECT_FALSE(this->sweep().in_grace);
    }
    std::int64_t done_job(const sm::submit_options& options = {}) {
        const auto run = this->claim(forgetting::claim, this->submit({}, options));
        EXPECT_EQ(told(this->store.fire(forgetting::complete, run, "token")), "applied");
        return run.id;
    }
    void age(const std::string& suffix, const std::string& column, std::chrono::milliseconds by) {
        this->shift(suffix, column, by);
    }
    std::int64_t rows_of(const std::string& table) {
        return this->place.number("SELECT count(*) FROM forgetting_jobs" + table);
    }
};
TYPED_TEST_SUITE(retention, backends, backend_names);

TYPED_TEST(retention, removes_a_job_with_all_that_stands_beside_it_when_its_time_is_over) {
    const auto old = this->done_job();
    this->age("", "changed_at", forgetting::keep + 1min);
    const auto young = this->done_job();
    const auto failed = this->submit();
    EXPECT_EQ(this->sweep().removed, 1U);
    EXPECT_FALSE(this->store.read(old).value().has_value());
    EXPECT_TRUE(this->history(old).empty());
    EXPECT_EQ(this->rows_of("_tokens"), 1);
    EXPECT_TRUE(this->store.read(young).value().has_value());
    EXPECT_EQ(this->history(young).size(), 3U);
    EXPECT_TRUE(this->store.read(failed).value().has_value());
    EXPECT_GT(this->submit(), failed);
    // Nobody can tell what was done with the token of a job that is gone.
    EXPECT_EQ(told(this->store.resolve(old, "token")), "forgotten");
    EXPECT_EQ(told(this->store.resolve(0, "token")), "rejected: not_found");
}

TYPED_TEST(retention, is_stopped_by_no_job_that_the_table_keeps) {
    std::vector<std::int64_t> jobs(6);
    for (auto& each : jobs) each = this->done_job();
    this->age("", "changed_at", forgetting::keep + 1min);
    // What a row of the user's refers to cannot be removed: here, each but the last one.
    this->place.execute("CREATE TABLE invoices (job bigint REFERENCES forgetting_jobs (id))");
    for (std::size_t i = 0; i + 1 < jobs.size(); ++i)
        this->place.execute("INSERT INTO invoices VALUES (" + std::to_string(jobs[i]) + ")");
    auto sweeper = this->sweeper({.interval = 0ms, .batch = 2});
    const auto done = sweeper.sweep_once().value();
    EXPECT_EQ(done.removed, 1U);
    EXPECT_EQ(done.refused, 5U);
    EXPECT_FALSE(this->store.read(jobs.back()).value().has_value());
    EXPECT_EQ(this->history(jobs.front()).size(), 3U);
    this->place.execute("DELETE FROM invoices");
    EXPECT_EQ(sweeper.sweep_once().value().removed, 5U);
}

TYPED_TEST(retention, keeps_a_job_for_the_memory_of_its_key) {
    const auto id = this->done_job({.key = "upload"});
    this->age("", "changed_at", forgetting::keep + 1min);
    EXPECT_EQ(this->sweep().removed, 0U);
    EXPECT_EQ(told(this->store.submit({}, {.key = "upload"})), "already_applied");
    this->age("", "created_at", forgetting::key_memory + 1min);
    EXPECT_EQ(this->sweep().removed, 1U);
    EXPECT_FALSE(this->store.read(id).value().has_value());
    EXPECT_EQ(told(this->store.submit({}, {.key = "upload"})), "applied");
}

TYPED_TEST(retention, forgets_tokens_and_says_so) {
    const auto id = this->done_job();
    EXPECT_EQ(told(this->store.resolve(id, "token")), "already_applied");
    this->age("_tokens", "at", forgetting::token_memory + 1min);
    this->age("_log", "at", forgetting::token_memory + 1min);
    EXPECT_EQ(this->sweep().forgotten, 1U);
    EXPECT_EQ(told(this->store.resolve(id, "token")), "forgotten");
    EXPECT_EQ(told(this->store.resolve(id, "token")), "forgotten");
    EXPECT_EQ(this->rows_of("_tokens"), 0);

    const auto later = this->submit();
    EXPECT_EQ(told(this->store.resolve(later, "token")), "rejected: never_applied");
    const auto changed_later = this->done_job();
    EXPECT_EQ(told(this->store.resolve(changed_later, "other")), "rejected: never_applied");
}

TYPED_TEST(retention, knows_what_it_forgot_when_the_memory_grows_or_the_clock_is_set_back) {
    const auto id = this->done_job();
    this->age("_tokens", "at", forgetting::token_memory + 1min);
    this->age("_log", "at", forgetting::token_memory + 1min);
    EXPECT_EQ(this->sweep().forgotten, 1U);
    // To a database whose clock is set back by an hour all moments lie an hour later.
    this->pass(-1h);
    this->age("_log", "at", -1h);
    EXPECT_EQ(this->sweep().forgotten, 0U);
    EXPECT_EQ(told(this->store.resolve(id, "token")), "forgotten");
}

TYPED_TEST(retention, forgets_no_token_that_is_younger_than_what_it_wrote_down) {
    const auto id = this->done_job();
    this->age("_tokens", "at", forgetting::token_memory + 1min);
    this->age("_log", "at", forgetting::token_memory + 1min);
    this->hold_the_mark_back(2min);
    EXPECT_EQ(this->sweep().forgotten, 0U);
    EXPECT_EQ(told(this->store.resolve(id, "token")), "already_applied");
}

TYPED_TEST(retention, forgets_the_log_of_jobs_that_stay) {
    const auto id = this->done_job();
    EXPECT_EQ(this->history(id).size(), 3U);
    this->age("_log", "at", forgetting::log_memory + 1min);
    EXPECT_EQ(this->sweep().forgotten, 3U);
    EXPECT_TRUE(this->history(id).empty());
    EXPECT_TRUE(this->store.read(id).value().has_value());
}

TYPED_TEST(retention, forgets_no_log_that_is_within_its_memory) {
    const auto id = this->done_job();
    EXPECT_EQ(this->sweep().forgotten, 0U);
    EXPECT_EQ(this->history(id).size(), 3U);
}

template <class Backend>
class long_memory : public swept_by<Backend, remembering::machine> {};
TYPED_TEST_SUITE(long_memory, backends, backend_names);

TYPED_TEST(long_memory, of_tokens_keeps_their_job) {
    const auto id = this->submit();
    ASSERT_EQ(told(this->store.fire(remembering::finish, id, sm::any_version, {.token = "token"})),
              "applied");
    auto sweeper = this->sweeper({.interval = 0ms});
    this->shift("", "changed_at", remembering::keep + 1min);
    EXPECT_EQ(sweeper.sweep_once().value().removed, 0U);
    EXPECT_EQ(told(this->store.resolve(id, "token")), "already_applied");
    this->shift("", "changed_at", remembering::token_memory);
    EXPECT_EQ(sweeper.sweep_once().value().removed, 1U);
    EXPECT_EQ(told(this->store.resolve(id, "token")), "forgotten");
}

}  // namespace
}  // namespace conformance
