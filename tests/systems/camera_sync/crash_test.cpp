// Real processes that are killed, at the moments that are hard.
#include "fixture.hpp"

namespace camera_sync::tests {
namespace {

template <class Backend>
class camera_crash : public on_camera<Backend> {
public:
    // The camera has deleted the first clip and never says so; the second is downloaded and waits
    // for its tail; the next one comes in.
    void kill_in_the_middle() {
        this->put(4);
        this->source.set_pace({200ms, 0ms});
        // The camera's thread may come back from its wait when this function is over.
        const auto deleted = std::make_shared<signal>(), killed = std::make_shared<signal>();
        this->source.on_removal([deleted, killed](const std::string& name) {
            if (name != "clip-01.mp4") return;
            deleted->give();
            killed->wait();
        });
        program doomed(this->run_words("doomed"), this->scratch / "doomed");
        ASSERT_TRUE(deleted->wait());
        ASSERT_TRUE(wait_until([&] { return this->row("clip-02.mp4").state == downloaded; }))
            << doomed.printed();
        doomed.kill();
        killed->give();
        this->source.on_removal({});
        ASSERT_EQ(this->row("clip-01.mp4").state, finishing);
        ASSERT_FALSE(fs::exists(this->card / "clip-01.mp4"));
    }
    void leases_run_out() {
        for (const state leased : {downloading, finishing})
            for (const auto& each : all_in(this->jobs, leased))
                this->pass_time(each.job.name, lease + 1s);
    }
};
TYPED_TEST_SUITE(camera_crash, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_crash, between_download_and_tail_repeats_the_tail_alone) {
    shows("C6");
    this->kill_in_the_middle();
    EXPECT_EQ(this->row("clip-02.mp4").attempts, 0);
    EXPECT_EQ(this->row("clip-02.mp4").lease_until, std::nullopt);
    this->leases_run_out();
    EXPECT_EQ(this->run_program(this->run_words("next", {"--until-done"})), 0) << this->printed();
    EXPECT_EQ(this->count(done), 4U);
    EXPECT_EQ(this->source.downloads_of("clip-02.mp4"), 1);
    EXPECT_EQ(this->events("clip-02.mp4"),
              (std::vector<std::string>{"submit", "fetch", "fetched", "finish", "finished"}));
    EXPECT_EQ(this->row("clip-02.mp4").job.tail_failures, 0);
}

TYPED_TEST(camera_crash, after_the_delete_and_before_the_mark_ends_done_and_never_gone) {
    shows("C6");
    this->kill_in_the_middle();
    // A listing without the clip, while its tail belongs to a dead process and when it waits again.
    EXPECT_EQ(take_listing(this->jobs, this->client, "test").vanished, 0U);
    this->leases_run_out();
    this->jobs.sweep().value();
    ASSERT_EQ(this->row("clip-01.mp4").state, downloaded);
    EXPECT_EQ(take_listing(this->jobs, this->client, "test").vanished, 0U);
    EXPECT_EQ(this->run_program(this->run_words("next", {"--until-done"})), 0) << this->printed();
    EXPECT_EQ(this->row("clip-01.mp4").state, done);
    EXPECT_EQ(this->row("clip-01.mp4").job.tail_failures, 0);
    EXPECT_EQ(this->source.downloads_of("clip-01.mp4"), 1);
    EXPECT_EQ(this->row("clip-01.mp4").job.width, 320);
    const auto past = this->jobs.history(this->row("clip-01.mp4").id).value();
    for (const auto& each : past) EXPECT_NE(each.to, "gone");
}

TYPED_TEST(camera_crash, of_a_tail_uses_up_no_attempt_however_often) {
    shows("C6");
    this->put(1);
    take_listing(this->jobs, this->client, "test");
    this->jobs.fire(fetched_untimed, this->claim(fetch, "clip-01.mp4")).value().value();
    for (int crash = 0; crash < 10; ++crash) {
        this->claim(finish, "clip-01.mp4");
        this->pass_time("clip-01.mp4", lease + 1s);
        this->jobs.sweep().value();
        ASSERT_EQ(this->row("clip-01.mp4").state, downloaded);
    }
    for (int failure = 1; failure <= 3; ++failure) {
        ASSERT_EQ(this->row("clip-01.mp4").state, downloaded);
        this->jobs.fire(finish_failed, this->claim(finish, "clip-01.mp4"), {"torn"})
            .value()
            .value();
        this->pass_time("clip-01.mp4", 1h);
    }
    EXPECT_EQ(this->row("clip-01.mp4").state, unfinished);
}

}  // namespace
}  // namespace camera_sync::tests
