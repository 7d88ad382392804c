// How a cycle goes: tails beside downloads or in turn, on a thread of their own, in order.
#include "comparison.hpp"
#include "fixture.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <sstream>
#include <thread>

#include <pthread.h>

namespace camera_sync::tests {
namespace {

template <class Backend>
using camera_cycle = on_camera<Backend>;
TYPED_TEST_SUITE(camera_cycle, conformance::backends, conformance::backend_names);

std::string thread_name() {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    return name.data();
}

TYPED_TEST(camera_cycle, runs_all_tails_on_one_named_thread_first_in_first_out) {
    shows("C2");
    for (const bool pipelined : {true, false}) {
        const std::string set = pipelined ? "beside" : "turn";
        this->put(4, set);
        std::mutex mutex;
        std::set<std::thread::id> heads, tails;
        std::set<std::string> names;
        told seen;
        auto how = this->options([&](moment when, const std::string& what) {
            const std::lock_guard lock(mutex);
            if (when == moment::download_begins) heads.insert(std::this_thread::get_id());
            if (when == moment::tail_begins) tails.insert(std::this_thread::get_id());
            if (when == moment::tail_begins) names.insert(thread_name());
            seen.add(when, what);
        });
        how.pipelined = pipelined;
        EXPECT_TRUE(this->cycle(how).work.drained);
        EXPECT_EQ(names, std::set<std::string>{"sync-1"});
        ASSERT_EQ(tails.size(), 1U);
        EXPECT_FALSE(heads.contains(*tails.begin()));
        EXPECT_NE(*tails.begin(), std::this_thread::get_id());
        EXPECT_EQ(seen.all(moment::tail_begins), seen.all(moment::download_begins));
        EXPECT_EQ(seen.all(moment::tail_ends).size(), 4U);
        EXPECT_EQ(this->count(done), pipelined ? 4U : 8U);
    }
}

TYPED_TEST(camera_cycle, downloads_the_next_file_beside_a_tail_with_a_bounded_queue) {
    shows("C2");
    this->put(4);
    signal second_is_here;
    told seen;
    std::vector<std::string> begun_meanwhile;
    auto how = this->options([&](moment when, const std::string& what) {
        seen.add(when, what);
        if (when == moment::download_ends && what == "clip-02.mp4") second_is_here.give();
        if (when != moment::tail_begins || what != "clip-01.mp4") return;
        EXPECT_TRUE(second_is_here.wait());
        EXPECT_TRUE(wait_until([&] { return this->row("clip-02.mp4").state == downloaded; }));
        std::this_thread::sleep_for(300ms);  // in which a head without a bound would go on
        begun_meanwhile = seen.all(moment::download_begins);
    });
    how.queue = 1;
    EXPECT_TRUE(this->cycle(how).work.drained);
    EXPECT_EQ(begun_meanwhile, (std::vector<std::string>{"clip-01.mp4", "clip-02.mp4"}));
    EXPECT_EQ(this->count(done), 4U);
}

TYPED_TEST(camera_cycle, in_turn_begins_no_download_before_the_tail_has_ended) {
    shows("C2");
    this->put(3);
    told seen;
    std::size_t overlapping = 0;
    auto how = this->options([&](moment when, const std::string& what) {
        seen.add(when, what);
        if (when == moment::download_begins)
            overlapping +=
                seen.all(moment::tail_ends).size() + 1 != seen.all(moment::download_begins).size()
                    ? 1U
                    : 0U;
    });
    how.pipelined = false;
    const auto report = this->cycle(how);
    EXPECT_FALSE(report.work.pipelined);
    EXPECT_EQ(overlapping, 0U);
    EXPECT_EQ(this->count(done), 3U);
}

// The time in which the machine had no turn for a thread that only sleeps.
class disturbance {
public:
    std::chrono::nanoseconds measured() const { return std::chrono::nanoseconds{late_.load()}; }

private:
    std::atomic<std::int64_t> late_{0};
    std::jthread ticking_{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto begun = std::chrono::steady_clock::now();
            std::this_thread::sleep_for(10ms);
            const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begun;
            late_ += (took - 10ms).count();
        }
    }};
};

TYPED_TEST(camera_cycle, takes_as_long_as_its_slower_stage_or_as_both) {
    shows("C3");
    if (!fs::exists(this->original)) record(this->original, 1);
    constexpr auto allowance = 200ms;
    this->source.set_pace({350ms, 100ms});
    for (int trial = 1;; ++trial) {
        const disturbance noise;
        std::ostringstream printed;
        const auto both = compare(this->jobs, this->client, this->original, this->card, 8,
                                  this->options(), printed);
        const auto& beside = both.pipelined.work;
        const auto& turn = both.in_turn.work;
        const auto sum = turn.stages[0].busy + turn.stages[1].busy;
        const auto larger = std::max(beside.stages[0].busy, beside.stages[1].busy);
        // The camera's clock and this one may differ by a few milliseconds for each file.
        ASSERT_GE(beside.stages[0].busy, 8 * 330ms);
        ASSERT_GE(beside.stages[1].busy, 8 * 80ms);
        EXPECT_GE(turn.took + 1ms, sum);
        EXPECT_NE(printed.str().find("pipelined  "), std::string::npos) << printed.str();
        EXPECT_NE(printed.str().find("in turn  "), std::string::npos) << printed.str();
        EXPECT_EQ(this->count(done), 16U);
        const auto excused = allowance + noise.measured();
        if (beside.took <= larger * 1.15 + excused && turn.took <= sum * 1.15 + excused) break;
        ASSERT_TRUE(noise.measured() > 200ms && trial < 3) << printed.str();
        this->backend.execute("DELETE FROM clips_log");
        this->backend.execute("DELETE FROM clips");
    }
}

}  // namespace
}  // namespace camera_sync::tests
