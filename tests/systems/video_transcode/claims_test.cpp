// A1 and A2: who gets which job, and for how long.
#include "example.hpp"
#include "program.hpp"
#include "service_on.hpp"

#include "media.hpp"

#include <filesystem>
#include <thread>

namespace systems {
namespace {

template <class Backend>
class video_claims : public on_service<Backend> {};
TYPED_TEST_SUITE(video_claims, backends, backend_names);

TYPED_TEST(video_claims, take_the_oldest_waiting_job_or_a_given_one) {
    shows("A1");
    const auto first = this->add_video("first.avi");
    const auto oldest = this->add_video("oldest.avi");
    const auto given = this->add_video("given.avi");
    this->pass_time(oldest, 1h);
    EXPECT_EQ(this->worker.claim()->job, oldest);
    EXPECT_EQ(this->worker.claim(given)->job, given);
    EXPECT_EQ(this->peer.claim()->job, first);
}

TYPED_TEST(video_claims, answer_normally_when_there_is_nothing_to_do) {
    shows("A1");
    const auto nothing = this->worker.post("/claims");
    EXPECT_EQ(nothing.status, 204);
    const auto mine = this->claimed();
    EXPECT_EQ(this->peer.post("/claims").status, 204);
    EXPECT_EQ(told(this->peer.post("/claims", {{"job", mine.job}})), "403 not yours any more");
    EXPECT_EQ(told(this->peer.post("/claims", {{"job", 999}})), "404 no such job");
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    EXPECT_EQ(told(this->peer.post("/claims", {{"job", mine.job}})), "200 already completed");
}

TYPED_TEST(video_claims, know_a_video_that_was_registered_before) {
    shows("A1");
    const auto id = this->add_video("cat.avi");
    EXPECT_EQ(this->add_video("cat.avi"), id);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM videos"), 1);
}

template <class Backend>
class video_leases : public on_service<Backend> {
public:
    video_leases() { this->outlast_first_grace(); }

    std::string milliseconds(const std::string& column) const {
        return std::is_same_v<Backend, sqlite_backend>
                   ? column
                   : "floor(extract(epoch FROM " + column + ") * 1000)::bigint";
    }
    std::int64_t stored_end(std::int64_t id) {
        return this->place.number("SELECT " + milliseconds("lease_until") +
                                  " FROM videos WHERE id = " + std::to_string(id));
    }
};
TYPED_TEST_SUITE(video_leases, backends, backend_names);

TYPED_TEST(video_leases, last_half_an_hour_and_are_renewed_by_progress) {
    shows("A2");
    const auto mine = this->claimed();
    const auto granted = this->stored_end(mine.job);
    EXPECT_EQ(mine.lease_until, granted);
    // The claim is logged with the moment of its search, a little before that of its lease.
    const std::chrono::milliseconds length(
        granted - this->place.number("SELECT " + this->milliseconds("at") +
                                     " FROM videos_log WHERE event = 'claim'"));
    EXPECT_GE(length, 30min);
    EXPECT_LT(length, 31min);

    this->pass_time(mine.job, 29min);
    const auto reported = this->worker.progress(mine, 40);
    ASSERT_EQ(told(reported), "200 done");
    const std::int64_t end = reported.body.at("lease_until");
    EXPECT_EQ(end, this->stored_end(mine.job));
    EXPECT_GE(end, granted) << "the new end is half an hour from now";
    EXPECT_EQ(this->video_of(mine.job).at("percent"), 40);

    this->pass_time(mine.job, 29min);
    EXPECT_EQ(this->check().videos.expired, 0U);
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
}

TYPED_TEST(video_leases, that_run_out_use_up_the_attempts_and_others_proceed) {
    shows("A2");
    const auto silent = this->add_video("silent.avi");
    for (int attempt = 1; attempt <= 3; ++attempt) {
        const auto mine = this->worker.claim(silent);
        ASSERT_TRUE(mine.has_value());
        EXPECT_EQ(mine->attempt, attempt);
        this->pass_time(silent, 31min);
        const auto other = this->claimed("other-" + std::to_string(attempt) + ".avi");
        EXPECT_EQ(told(this->worker.complete(other, measured)), "200 done");
    }
    EXPECT_EQ(told(this->peer.post("/claims", {{"job", silent}})), "410 failed for good");
    EXPECT_EQ(this->state_of(silent), "failed");
    EXPECT_EQ(this->peer.post("/claims").status, 204);
}

// The whole worker, in processes of its own, on a clip that kills it.
TYPED_TEST(video_leases, of_a_clip_that_kills_each_worker_come_to_an_end) {
    shows("A2");
    const std::filesystem::path files =
        std::filesystem::path(::testing::TempDir()) / ("clips-of-" + std::to_string(getpid()));
    std::filesystem::create_directories(files / "clips");
    std::filesystem::create_directories(files / "results");
    transcode::media::make_clip(files / "clips" / "deadly.avi", 1, 64, 48);
    std::filesystem::copy(files / "clips" / "deadly.avi", files / "clips" / "harmless.avi");
    {
        const transcode::http_server with_files(this->service.requests.routes(), 0, files);
        const auto deadly = this->add_video("deadly.avi");
        const auto harmless = this->add_video("harmless.avi");
        this->pass_time(deadly, 1s);
        for (int attempt = 1; attempt <= 3; ++attempt) {
            program doomed({path_of_example, "work", with_files.url(),
                            "doomed-" + std::to_string(attempt), "--dies-on", "deadly.avi"},
                           files);
            if (attempt == 2) {
                // The job is still leased to the one before: this one takes what is there.
                while (this->state_of(harmless) != "completed") std::this_thread::sleep_for(20ms);
                this->pass_time(deadly, 31min);
            }
            ASSERT_TRUE(was_killed(doomed.wait()));
            ASSERT_EQ(this->video_of(deadly).at("attempts"), attempt);
            if (attempt != 1) this->pass_time(deadly, 31min);
        }
        EXPECT_EQ(this->check().videos.exhausted, 1U);
        EXPECT_EQ(this->state_of(deadly), "failed");
        const auto found = this->video_of(harmless).at("metadata");
        EXPECT_EQ(found.at("width"), 64);
        EXPECT_EQ(found.at("codec"), "h264");
    }
    std::filesystem::remove_all(files);
}

}  // namespace
}  // namespace systems
