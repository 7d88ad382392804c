// Tries after a failure: how many, when, and what stands against them.
#include "contest.hpp"

namespace systems::extracted {
namespace {

template <class Backend>
class retried_document : public on_documents<Backend> {
public:
    std::string fail_run(const run_type& run, bool permanent = false) {
        return told(this->jobs().fire(fail, run, {"no luck", permanent}));
    }
    /// How long the document waits from its last change on.
    std::chrono::milliseconds delay_of(std::int64_t id) {
        const auto found = this->read(id);
        return found.run_at - found.changed_at;
    }
};
TYPED_TEST_SUITE(retried_document, backends, backend_names);

// The two moments of one statement are taken one after the other.
constexpr auto slack = 1s;

TYPED_TEST(retried_document, is_put_back_from_running_alone) {
    shows("B6");
    const auto waiting = this->submit();
    run_type forged;
    forged.id = waiting;
    EXPECT_EQ(this->fail_run(forged), "rejected: wrong_state");
    EXPECT_EQ(this->state_of(waiting), "queued");

    const auto cancelled_one = this->submit();
    const auto run = this->run_of(claim, cancelled_one);
    this->pass_time(cancelled_one, text_lease + 1s);
    EXPECT_EQ(this->jobs().sweep().value().expired, 1U);
    EXPECT_EQ(told(this->jobs().fire(cancel, cancelled_one, sm::any_version)), "applied");
    const auto before = this->row(cancelled_one);
    EXPECT_EQ(this->fail_run(run), "rejected: wrong_state") << "it would have come back to life";
    EXPECT_EQ(this->row(cancelled_one), before);
}

TYPED_TEST(retried_document, is_retried_or_cancelled_but_never_from_the_same_moment) {
    shows("B6");
    constexpr int rounds = 100;
    this->submit_many(rounds);
    ASSERT_TRUE(this->jobs().claim_many(claim, rounds, {.owner = "worker"}).value());
    this->close();
    const auto all = contest(
        this->place, {.threads = 1, .processes = 1}, rounds,
        [](store_type& jobs, int me, int round) {
            const std::int64_t id = round + 1;
            if ((me == 0) == (round / 2 % 2 == 0)) sched_yield();
            if (me == 0) {
                run_type run;
                run.id = id;
                run.epoch = 1;
                return report("retry " + told(jobs.fire(fail, run, {"no luck", false})), id);
            }
            // In every other round as it was read when it ran, else whatever happened to it.
            constexpr std::int64_t as_it_ran = 2;
            return report(
                "cancel " + told(round % 2 == 0 ? jobs.fire(cancel, id, sm::version{as_it_ran})
                                                : jobs.fire(cancel, id, sm::any_version)),
                id);
        });
    for (int i = 0; i < rounds; ++i) {
        const auto& round = all[static_cast<std::size_t>(i)];
        const auto id = round[0].id;
        EXPECT_EQ(count_of(round, "retry applied"), 1U);
        const bool was_cancelled = count_of(round, "cancel applied") == 1;
        EXPECT_FALSE(i % 2 == 0 && was_cancelled) << "both succeeded from one moment";
        EXPECT_EQ(this->state_of(id), was_cancelled ? "cancelled" : "queued");
        const auto past = this->jobs().history(id).value();
        EXPECT_EQ(past.back().event, was_cancelled ? "cancel" : "fail");
        EXPECT_EQ(past.size(), was_cancelled ? 4U : 3U);
    }
}

TYPED_TEST(retried_document, waits_as_declared_and_nothing_runs_it_early) {
    shows("B6");
    const auto id = this->submit();
    for (const auto least : {5s, 10s}) {
        EXPECT_EQ(this->fail_run(this->run_of(claim, id)), "applied");
        EXPECT_EQ(this->state_of(id), "queued");
        this->close();  // it is stored: another process sees the same
        const auto delay = this->delay_of(id);
        EXPECT_GE(delay, least - slack);
        EXPECT_LE(delay, least * 12 / 10 + slack);
        const auto before = this->row(id);
        EXPECT_EQ(told(this->jobs().claim(claim, {.owner = "hasty"})), "rejected: none_due");
        EXPECT_EQ(told(this->jobs().claim_by_id(claim, id, {.owner = "hasty"})),
                  "rejected: not_due");
        EXPECT_EQ(this->jobs().sweep().value().expired, 0U);
        EXPECT_EQ(sweeper_on(this->database(), {.interval = 0ms})->sweep_once().value().expired,
                  0U);
        EXPECT_EQ(this->row(id), before);
        this->pass_time(id, delay);
    }
    EXPECT_EQ(this->fail_run(this->run_of(claim, id)), "applied");
    EXPECT_EQ(this->state_of(id), "failed") << "the third attempt was the last";
    EXPECT_EQ(this->read(id).error, "no luck");
}

TYPED_TEST(retried_document, waits_with_jitter) {
    shows("B6");
    constexpr int count = 20;
    std::set<std::chrono::milliseconds> delays;
    for (int i = 0; i < count; ++i) {
        const auto id = this->submit();
        EXPECT_EQ(this->fail_run(this->run_of(claim, id)), "applied");
        delays.insert(this->delay_of(id));
    }
    EXPECT_GE(*delays.begin(), 5s - slack);
    EXPECT_LE(*delays.rbegin(), 6s + slack);
    EXPECT_GT(delays.size(), 5U) << "all wait for the same time";
}

TYPED_TEST(retried_document, ends_at_once_where_the_error_is_permanent) {
    shows("B6");
    const auto id = this->submit(false, this->garbage("broken.pdf"));
    const std::jthread worker([&](const std::stop_token& stop) {
        EXPECT_TRUE(find_texts<production>(this->jobs(), this->leg("worker"), stop).ended);
    });
    EXPECT_TRUE(wait_until([&] { return this->in(failed) == 1; }));
    EXPECT_EQ(this->read(id).attempts, 1);
    EXPECT_NE(this->read(id).error->find("no readable PDF"), std::string::npos);
}

TYPED_TEST(retried_document, is_tried_again_when_its_file_came_late) {
    shows("B6");
    const auto id = this->submit(false, "late.pdf");
    const std::jthread worker([&](const std::stop_token& stop) {
        EXPECT_TRUE(find_texts<production>(this->jobs(), this->leg("worker"), stop).ended);
    });
    EXPECT_TRUE(wait_until([&] { return this->read(id).error.has_value(); }));
    this->written("late.pdf");
    EXPECT_EQ(this->state_of(id), "queued");
    this->pass_time(id, 6s + slack);
    EXPECT_TRUE(wait_until([&] { return this->in(succeeded) == 1; }));
    EXPECT_EQ(this->read(id).attempts, 2);
}

// The same machine with more attempts, to see its delays grow.
constexpr times patient{production.text_lease, production.boxes_lease, production.retry, 10};

TYPED_TEST(retried_document, waits_for_300_s_at_the_most) {
    shows("B6");
    auto database = this->place.open();
    documents<patient> jobs{database};
    const auto id = jobs.submit({.document = "a.pdf"}).value()->id;
    for (int n = 1; n < patient.attempts; ++n) {
        const auto run = *jobs.claim_by_id(claim, id, {.owner = "worker"}).value();
        EXPECT_EQ(run.attempts, n);
        EXPECT_EQ(told(jobs.fire(fail, run, {"no luck", false})), "applied");
        const auto found = jobs.read(id).value().value();
        const std::chrono::milliseconds delay = found.run_at - found.changed_at;
        const std::chrono::milliseconds least = std::min(300s, 5s * (1 << (n - 1)));
        EXPECT_GE(delay, least - slack) << n;
        EXPECT_LE(delay, least * 12 / 10 + slack) << n;
        this->pass_time(id, delay);
    }
}

}  // namespace
}  // namespace systems::extracted
