// When each stage began and ended: in order, on the database's clock, and never in the way.
#include "first_version.hpp"
#include "fixture.hpp"

#include <statemachine/schema.hpp>

namespace camera_sync::tests {
namespace {

template <class Backend>
using camera_timing = on_camera<Backend>;
TYPED_TEST_SUITE(camera_timing, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_timing, is_in_order_on_one_clock_in_one_unit) {
    shows("C7");
    this->put(3);
    this->source.set_pace({150ms, 150ms});
    EXPECT_TRUE(this->cycle().work.drained);
    for (const auto& each : all_in(this->jobs, done)) {
        ASSERT_TRUE(each.job.download_started && each.job.download_finished);
        ASSERT_TRUE(each.job.tail_submitted && each.job.tail_finished);
        EXPECT_GE(*each.job.download_finished - *each.job.download_started, 130ms);
        EXPECT_GE(*each.job.tail_submitted, *each.job.download_finished);
        EXPECT_GE(*each.job.tail_finished - *each.job.tail_submitted, 130ms);
        // The log's times are the database's.
        const auto past = this->jobs.history(each.id).value();
        for (const auto& entry : past) {
            const auto expected = entry.event == "fetch"      ? each.job.download_started
                                  : entry.event == "fetched"  ? each.job.download_finished
                                  : entry.event == "finished" ? each.job.tail_finished
                                                              : entry.at;
            EXPECT_LE(std::chrono::abs(*expected - entry.at), 50ms) << entry.event;
        }
    }
}

// No row may change a column that holds a time.
void refuse_times(const conformance::sqlite_backend& backend) {
    backend.execute(
        "CREATE TRIGGER no_times BEFORE UPDATE OF download_finished, tail_finished ON clips "
        "BEGIN SELECT RAISE(ABORT, 'no times'); END");
}
void refuse_times(const conformance::postgres_backend& backend) {
    backend.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'no times'; END $$");
    backend.execute(
        "CREATE TRIGGER no_times BEFORE UPDATE OF download_finished, tail_finished ON clips "
        "FOR EACH ROW EXECUTE FUNCTION refuse()");
}

TYPED_TEST(camera_timing, that_cannot_be_written_fails_no_job) {
    shows("C7");
    refuse_times(this->backend);
    this->put(2);
    const auto report = this->cycle();
    EXPECT_EQ(report.why, way_out::all_through);
    EXPECT_EQ(report.work.stages[0].failed, 0U);
    EXPECT_EQ(report.work.stages[1].failed, 0U);
    EXPECT_EQ(this->count(done), 2U);
    for (const auto& each : all_in(this->jobs, done)) {
        EXPECT_EQ(each.job.download_finished, std::nullopt);
        EXPECT_EQ(each.job.tail_finished, std::nullopt);
        EXPECT_EQ(each.job.codec, "mpeg4");
    }
}

TYPED_TEST(camera_timing, comes_by_a_migration_that_two_processes_run_at_once) {
    shows("C7");
    const TypeParam fresh;
    auto old = fresh.open();
    sm::store<first::machine> before(old);
    before.migrate().value();
    const auto id = before.submit({.name = "clip-01.mp4"}, {.key = "clip-01.mp4"}).value()->id;
    const auto run = *before.claim(first::fetch, {.owner = "old"}).value();
    before.fire(first::fetched, run).value().value();
    before.submit({.name = "clip-02.mp4"}, {.key = "clip-02.mp4"}).value().value();
    {
        program one(this->words({"migrate"}, this->where(fresh)), this->scratch / "printed");
        program two(this->words({"migrate"}, this->where(fresh)), this->scratch / "printed");
        EXPECT_EQ(one.wait(), 0) << this->printed();
        EXPECT_EQ(two.wait(), 0) << this->printed();
    }
    EXPECT_EQ(this->run_program(this->words({"migrate"}, this->where(fresh))), 0)
        << this->printed();
    database now(this->where(fresh));
    auto after = now.jobs();
    const auto kept = *after.read(id).value();
    EXPECT_EQ(kept.state, downloaded);
    EXPECT_EQ(kept.job.name, "clip-01.mp4");
    EXPECT_EQ(kept.job.download_started, std::nullopt);
    // The program before it goes on beside it.
    before.submit({.name = "clip-03.mp4"}, {.key = "clip-03.mp4"}).value().value();
    EXPECT_EQ(fresh.number("SELECT count(*) FROM clips"), 3);
    this->put(3);
    fs::copy_file(this->original, this->recordings / "clip-01.mp4");
    clip_sync one(after, this->client, this->options());
    EXPECT_EQ(one.run_cycle({}).why, way_out::all_through);
    EXPECT_EQ(all_in(after, done).size(), 3U);
    EXPECT_EQ(this->source.downloads_of("clip-01.mp4"), 0);
}

}  // namespace
}  // namespace camera_sync::tests
