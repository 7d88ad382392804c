// Which events may go.
#include "parcels.hpp"

namespace conformance::parcels {
namespace {

template <class Backend>
class old_events : public parcels_test<Backend> {
public:
    std::size_t prune(std::int64_t limit = 500) {
        return outbox_on(this->database).prune(limit).value();
    }
    received given;
};
TYPED_TEST_SUITE(old_events, backends, backend_names);

TYPED_TEST(old_events, go_when_they_are_delivered_and_their_memory_is_over) {
    auto relay = this->relay(this->quick("a"), this->given);
    this->make_packed();
    this->drain(*relay);
    EXPECT_EQ(this->prune(), 0U);
    this->pass_event_time(59min);
    EXPECT_EQ(this->prune(), 0U);
    this->pass_event_time(2min);
    this->relabel_job(1);
    this->drain(*relay);
    EXPECT_EQ(this->prune(), 2U);
    EXPECT_EQ(this->outbox(), (rows{{"1", "4", "1", "relabelled"}}));
}

TYPED_TEST(old_events, stay_while_a_group_has_yet_to_get_them) {
    auto a = this->relay(this->quick("a"), this->given);
    auto b = this->relay(this->quick("b"), this->given);
    ASSERT_EQ(told(a->join()), "success");
    ASSERT_EQ(told(b->join()), "success");
    this->make_packed();
    this->drain(*a);
    this->pass_event_time(2h);
    EXPECT_EQ(this->prune(), 0U);
    this->drain(*b);
    EXPECT_EQ(this->prune(), 2U);
}

TYPED_TEST(old_events, stay_while_they_are_parked) {
    auto how = this->quick("a");
    how.tries = 1;
    auto relay = this->relay(how, [](const event_type& event) -> sm::result<void> {
        if (event.topic == "taken") return sm::error(sm::errc::unexpected, "no");
        return sm::success();
    });
    this->make_packed();
    this->drain(*relay);
    this->pass_event_time(2h);
    EXPECT_EQ(this->prune(), 1U);
    auto events = outbox_on(this->database);
    ASSERT_TRUE(events.discard("a", events.parked("a").value().at(0)).value());
    EXPECT_EQ(this->prune(), 1U);
}

TYPED_TEST(old_events, stay_until_a_group_that_starts_with_them_was_handed_them) {
    this->make_packed();
    this->pass_event_time(2h);
    auto now_on = this->relay(this->quick("now", sm::from::now_on), this->given);
    ASSERT_EQ(told(now_on->join()), "success");
    auto relay = this->relay(this->quick("a"), this->given);
    ASSERT_EQ(told(relay->join()), "success");
    EXPECT_EQ(this->prune(), 0U);
    this->drain(*relay);
    EXPECT_EQ(this->given.told(), (lines{"1-2 taken", "1-3 approved"}));
    EXPECT_EQ(this->prune(), 2U);
}

TYPED_TEST(old_events, do_not_wait_for_a_group_that_left) {
    auto relay = this->relay(this->quick("a"), this->given);
    ASSERT_EQ(told(relay->join()), "success");
    this->make_packed();
    this->pass_event_time(2h);
    EXPECT_EQ(this->prune(), 0U);
    ASSERT_TRUE(outbox_on(this->database).leave("a").value());
    EXPECT_EQ(this->prune(), 2U);
}

TYPED_TEST(old_events, go_in_bounded_numbers_past_those_that_stay) {
    auto how = this->quick("a");
    how.tries = 1;
    auto relay = this->relay(how, [](const event_type& event) -> sm::result<void> {
        if (event.job <= 5) return sm::error(sm::errc::unexpected, "no");
        return sm::success();
    });
    for (int i = 0; i < 10; ++i) {
        this->make_packed();
        this->pass_event_time(1s);
    }
    while (this->drain(*relay).delivered > 0) {
    }
    this->pass_event_time(2h);
    EXPECT_EQ(this->prune(4), 4U);
    EXPECT_EQ(this->prune(4), 4U);
    EXPECT_EQ(this->prune(4), 2U);
    EXPECT_EQ(this->outbox().size(), 10U);
}

}  // namespace
}  // namespace conformance::parcels
