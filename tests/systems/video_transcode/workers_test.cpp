// A10: workers are alive as long as their heartbeat is, and what becomes of the jobs of the others.
#include "service_on.hpp"

#include <thread>

namespace systems {
namespace {

template <class Backend>
class silent_workers : public on_service<Backend> {
public:
    silent_workers() { this->outlast_first_grace(); }

    reply heartbeat() {
        return this->worker.post("/workers/" + registered.at("id").dump() + "/heartbeat",
                                 {{"epoch", registered.at("epoch")}});
    }
    std::string state_of_worker() {
        return this->place.text("SELECT state FROM workers WHERE id = " +
                                registered.at("id").dump());
    }
    void pass_silence(std::chrono::milliseconds by) {
        this->pass_time_of_worker(registered.at("id"), by);
    }
    json registered = this->worker.post("/workers").body;
};
TYPED_TEST_SUITE(silent_workers, backends, backend_names);

TYPED_TEST(silent_workers, are_marked_offline_and_come_back) {
    shows("A10");
    EXPECT_EQ(told(this->heartbeat()), "200 done");
    EXPECT_EQ(this->check().workers.expired, 0U);
    EXPECT_EQ(this->state_of_worker(), "online");
    this->pass_silence(61s);
    EXPECT_EQ(this->check().workers.expired, 1U);
    EXPECT_EQ(this->state_of_worker(), "offline");
    EXPECT_EQ(told(this->heartbeat()), "409 your lease ran out");

    const auto again = this->worker.post("/workers").body;
    EXPECT_EQ(again.at("id"), this->registered.at("id"));
    EXPECT_EQ(this->state_of_worker(), "online");
    EXPECT_EQ(told(this->heartbeat()), "403 not yours any more") << "of the registration before";
    this->registered = again;
    EXPECT_EQ(told(this->heartbeat()), "200 done");
}

TYPED_TEST(silent_workers, that_report_in_between_stay_online) {
    shows("A10");
    this->pass_silence(61s);
    EXPECT_EQ(told(this->heartbeat()), "200 done") << "nobody has marked it yet";
    EXPECT_EQ(this->check().workers.expired, 0U);
    EXPECT_EQ(this->state_of_worker(), "online");
}

TYPED_TEST(silent_workers, that_report_during_a_check_are_told_how_it_ended) {
    shows("A10");
    for (int round = 0; round < 15; ++round) {
        this->pass_silence(61s);
        reply beat{0};
        {
            std::jthread reporting([&] { beat = this->heartbeat(); });
            this->check();
        }
        const bool online = this->state_of_worker() == "online";
        EXPECT_EQ(told(beat), online ? "200 done" : "409 your lease ran out");
        if (!online) this->registered = this->worker.post("/workers").body;
    }
}

TYPED_TEST(silent_workers, that_never_reported_are_judged_by_their_registration) {
    shows("A10");
    this->pass_silence(30s);
    EXPECT_EQ(this->check().workers.expired, 0U);
    EXPECT_EQ(this->state_of_worker(), "online");
    this->pass_silence(31s);
    EXPECT_EQ(this->check().workers.expired, 1U);
    EXPECT_EQ(this->state_of_worker(), "offline");
}

TYPED_TEST(silent_workers, that_leave_are_offline_at_once) {
    shows("A10");
    EXPECT_EQ(told(this->worker.post("/workers")), "403 not yours any more")
        << "the name is taken while its lease lives";
    EXPECT_EQ(told(this->worker.post("/workers/" + this->registered.at("id").dump() + "/departure",
                                     {{"epoch", this->registered.at("epoch")}})),
              "200 done");
    EXPECT_EQ(this->state_of_worker(), "offline");
}

TYPED_TEST(silent_workers, lose_their_expired_jobs_and_keep_their_live_leases) {
    shows("A10");
    const auto expired = this->claimed("expired.avi");
    const auto live = this->claimed("live.avi");
    const auto reclaimed = this->claimed("reclaimed.avi");
    this->pass_time(expired.job, 31min);
    this->pass_time(reclaimed.job, 31min);
    const auto theirs = this->peer.claim(reclaimed.job).value();
    this->pass_silence(61s);

    const auto found = this->check();
    EXPECT_EQ(found.workers.expired, 1U);
    EXPECT_EQ(found.videos.expired, 1U);
    EXPECT_EQ(this->state_of(expired.job), "waiting");
    EXPECT_EQ(this->state_of(live.job), "claimed");
    EXPECT_EQ(told(this->worker.complete(live, measured)), "200 done");
    EXPECT_EQ(this->state_of(reclaimed.job), "claimed");
    EXPECT_EQ(told(this->peer.complete(theirs, measured)), "200 done");
    EXPECT_EQ(this->peer.claim()->job, expired.job);
}

TYPED_TEST(silent_workers, do_not_get_back_what_a_peer_claims_during_a_check) {
    shows("A10");
    for (int round = 0; round < 15; ++round) {
        const auto mine = this->claimed("clip-" + std::to_string(round));
        this->pass_time(mine.job, 31min);
        std::optional<assignment> theirs;
        {
            std::jthread claiming([&] { theirs = this->peer.claim(mine.job); });
            this->check();
        }
        if (!theirs) theirs = this->peer.claim(mine.job);
        ASSERT_TRUE(theirs.has_value());
        EXPECT_EQ(theirs->epoch, mine.epoch + 1);
        EXPECT_EQ(told(this->worker.complete(mine, measured)), "403 not yours any more");
        EXPECT_EQ(told(this->peer.complete(*theirs, measured)), "200 done");
    }
}

}  // namespace
}  // namespace systems
