// Five ways to be orphaned, each found and revived by looking at the table: no message has to come.
#include "on_documents.hpp"

namespace systems::extracted {
namespace {

template <class Backend>
class orphaned_document : public on_documents<Backend> {
public:
    /// What every process does at some time: a sweep.
    std::size_t sweep() {
        const auto swept = sweeper_on(this->database(), {.interval = 0ms})->sweep_once().value();
        return swept.expired + swept.exhausted;
    }
    /// Whether a worker on a database of its own, where nothing ever rings, gets it by asking for
    /// the next.
    bool found_by_polling(const sm::event<>& on, std::int64_t id) {
        replica<Backend> other(this->place);
        const auto got = other.jobs.claim(on, {.owner = "other"}).value();
        return got && got->id == id;
    }
    /// Neither sweeps nor claims of the next touch it.
    void expect_left_alone(std::int64_t id) {
        const auto before = this->row(id);
        EXPECT_EQ(sweep(), 0U);
        for (const auto& on : {claim, refine})
            EXPECT_EQ(told(this->jobs().claim(on, {.owner = "other"})), "rejected: none_due");
        EXPECT_EQ(this->row(id), before);
    }
    void expect_unswept(std::int64_t id) {
        const auto before = this->row(id);
        EXPECT_EQ(sweep(), 0U);
        EXPECT_EQ(this->row(id), before);
    }
};
TYPED_TEST_SUITE(orphaned_document, backends, backend_names);

TYPED_TEST(orphaned_document, is_queued_and_its_event_was_never_sent) {
    shows("B8");
    const auto id = this->submit();
    this->expect_unswept(id);
    EXPECT_TRUE(this->found_by_polling(claim, id));
}

TYPED_TEST(orphaned_document, is_queued_for_a_retry_and_the_delayed_send_was_lost) {
    shows("B8");
    const auto id = this->submit();
    const auto run = this->run_of(claim, id);
    EXPECT_EQ(told(this->jobs().fire(fail, run, {"no luck", false})), "applied");
    this->expect_left_alone(id);
    this->pass_time(id, 6s);
    EXPECT_TRUE(this->found_by_polling(claim, id));
}

TYPED_TEST(orphaned_document, runs_past_its_lease) {
    shows("B8");
    const auto fresh = this->submit();
    const auto swept = this->submit();
    const auto taken = this->submit();
    for (const auto id : {fresh, swept, taken}) static_cast<void>(this->run_of(claim, id));
    this->expect_left_alone(fresh);
    this->pass_time(fresh, text_lease - 5min);
    this->expect_left_alone(fresh);

    this->pass_time(taken, text_lease + 1s);
    EXPECT_TRUE(this->found_by_polling(claim, taken)) << "a claim takes it over";
    this->pass_time(swept, text_lease + 1s);
    EXPECT_EQ(this->sweep(), 1U);
    EXPECT_EQ(this->state_of(swept), "queued");
    EXPECT_TRUE(this->found_by_polling(claim, swept));
    EXPECT_EQ(this->state_of(fresh), "running");
    EXPECT_EQ(this->read(fresh).attempts, 1);
}

TYPED_TEST(orphaned_document, is_partial_and_the_event_of_its_second_leg_was_never_sent) {
    shows("B8");
    const auto id = this->submit_partial();
    this->expect_unswept(id);
    EXPECT_EQ(told(this->jobs().claim(claim, {.owner = "other"})), "rejected: none_due");
    EXPECT_TRUE(this->found_by_polling(refine, id));
}

TYPED_TEST(orphaned_document, refines_past_its_lease) {
    shows("B8");
    const auto fresh = this->submit_partial();
    const auto swept = this->submit_partial();
    const auto taken = this->submit_partial();
    for (const auto id : {fresh, swept, taken}) static_cast<void>(this->run_of(refine, id));
    this->expect_left_alone(fresh);
    this->pass_time(taken, boxes_lease + 1s);
    EXPECT_TRUE(this->found_by_polling(refine, taken));
    this->pass_time(swept, boxes_lease + 1s);
    EXPECT_EQ(this->sweep(), 1U);
    EXPECT_EQ(this->state_of(swept), "partial");
    EXPECT_EQ(this->read(swept).job.text, "the text");
    EXPECT_TRUE(this->found_by_polling(refine, swept));
    EXPECT_EQ(this->state_of(fresh), "refining");
}

TYPED_TEST(orphaned_document, is_none_that_waits_for_its_backoff_after_a_long_run) {
    shows("B8");
    const auto id = this->submit();
    const auto run = this->run_of(claim, id);
    // It ran for hours, its lease renewed now and then; the last time is long ago, too.
    this->pass_time(id, 5h);
    EXPECT_TRUE(this->jobs().renew(run).value());
    this->place.execute("UPDATE documents SET created_at = created_at - 86400000" +
                        std::string{TypeParam::database::dialect.millisecond});
    EXPECT_EQ(told(this->jobs().fire(fail, run, {"no luck", false})), "applied");
    this->expect_left_alone(id);

    const auto second = this->submit_partial();
    const auto boxes_run = this->run_of(refine, second);
    this->pass_time(second, 5h);
    EXPECT_EQ(told(this->jobs().fire(fail, boxes_run, {"no luck", false})), "applied");
    this->expect_left_alone(second);
}

}  // namespace
}  // namespace systems::extracted
