// What is put into the outbox, and that it commits with the change or not at all.
#include "parcels.hpp"

#include <algorithm>

namespace conformance::parcels {
namespace {

template <class Backend>
class emits : public parcels_test<Backend> {};
TYPED_TEST_SUITE(emits, backends, backend_names);

TYPED_TEST(emits, one_event_for_each_change_whose_rule_says_so) {
    const auto id = this->submit();
    const auto run = this->claim(take, id);
    ASSERT_EQ(told(this->store.fire(inspect, run, {.good = false})), "applied");
    const auto again = this->claim(take, id);
    ASSERT_EQ(told(this->store.fire(weigh, again)), "applied");
    ASSERT_EQ(told(this->store.fire(inspect, again, {.good = true}, "token-1")), "applied");
    ASSERT_EQ(told(this->store.fire(relabel, id, sm::version{6}, {.mark = "a"})), "applied");
    ASSERT_EQ(told(this->store.fire(recall, id, sm::any_version, {.token = "t"})), "applied");
    EXPECT_EQ(this->outbox(), (rows{{"1", "2", "1", "taken"},
                                    {"1", "4", "1", "taken"},
                                    {"1", "5", "1", "weighed"},
                                    {"1", "6", "1", "approved"},
                                    {"1", "7", "1", "relabelled"},
                                    {"1", "8", "1", "recalled"}}));
}

TYPED_TEST(emits, one_event_for_each_step_of_a_batch_whose_rule_says_so) {
    auto into = received{};
    auto relay = this->relay(this->quick("a"), into);
    ASSERT_EQ(told(relay->join()), "success");
    std::vector<sm::store<machine>::step<check>> steps;
    for (const bool good : {true, false, true})
        steps.push_back({this->claim(take, this->submit()), {.good = good}});
    steps.push_back({steps[0].run, {.good = true}});
    std::vector<std::string> said;
    for (const auto& each : this->store.template fire_many<check>(inspect, steps))
        said.push_back(told(each));
    EXPECT_EQ(said, (lines{"applied", "applied", "applied", "rejected: wrong_state"}));
    this->drain(*relay);
    auto came = into.told();
    std::sort(came.begin(), came.end());
    EXPECT_EQ(came, (lines{"1-2 taken", "1-3 approved", "2-2 taken", "3-2 taken", "3-3 approved"}));
    EXPECT_EQ(this->transactions_of("inspect"), 1);
}

TYPED_TEST(emits, nothing_for_a_change_that_was_refused_or_repeated) {
    const auto id = this->make_packed();
    const auto before = this->outbox();
    run_type stale;
    stale.id = id;
    stale.epoch = 7;
    stale.owner = "late";
    EXPECT_EQ(told(this->store.fire(send, stale)), "rejected: stale_epoch");
    EXPECT_EQ(told(this->store.fire(relabel, id, sm::version{1}, {.mark = "a"})),
              "rejected: stale_version");
    ASSERT_EQ(told(this->store.fire(recall, id, sm::any_version, {.token = "t"})), "applied");
    EXPECT_EQ(told(this->store.fire(recall, id, sm::any_version, {.token = "t"})),
              "already_applied");
    EXPECT_EQ(this->outbox().size(), before.size() + 1);
}

TYPED_TEST(emits, nothing_for_a_change_that_failed_with_its_event) {
    auto into = received{};
    ASSERT_EQ(told(this->relay(this->quick("a"), into)->join()), "success");
    const auto id = this->make_packed();
    const auto before = this->stored(id);
    this->place.execute(
        "INSERT INTO parcels_deliveries (job, version, part, consumer, topic, at, "
        "epoch, tries, run_at) SELECT job, 4, part, consumer, topic, at, epoch, "
        "tries, run_at FROM parcels_deliveries WHERE version = 3");
    EXPECT_FALSE(this->store.fire(relabel, id, sm::any_version, {.mark = "a"}));
    EXPECT_EQ(this->stored(id), before);
    EXPECT_EQ(this->outbox().size(), 2U);
}

TYPED_TEST(emits, what_a_sweep_hands_back_and_ends) {
    const auto id = this->submit();
    for (const char* topic : {"dropped", "given_up"}) {
        this->claim(take, id);
        this->pass_time(id, lease + 1s);
        ASSERT_EQ(told(this->store.sweep()), "success");
        EXPECT_EQ(this->outbox().back()[3], topic);
    }
    EXPECT_EQ(this->outbox(), (rows{{"1", "2", "1", "taken"},
                                    {"1", "3", "1", "dropped"},
                                    {"1", "4", "1", "taken"},
                                    {"1", "5", "1", "given_up"}}));
}

TYPED_TEST(emits, both_when_a_claim_takes_a_job_over_from_a_lost_run) {
    const auto id = this->submit();
    this->claim(take, id);
    this->pass_time(id, lease + 1s);
    const auto taken = this->store.claim(take, {.owner = "second"});
    ASSERT_EQ(told(taken), "applied");
    this->pass_time(id, lease + 1s);
    EXPECT_EQ(told(this->store.claim_by_id(take, id, {.owner = "third"})),
              "rejected: attempts_exhausted");
    EXPECT_EQ(this->outbox(), (rows{{"1", "2", "1", "taken"},
                                    {"1", "3", "0", "dropped"},
                                    {"1", "3", "1", "taken"},
                                    {"1", "4", "1", "given_up"}}));
    auto into = received{};
    this->drain(*this->relay(this->quick("a"), into));
    EXPECT_EQ(into.told(),
              (lines{"1-2 taken", "1-3-expired dropped", "1-3 taken", "1-4 given_up"}));
}

TYPED_TEST(emits, what_ends_a_waiting_job_that_is_used_up) {
    const auto id = this->submit();
    for (int i = 0; i < 2; ++i) {
        const auto run = this->claim(take, id);
        ASSERT_EQ(told(this->store.fire(inspect, run, {.good = false})), "applied");
    }
    ASSERT_EQ(this->store.sweep().value().exhausted, 1U);
    EXPECT_EQ(this->outbox().back(), (std::vector<std::string>{"1", "6", "1", "given_up"}));
}

}  // namespace
}  // namespace conformance::parcels
