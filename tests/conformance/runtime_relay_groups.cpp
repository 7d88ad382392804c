// Which group gets which event.
#include "parcels.hpp"

#include <thread>

namespace conformance::parcels {
namespace {

template <class Backend>
class relay_group : public parcels_test<Backend> {};
TYPED_TEST_SUITE(relay_group, backends, backend_names);

TYPED_TEST(relay_group, gets_each_event_once_and_its_job_with_it) {
    received into;
    std::vector<std::int64_t> numbers;
    auto relay = this->relay(this->quick("a"), [&](const event_type& event) -> sm::result<void> {
        into.add(event);
        numbers.push_back(event.read().value()->job.number);
        return sm::success();
    });
    ASSERT_EQ(told(relay->join()), "success");
    const auto id = this->submit({.number = 42});
    const auto run = this->claim(take, id);
    ASSERT_EQ(told(this->store.fire(send, run)), "applied");
    const auto done = this->drain(*relay);
    EXPECT_EQ(done.delivered, 2U);
    EXPECT_EQ(into.told(), (lines{"1-2 taken", "1-3 sent"}));
    EXPECT_EQ(numbers, (std::vector<std::int64_t>{42, 42}));
    EXPECT_EQ(into.all().at(0).id, "parcels-1-2");
    EXPECT_EQ(into.all().at(0).tries, 1);
    EXPECT_EQ(into.all().at(0).at, this->history(id).at(1).at);
    EXPECT_EQ(this->open_deliveries(), 0);
}

TYPED_TEST(relay_group, starts_where_it_says) {
    this->make_packed();
    this->pass_event_time(1s);
    received old_ones, new_ones;
    auto all = this->relay(this->quick("all"), old_ones);
    auto later = this->relay(this->quick("later", sm::from::now_on), new_ones);
    ASSERT_EQ(told(later->join()), "success");
    this->relabel_job(1);
    this->drain(*all);
    this->drain(*later);
    EXPECT_EQ(old_ones.told(), (lines{"1-2 taken", "1-3 approved", "1-4 relabelled"}));
    EXPECT_EQ(new_ones.told(), (lines{"1-4 relabelled"}));
}

TYPED_TEST(relay_group, that_joins_later_gives_nothing_again_to_those_that_had_it) {
    received first, second;
    auto had_it = this->relay(this->quick("a"), first);
    ASSERT_EQ(told(had_it->join()), "success");
    this->make_packed();
    this->drain(*had_it);
    this->drain(*this->relay(this->quick("b"), second));
    this->drain(*had_it);
    EXPECT_EQ(first.told(), (lines{"1-2 taken", "1-3 approved"}));
    EXPECT_EQ(second.told(), (lines{"1-2 taken", "1-3 approved"}));
}

TYPED_TEST(relay_group, is_known_already_when_another_replica_joins_it) {
    received into;
    ASSERT_EQ(told(this->relay(this->quick("a", sm::from::now_on), into)->join()), "success");
    this->make_packed();
    ASSERT_EQ(told(this->relay(this->quick("a", sm::from::now_on), into)->join()), "success");
    EXPECT_EQ(this->place.query("SELECT name, generation FROM parcels_groups"), (rows{{"a", "1"}}));
    this->drain(*this->relay(this->quick("a"), into));
    EXPECT_EQ(into.told(), (lines{"1-2 taken", "1-3 approved"}));
}

TYPED_TEST(relay_group, goes_on_while_another_one_fails) {
    received into;
    auto failing = this->relay(this->quick("failing"), [](const event_type&) -> sm::result<void> {
        return sm::error(sm::errc::unexpected, "the receiver is down");
    });
    auto fine = this->relay(this->quick("fine"), into);
    ASSERT_EQ(told(failing->join()), "success");
    ASSERT_EQ(told(fine->join()), "success");
    this->make_packed();
    EXPECT_EQ(this->drain(*failing).failed, 1U);
    EXPECT_EQ(this->drain(*fine).delivered, 2U);
    EXPECT_EQ(this->open_deliveries(), 2);
}

TYPED_TEST(relay_group, of_many_that_join_at_once_has_a_generation_of_its_own) {
    this->make_packed();
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            auto own = this->place.open();
            auto relay =
                relay_on(own, this->quick("group-" + std::to_string(i % 4)),
                         [&](const event_type&) -> sm::result<void> { return sm::success(); });
            EXPECT_EQ(told(relay->join()), "success");
        });
    for (auto& each : threads) each.join();
    EXPECT_EQ(this->place.query("SELECT generation FROM parcels_groups ORDER BY generation"),
              (rows{{"1"}, {"2"}, {"3"}, {"4"}}));
    for (int i = 0; i < 4; ++i) {
        received into;
        this->drain(*this->relay(this->quick("group-" + std::to_string(i)), into));
        EXPECT_EQ(into.told(), (lines{"1-2 taken", "1-3 approved"}));
    }
}

TYPED_TEST(relay_group, that_leaves_gets_nothing_more_and_is_new_when_it_comes_back) {
    received into;
    auto relay = this->relay(this->quick("a"), into);
    ASSERT_EQ(told(relay->join()), "success");
    auto events = outbox_on(this->database);
    this->make_packed();
    EXPECT_TRUE(events.leave("a").value());
    EXPECT_FALSE(events.leave("a").value());
    EXPECT_EQ(this->open_deliveries(), 0);
    this->relabel_job(1);
    EXPECT_EQ(this->open_deliveries(), 0);
    auto back = this->relay(this->quick("a"), into);
    this->drain(*back);
    EXPECT_EQ(into.told(), (lines{"1-2 taken", "1-3 approved", "1-4 relabelled"}));
}

TYPED_TEST(relay_group, with_options_out_of_range_is_refused_before_anything_is_sent) {
    received into;
    const auto refused = [&](auto change) {
        auto how = this->quick("a");
        change(how);
        return told(this->relay(how, into)->join());
    };
    const std::string wrong = "error: invalid_argument";
    EXPECT_EQ(refused([](auto& how) { how.group = ""; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.group = "a b"; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.lease = 0ms; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.tries = 0; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.retry.cap = 1ms; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.retry.jitter = 2; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.batch = 0; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.threads = 0; }), wrong);
    EXPECT_EQ(refused([](auto& how) { how.poll = 0ms; }), wrong);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM parcels_groups"), 0);
}

}  // namespace
}  // namespace conformance::parcels
