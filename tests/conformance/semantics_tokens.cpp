// Tokens: one intended change happens once, whoever sends it however often.
#include "fixture.hpp"

namespace conformance {
namespace {

template <class Backend>
class token : public on_queue<Backend> {
public:
    using change_type = typename on_queue<Backend>::store_type::change_type;

    static void expect_same(const change_type& recorded, const change_type& first) {
        EXPECT_EQ(recorded.id, first.id);
        EXPECT_EQ(recorded.version, first.version);
        EXPECT_EQ(recorded.epoch, first.epoch);
        EXPECT_EQ(recorded.from, first.from);
        EXPECT_EQ(recorded.to, first.to);
        EXPECT_EQ(recorded.at, first.at);
    }
};
TYPED_TEST_SUITE(token, backends, backend_names);

TYPED_TEST(token, of_a_step_is_answered_with_what_was_recorded) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto first = this->store.fire(queue::complete, run, {"made"}, "t").value();
    ASSERT_TRUE(first.applied());
    const auto before = this->stored();
    for (int i = 0; i < 5; ++i) {
        const auto again = this->store.fire(queue::complete, run, {"made"}, "t").value();
        EXPECT_TRUE(again.already_applied());
        EXPECT_TRUE(again.succeeded());
        this->expect_same(*again, *first);
    }
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(token, still_answers_long_after_the_job_moved_on) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto first = this->store.fire(queue::complete, run, {"made"}, "t").value();
    const auto second = this->claim(queue::refine, id, "other");
    this->store.fire(queue::complete, second, {"refined"}).value().value();
    const auto before = this->stored();
    const auto again = this->store.fire(queue::complete, run, {"made"}, "t").value();
    EXPECT_TRUE(again.already_applied());
    this->expect_same(*again, *first);
    EXPECT_EQ(again->from, queue::running);
    EXPECT_EQ(again->to, queue::worked);
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(token, still_answers_after_another_run_took_the_job) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto first = this->store.fire(queue::hand_back, run, "t").value();
    const auto second = this->claim(queue::claim, id, "other");
    const auto before = this->stored();
    const auto again = this->store.fire(queue::hand_back, run, "t").value();
    EXPECT_TRUE(again.already_applied());
    this->expect_same(*again, *first);
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(told(this->store.fire(queue::hand_back, second, "t")), "already_applied");
    EXPECT_EQ(told(this->store.fire(queue::complete, second, {"x"})), "applied");
}

TYPED_TEST(token, survives_the_store_that_it_was_sent_through) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto first = this->store.fire(queue::release, run, "t").value();
    auto other_database = this->place.open();
    auto other = store_on<queue::machine>(other_database);
    const auto again = other.fire(queue::release, run, "t").value();
    EXPECT_TRUE(again.already_applied());
    this->expect_same(*again, *first);
}

TYPED_TEST(token, with_other_inputs_is_refused_and_changes_nothing) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    ASSERT_EQ(told(this->store.fire(queue::fail, run, {"a", false}, "t")), "applied");
    const auto before = this->stored();
    EXPECT_EQ(told(this->store.fire(queue::fail, run, {"b", false}, "t")),
              "rejected: token_reused");
    EXPECT_EQ(told(this->store.fire(queue::fail, run, {"a", true}, "t")), "rejected: token_reused");
    EXPECT_EQ(told(this->store.fire(queue::fail, run, {"a", false}, "t")), "already_applied");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(token, of_another_event_is_refused_even_where_that_event_could_fire) {
    const auto id = this->submit();
    ASSERT_EQ(told(this->store.fire(queue::annotate, id, sm::any_version, {"a"}, {.token = "t"})),
              "applied");
    const auto run = this->claim(queue::claim, id);
    const auto before = this->stored();
    EXPECT_EQ(told(this->store.fire(queue::release, run, "t")), "rejected: token_reused");
    EXPECT_EQ(told(this->store.fire(queue::hand_back, run, "t")), "rejected: token_reused");
    EXPECT_EQ(told(this->store.fire(queue::cancel, id, sm::any_version, {.token = "t"})),
              "rejected: token_reused");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(token, tells_an_empty_input_from_an_empty_text) {
    const auto id = this->submit();
    const auto annotate = [&](const std::optional<std::string>& label) {
        return told(
            this->store.fire(queue::annotate, id, sm::any_version, {label}, {.token = "t"}));
    };
    EXPECT_EQ(annotate(std::nullopt), "applied");
    EXPECT_EQ(annotate(""), "rejected: token_reused");
    EXPECT_EQ(annotate(std::nullopt), "already_applied");
}

TYPED_TEST(token, is_left_free_by_an_ordinary_refusal) {
    const auto id = this->submit();
    EXPECT_EQ(told(this->store.fire(queue::requeue, id, sm::any_version, {.token = "t"})),
              "rejected: wrong_state");
    EXPECT_EQ(told(this->store.fire(queue::cancel, id, sm::version{9}, {.token = "t"})),
              "rejected: stale_version");
    EXPECT_EQ(this->stored().tokens.size(), 0U);
    const auto run = this->claim(queue::claim, id);
    auto stale = run;
    --stale.epoch;
    EXPECT_EQ(told(this->store.fire(queue::complete, stale, {"x"}, "t")), "rejected: stale_epoch");
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"x"}, "t")), "applied");
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"x"}, "t")), "already_applied");
}

TYPED_TEST(token, of_one_job_says_nothing_about_another) {
    const auto a = this->submit();
    const auto b = this->submit();
    EXPECT_EQ(told(this->store.fire(queue::cancel, a, sm::any_version, {.token = "t"})), "applied");
    EXPECT_EQ(told(this->store.fire(queue::annotate, b, sm::any_version, {"x"}, {.token = "t"})),
              "applied");
    EXPECT_EQ(told(this->store.fire(queue::cancel, a, sm::any_version, {.token = "t"})),
              "already_applied");
}

TYPED_TEST(token, of_a_control_event_answers_whichever_version_it_is_sent_with) {
    const auto id = this->submit();
    const auto first =
        this->store.fire(queue::cancel, id, sm::version{1}, {.token = "t", .actor = "me"}).value();
    ASSERT_TRUE(first.applied());
    const auto before = this->stored();
    for (const std::int64_t seen : {1, 2, 3}) {
        const auto again =
            this->store.fire(queue::cancel, id, sm::version{seen}, {.token = "t"}).value();
        EXPECT_TRUE(again.already_applied()) << seen;
        this->expect_same(*again, *first);
    }
    const auto again = this->store.fire(queue::cancel, id, sm::any_version, {.token = "t"}).value();
    EXPECT_TRUE(again.already_applied());
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(token, differs_by_each_byte) {
    const auto id = this->submit();
    const std::string longest(128, 'x');
    const std::vector<std::string> tokens{
        "t", "T", "t.", "t-", "t_", "t:", longest, longest.substr(1), "0"};
    for (const auto& each : tokens)
        EXPECT_EQ(
            told(this->store.fire(queue::annotate, id, sm::any_version, {each}, {.token = each})),
            "applied")
            << each;
    for (const auto& each : tokens)
        EXPECT_EQ(
            told(this->store.fire(queue::annotate, id, sm::any_version, {each}, {.token = each})),
            "already_applied")
            << each;
    EXPECT_EQ(this->stored().tokens.size(), tokens.size());
}

TYPED_TEST(token, makes_no_difference_to_what_the_change_does) {
    const auto with = this->submit({.payload = "p"});
    const auto without = this->submit({.payload = "p"});
    this->store.fire(queue::fail, this->claim(queue::claim, with), {"why", true}, "t").value();
    this->store.fire(queue::fail, this->claim(queue::claim, without), {"why", true}).value();
    const auto a = this->read(with);
    const auto b = this->read(without);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.error, b.error);
    EXPECT_EQ(a.attempts, b.attempts);
}

}  // namespace
}  // namespace conformance
