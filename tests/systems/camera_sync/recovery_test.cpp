// Who takes back what: dead processes' rows alone, a person's retries, and nobody's attempts.
#include "fixture.hpp"

#include <csignal>
#include <thread>

namespace camera_sync::tests {
namespace {

template <class Backend>
class camera_recovery : public on_camera<Backend> {
public:
    bool comes_to(const std::string& name, state wanted) {
        return wait_until([&] { return this->row(name).state == wanted; });
    }
};
TYPED_TEST_SUITE(camera_recovery, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_recovery, takes_back_the_rows_of_the_dead_and_leaves_those_of_the_living) {
    shows("C8");
    this->put(3);
    take_listing(this->jobs, this->client, "test");
    this->claim(fetch, "clip-02.mp4");
    this->pass_time("clip-02.mp4", lease + 1s);
    signal released;
    auto how = this->options([&](moment when, const std::string& what) {
        if (when == moment::download_begins && what == "clip-01.mp4") released.wait();
    });
    how.owner = "living";
    cycle_report report;
    {
        std::jthread living(
            [&] { report = clip_sync(this->jobs, this->client, how).run_cycle({}); });
        EXPECT_TRUE(this->comes_to("clip-01.mp4", downloading));
        program second(this->run_words("second", {"--until-done"}), this->scratch / "printed");
        EXPECT_TRUE(this->comes_to("clip-02.mp4", done)) << second.printed();
        EXPECT_TRUE(this->comes_to("clip-03.mp4", done)) << second.printed();
        const auto held = this->row("clip-01.mp4");
        EXPECT_EQ(held.owner, "living");
        EXPECT_EQ(held.epoch, 1);
        EXPECT_EQ(this->row("clip-02.mp4").epoch, 3);  // the dead one, the second, its tail
        released.give();
        living.join();
        EXPECT_EQ(second.wait(), 0) << this->printed();
    }
    EXPECT_EQ(this->row("clip-01.mp4").state, done);
    EXPECT_EQ(this->source.downloads_of("clip-01.mp4"), 1);
    EXPECT_EQ(report.why, way_out::all_through);
}

TYPED_TEST(camera_recovery, from_a_pause_or_a_stop_costs_no_attempt) {
    shows("C8");
    this->put(1);
    this->source.set_pace({1min, 0ms});
    program one(this->run_words("steered"), this->scratch / "printed");
    ASSERT_TRUE(wait_until([&] { return this->count(downloading) == 1; })) << one.printed();
    EXPECT_EQ(this->row("clip-01.mp4").attempts, 1);
    one.signal(SIGUSR1);
    ASSERT_TRUE(this->comes_to("clip-01.mp4", pending)) << one.printed();
    EXPECT_EQ(this->row("clip-01.mp4").attempts, 0);
    ASSERT_TRUE(wait_until([&] { return one.printed().find("; paused") != std::string::npos; }));
    one.signal(SIGUSR2);
    ASSERT_TRUE(this->comes_to("clip-01.mp4", downloading)) << one.printed();
    EXPECT_EQ(this->row("clip-01.mp4").attempts, 1);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0) << one.printed();
    EXPECT_NE(this->printed().find("; stopped"), std::string::npos) << this->printed();
    EXPECT_EQ(this->row("clip-01.mp4").state, pending);
    EXPECT_EQ(this->row("clip-01.mp4").attempts, 0);
    EXPECT_EQ(this->events("clip-01.mp4"),
              (std::vector<std::string>{"submit", "fetch", "put_back", "fetch", "put_back"}));
}

TYPED_TEST(camera_recovery, by_hand_is_from_failed_alone_and_restarts_the_attempts) {
    shows("C8");
    this->put(4);
    take_listing(this->jobs, this->client, "test");
    for (int i = 0; i < 3; ++i) {
        this->jobs.fire(fetch_failed, this->claim(fetch, "clip-01.mp4"), {"torn"}).value().value();
        this->pass_time("clip-01.mp4", 1h);
    }
    ASSERT_EQ(this->row("clip-01.mp4").state, failed);
    ASSERT_EQ(this->row("clip-01.mp4").attempts, 3);
    // One in each other state.
    this->claim(fetch, "clip-02.mp4");
    this->jobs.fire(fetched_untimed, this->claim(fetch, "clip-03.mp4")).value().value();
    for (const char* const name : {"clip-02.mp4", "clip-03.mp4", "clip-04.mp4"}) {
        const auto before = this->row(name);
        EXPECT_NE(this->run_program(this->words({"retry", name})), 0);
        EXPECT_EQ(this->jobs.fire(retry, before.id, sm::any_version).value().reason(),
                  sm::reason::wrong_state);
        EXPECT_EQ(this->row(name).version, before.version);
    }
    EXPECT_EQ(this->run_program(this->words({"retry", "clip-01.mp4"})), 0) << this->printed();
    EXPECT_EQ(this->row("clip-01.mp4").state, pending);
    EXPECT_EQ(this->row("clip-01.mp4").attempts, 0);
    EXPECT_EQ(this->row("clip-01.mp4").error, std::nullopt);
    this->cycle();
    EXPECT_EQ(this->row("clip-01.mp4").state, done);
    EXPECT_NE(this->run_program(this->words({"retry", "clip-01.mp4"})), 0);
}

}  // namespace
}  // namespace camera_sync::tests
