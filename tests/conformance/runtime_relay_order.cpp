// What becomes of events that are not taken, and of those behind them.
#include "parcels.hpp"

namespace conformance::parcels {
namespace {

template <class Backend>
class delivery : public parcels_test<Backend> {
public:
    /// A relay that refuses the events of these topics, and notes what it was given.
    std::unique_ptr<relay_type> choosy(std::set<std::string> refused) {
        return this->relay(
            this->quick("a"),
            [this, refused = std::move(refused)](const event_type& event) -> sm::result<void> {
                given.add(event);
                if (refused.contains(event.topic))
                    return sm::error(sm::errc::unexpected, "no " + event.topic + " today");
                return sm::success();
            });
    }
    std::string one(const std::string& column, const std::string& topic) {
        return this->place.text("SELECT " + column + " FROM parcels_deliveries WHERE topic = '" +
                                topic + "'");
    }

    received given;
};
TYPED_TEST_SUITE(delivery, backends, backend_names);

TYPED_TEST(delivery, is_in_order_per_job_while_an_earlier_event_is_tried_again) {
    auto relay = this->choosy({"approved"});
    this->make_packed();
    this->relabel_job(1);
    this->make_packed();
    const auto done = this->drain(*relay);
    EXPECT_EQ(done.delivered, 2U);
    EXPECT_EQ(done.failed, 2U);
    EXPECT_EQ(this->given.told(),
              (lines{"1-2 taken", "2-2 taken", "1-3 approved", "2-3 approved"}));
    EXPECT_EQ(this->one("count(*)", "relabelled"), "1");
}

TYPED_TEST(delivery, waits_for_its_time_between_tries) {
    auto relay = this->choosy({"taken"});
    this->claim(take, this->submit());
    EXPECT_EQ(this->drain(*relay).failed, 1U);
    this->pass_delivery_time(9s);
    EXPECT_EQ(this->drain(*relay).failed, 0U);
    this->pass_delivery_time(1s + 500ms);
    EXPECT_EQ(this->drain(*relay).failed, 1U);
    this->pass_delivery_time(18s);
    EXPECT_EQ(this->drain(*relay).parked, 0U);
    this->pass_delivery_time(2s + 500ms);
    EXPECT_EQ(this->drain(*relay).parked, 1U);
    std::vector<int> tries;
    for (const auto& each : this->given.all()) tries.push_back(each.tries);
    EXPECT_EQ(tries, (std::vector<int>{1, 2, 3}));
}

TYPED_TEST(delivery, that_fails_too_often_is_parked_with_its_reason_and_the_rest_flows) {
    auto relay = this->choosy({"approved"});
    this->make_packed();
    this->relabel_job(1);
    for (int i = 0; i < 3; ++i) {
        this->drain(*relay);
        this->pass_delivery_time(61s);
    }
    EXPECT_EQ(this->drain(*relay).parked, 0U);
    ASSERT_FALSE(this->given.told().empty());
    EXPECT_EQ(this->given.told().back(), "1-4 relabelled");
    auto parked = outbox_on(this->database).parked("a").value();
    ASSERT_EQ(parked.size(), 1U);
    EXPECT_EQ(parked[0].event.id, "parcels-1-3");
    EXPECT_EQ(parked[0].event.tries, 3);
    EXPECT_EQ(parked[0].error, "no approved today");
    EXPECT_GT(parked[0].parked_at, parked[0].event.at);
    EXPECT_TRUE(outbox_on(this->database).parked("b").value().empty());
}

TYPED_TEST(delivery, that_was_parked_is_made_again_when_an_operator_says_so) {
    auto how = this->quick("a");
    how.tries = 1;
    auto failing = this->relay(
        how, [](const event_type&) -> sm::result<void> { throw std::runtime_error("it broke"); });
    this->make_packed();
    EXPECT_EQ(this->drain(*failing).parked, 2U);
    auto events = outbox_on(this->database);
    const auto parked = events.parked("a").value();
    ASSERT_EQ(parked.size(), 2U);
    EXPECT_EQ(parked[0].error, "it broke");
    EXPECT_TRUE(events.unpark("a", parked[0]).value());
    EXPECT_FALSE(events.unpark("a", parked[0]).value());
    EXPECT_FALSE(events.discard("a", parked[0]).value());
    EXPECT_TRUE(events.discard("a", parked[1]).value());
    EXPECT_FALSE(events.unpark("a", parked[1]).value());
    this->drain(*this->relay(how, this->given));
    EXPECT_EQ(this->given.told(), (lines{"1-2 taken"}));
    EXPECT_EQ(this->open_deliveries(), 0);
}

TYPED_TEST(delivery, that_ends_its_relay_each_time_is_parked) {
    auto joining = this->choosy({});
    ASSERT_EQ(told(joining->join()), "success");
    this->make_packed();
    // As if each of the tries had been begun and its process had died.
    this->place.execute("UPDATE parcels_deliveries SET tries = 3, epoch = 3 WHERE version = 2");
    const auto done = this->drain(*joining);
    EXPECT_EQ(done.parked, 1U);
    EXPECT_EQ(done.delivered, 1U);
    EXPECT_EQ(this->given.told(), (lines{"1-3 approved"}));
    EXPECT_EQ(this->one("error", "taken"), "no try came to an end before its lease");
}

TYPED_TEST(delivery, keeps_its_order_where_an_event_is_handed_to_the_group_late) {
    auto relay = this->choosy({});
    this->drain(*relay);
    this->make_packed();
    this->make_packed();
    // As a change leaves it that was in flight when the group joined.
    this->place.execute(
        "DELETE FROM parcels_deliveries WHERE job = 1 AND version = 2; "
        "UPDATE parcels_outbox SET generation = 0 WHERE job = 1 AND version = 2");
    this->drain(*relay);
    EXPECT_EQ(this->given.told(), (lines{"2-2 taken", "2-3 approved"}));
    this->drain(*this->choosy({}));
    EXPECT_EQ(this->given.told(),
              (lines{"2-2 taken", "2-3 approved", "1-2 taken", "1-3 approved"}));
    EXPECT_EQ(this->drain(*this->choosy({})).delivered, 0U);
}

TYPED_TEST(delivery, does_not_stay_behind_a_parked_event_that_another_group_has_open) {
    auto relay = this->choosy({});
    auto other = this->relay(this->quick("b"), this->given);
    ASSERT_EQ(told(other->join()), "success");
    this->make_packed();
    EXPECT_EQ(this->drain(*relay).delivered, 2U);
}

TYPED_TEST(delivery, that_was_parked_again_is_not_what_the_operator_read) {
    auto how = this->quick("a");
    how.tries = 2;
    how.retry = {};
    auto failing = this->relay(how, [](const event_type&) -> sm::result<void> {
        return sm::error(sm::errc::unexpected, "no");
    });
    this->claim(take, this->submit());
    this->drain(*failing);
    auto events = outbox_on(this->database);
    const auto read = events.parked("a").value().at(0);
    ASSERT_TRUE(events.unpark("a", read).value());
    const auto again = this->drain(*failing);
    EXPECT_EQ(again.failed, 1U) << "it did not get all its tries";
    EXPECT_EQ(again.parked, 1U);
    EXPECT_FALSE(events.unpark("a", read).value());
    EXPECT_FALSE(events.discard("a", read).value());
    EXPECT_EQ(events.parked("a").value().size(), 1U);
}

TYPED_TEST(delivery, is_noted_again_when_the_reply_was_lost) {
    forgetful<typename TypeParam::database> lossy(this->database);
    auto relay =
        relay_on(lossy, this->quick("a"), [&](const event_type& event) -> sm::result<void> {
            lossy.lose_replies(2);
            if (event.topic == "taken") return sm::success();
            return sm::error(sm::errc::unexpected, "no");
        });
    this->make_packed();
    const auto done = this->drain(*relay);
    EXPECT_EQ(done.delivered, 1U);
    EXPECT_EQ(done.failed, 1U);
    EXPECT_EQ(done.lost, 0U);
    EXPECT_EQ(this->one("tries", "approved"), "1");
}

TYPED_TEST(delivery, keeps_a_reason_of_any_length_and_none_that_is_no_text) {
    auto how = this->quick("a");
    how.tries = 1;
    std::string reason(999, 'x');
    reason += "\xc3\xa9 and more";
    auto relay = this->relay(how, [&](const event_type& event) -> sm::result<void> {
        return sm::error(sm::errc::unexpected, event.topic == "taken" ? reason : "\xff\xfe");
    });
    this->make_packed();
    EXPECT_EQ(this->drain(*relay).parked, 2U);
    const auto parked = outbox_on(this->database).parked("a").value();
    EXPECT_EQ(parked.at(0).error, std::string(999, 'x'));
    EXPECT_EQ(parked.at(1).error, "the error's text is not plain UTF-8");
}

}  // namespace
}  // namespace conformance::parcels
