// A9: what a worker can tell apart, of each of its calls.
#include "held.hpp"
#include "service_on.hpp"

namespace systems {
namespace {

template <class Backend>
class video_answers : public on_service<Backend> {
public:
    video_answers() { this->outlast_first_grace(); }

    /// What progress, completion and failure are told.
    std::vector<std::string> said_to(const assignment& mine) {
        return {told(this->worker.progress(mine, 50)), told(complete_once(this->worker, mine)),
                told(this->worker.fail(mine, "why", false))};
    }
    static std::vector<std::string> all(const std::string& answer) { return {3, answer}; }
};
TYPED_TEST_SUITE(video_answers, backends, backend_names);

TYPED_TEST(video_answers, say_that_there_is_no_such_job) {
    shows("A9");
    assignment none;
    none.job = 999;
    none.epoch = 1;
    none.token = "999-6f1c6b2e-5d0a-4c39-9a53-0c5f5d0a7c11";
    EXPECT_EQ(this->said_to(none), this->all("404 no such job"));
    EXPECT_EQ(this->worker.get("/videos/999").status, 404);
    none.job = 99999999999999999;
    EXPECT_EQ(told(this->worker.progress(none, 50)), "404 no such job");
}

TYPED_TEST(video_answers, say_that_a_peer_has_it) {
    shows("A9");
    const auto mine = this->claimed();
    this->pass_time(mine.job, 31min);
    const auto theirs = this->peer.claim().value();
    ASSERT_EQ(theirs.job, mine.job);
    const auto before = this->stored();
    EXPECT_EQ(this->said_to(mine), this->all("403 not yours any more"));
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(told(this->peer.complete(theirs, measured)), "200 done");
    EXPECT_EQ(this->said_to(mine), this->all("200 already completed"));
}

TYPED_TEST(video_answers, say_that_the_lease_ran_out) {
    shows("A9");
    const auto mine = this->claimed();
    this->pass_time(mine.job, 31min);
    const auto before = this->stored();
    EXPECT_EQ(this->said_to(mine), this->all("409 your lease ran out"));
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(this->check().videos.expired, 1U);
    EXPECT_EQ(this->said_to(mine), this->all("409 your lease ran out"));
    EXPECT_EQ(this->state_of(mine.job), "waiting");
}

TYPED_TEST(video_answers, say_that_it_is_completed) {
    shows("A9");
    const auto mine = this->claimed();
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    EXPECT_EQ(this->said_to(mine),
              (std::vector<std::string>{"200 already completed", "200 already done",
                                        "200 already completed"}));
}

TYPED_TEST(video_answers, say_when_to_try_again_later) {
    shows("A9");
    const auto mine = this->claimed();
    served hasty(open_hasty(this->place));
    transcode::client sender(hasty.server.url(), "worker-1");
    {
        const held<TypeParam> everything(this->place);
        EXPECT_EQ(told(sender.progress(mine, 50)), "503 try again later");
        EXPECT_EQ(told(complete_once(sender, mine)), "503 try again later");
        EXPECT_EQ(told(sender.fail(mine, "why", false)), "503 try again later");
    }
    EXPECT_EQ(this->said_to(mine),
              (std::vector<std::string>{"200 done", "200 done", "200 already completed"}));
}

TYPED_TEST(video_answers, refuse_what_they_cannot_read) {
    shows("A9");
    const auto mine = this->claimed();
    const auto before = this->stored();
    const std::string path = "/videos/" + std::to_string(mine.job);
    EXPECT_EQ(told(this->worker.post(path + "/progress")), "400 bad request");
    EXPECT_EQ(told(this->worker.post(path + "/completion", {{"token", mine.token}})),
              "400 bad request");
    EXPECT_EQ(told(this->worker.post(path + "/failure", {{"epoch", "x"}})), "400 bad request");
    EXPECT_EQ(told(this->worker.post("/claims", {{"worker", ""}})), "400 bad request");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(video_answers, of_a_failure_that_may_pass_leave_the_job_for_later) {
    shows("A9");
    const auto mine = this->claimed();
    EXPECT_EQ(told(this->worker.fail(mine, "no space", false)), "200 done");
    EXPECT_EQ(this->state_of(mine.job), "waiting");
    EXPECT_EQ(this->peer.post("/claims").status, 204) << "not before its delay is over";
    EXPECT_EQ(told(this->peer.post("/claims", {{"job", mine.job}})), "503 try again later");
    this->pass_time(mine.job, 10s);
    EXPECT_EQ(this->peer.claim()->attempt, 2);
}

}  // namespace
}  // namespace systems
