// A cycle ends only when all tails have, whatever ends it, and says so in one line.
#include "durable_file.hpp"
#include "fixture.hpp"

#include <thread>

namespace camera_sync::tests {
namespace {

template <class Backend>
class camera_ways_out : public on_camera<Backend> {
public:
    std::stop_source stop;
    clip_sync* running = nullptr;

    // Four clips; the way out is taken while the third comes in and the first is in its tail.
    cycle_report leave_by(std::function<void()> way, bool pipelined) {
        this->put(4);
        signal taken;
        auto how = this->options([&](moment when, const std::string& what) {
            seen.add(when, what);
            if (when == moment::tail_begins && pipelined) {
                EXPECT_TRUE(taken.wait());
                std::this_thread::sleep_for(100ms);  // in which a cycle that does not wait ends
            }
            if (when != moment::download_begins || what != "clip-03.mp4") return;
            way();
            taken.give();
        });
        how.pipelined = pipelined;
        clip_sync one(this->jobs, this->client, how);
        running = &one;
        auto report = one.run_cycle(stop.get_token());
        ended_tails = seen.all(moment::tail_ends).size();
        EXPECT_EQ(seen.all(moment::tail_begins),
                  (std::vector<std::string>{"clip-01.mp4", "clip-02.mp4"}));
        EXPECT_TRUE(report.work.drained);
        EXPECT_EQ(report.work.pipelined, pipelined);
        EXPECT_EQ(this->count(finishing), 0U);
        EXPECT_EQ(this->count(downloading), 0U);
        EXPECT_EQ(this->row("clip-03.mp4").state, pending);
        EXPECT_EQ(this->row("clip-03.mp4").attempts, 0);
        EXPECT_EQ(this->row("clip-04.mp4").epoch, 0);
        const auto line = line_of(report);
        EXPECT_EQ(line.find("cycle: drained, "), 0U) << line;
        EXPECT_NE(line.find(pipelined ? " s, pipelined; " : " s, in turn; "), std::string::npos)
            << line;
        EXPECT_EQ(line.find('\n'), std::string::npos);
        return report;
    }
    // So that the third clip is not there before the cycle has told it to stop.
    std::function<void()> slowly(std::function<void()> way) {
        return [this, way] {
            this->source.set_pace({10s, 0ms});
            way();
        };
    }
    // After what ended the other cycle is over.
    void expect_all_done() {
        this->source.set_pace({0ms, 0ms});
        EXPECT_EQ(this->cycle().why, way_out::all_through);
        EXPECT_EQ(this->count(done), 4U);
        EXPECT_EQ(this->source.downloads_of("clip-01.mp4"), 1);
        EXPECT_EQ(this->source.downloads_of("clip-02.mp4"), 1);
    }

    told seen;
    std::size_t ended_tails = 0;
};
TYPED_TEST_SUITE(camera_ways_out, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_ways_out, by_a_camera_that_is_offline_leave_its_tails_to_the_next_cycle) {
    shows("C4");
    const auto report = this->leave_by([&] { this->source.go_offline(); }, true);
    EXPECT_EQ(report.why, way_out::offline);
    EXPECT_EQ(this->count(downloaded), 2U);
    EXPECT_EQ(this->row("clip-01.mp4").job.tail_failures, 0);
    const auto away = this->cycle();
    EXPECT_EQ(away.why, way_out::offline);
    EXPECT_EQ(line_of(away), "cycle: drained, 0.00 s, pipelined; the camera is offline");
    this->source.come_back();
    this->expect_all_done();
}

TYPED_TEST(camera_ways_out, by_a_pause_drain_and_go_on_later) {
    shows("C4");
    const auto report = this->leave_by(this->slowly([&] { this->running->pause(); }), true);
    EXPECT_EQ(report.why, way_out::paused);
    EXPECT_EQ(this->ended_tails, 2U);
    EXPECT_EQ(this->count(done), 2U);
    this->expect_all_done();
}

TYPED_TEST(camera_ways_out, by_a_pause_last_until_it_goes_on) {
    shows("C4 C8");
    this->put(1);
    clip_sync one(this->jobs, this->client, this->options());
    one.pause();
    EXPECT_EQ(one.run_cycle({}).why, way_out::paused);
    EXPECT_EQ(one.run_cycle({}).work.stages.size(), 0U);
    one.go_on();
    EXPECT_EQ(one.run_cycle({}).why, way_out::all_through);
    EXPECT_EQ(this->count(done), 1U);
}

TYPED_TEST(camera_ways_out, by_a_stop_drain) {
    shows("C4");
    const auto report = this->leave_by(this->slowly([&] { this->stop.request_stop(); }), true);
    EXPECT_EQ(report.why, way_out::stopped);
    EXPECT_EQ(this->ended_tails, 2U);
    EXPECT_EQ(this->count(done), 2U);
    this->expect_all_done();
}

TYPED_TEST(camera_ways_out, by_an_exception_drain_and_tell_it) {
    shows("C4");
    // Nothing can be written over a directory, whoever asks.
    const auto in_the_way = this->recordings / "clip-03.mp4";
    const auto report = this->leave_by([&] { fs::create_directory(in_the_way); }, true);
    EXPECT_EQ(report.why, way_out::broken);
    EXPECT_THROW(std::rethrow_exception(report.trouble), unwritable);
    EXPECT_EQ(this->ended_tails, 2U);
    EXPECT_EQ(this->count(done), 2U);
    fs::remove(in_the_way);
    this->expect_all_done();
}

TYPED_TEST(camera_ways_out, drain_in_turn_as_well) {
    shows("C4");
    const auto report = this->leave_by(this->slowly([&] { this->running->pause(); }), false);
    EXPECT_EQ(report.why, way_out::paused);
    EXPECT_EQ(this->ended_tails, 2U);
    this->expect_all_done();
}

}  // namespace
}  // namespace camera_sync::tests
