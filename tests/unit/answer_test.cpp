// What callers read: names, sentences, and that nothing is ever read from a change that was
// refused.
#include <statemachine/answer.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

namespace sm = statemachine;
using sm::answer;
using sm::errc;
using sm::outcome;
using sm::reason;
using sm::status;

constexpr auto last_errc = static_cast<int>(errc::unexpected);
constexpr auto last_status = static_cast<int>(status::unknown);
constexpr auto last_reason = static_cast<int>(reason::none_due);

template <class Enum>
std::set<std::string_view> names_up_to(int last) {
    std::set<std::string_view> names;
    for (int i = 0; i <= last; ++i) names.insert(to_string(static_cast<Enum>(i)));
    return names;
}

TEST(name, is_one_of_its_own_for_each_code_status_and_reason) {
    EXPECT_EQ(names_up_to<errc>(last_errc).size(), last_errc + 1U);
    EXPECT_EQ(names_up_to<status>(last_status).size(), last_status + 1U);
    EXPECT_EQ(names_up_to<reason>(last_reason).size(), last_reason + 1U);
    for (const auto& names : {names_up_to<errc>(last_errc), names_up_to<status>(last_status),
                              names_up_to<reason>(last_reason)})
        for (const std::string_view each : names)
            EXPECT_EQ(each.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), each.npos) << each;
}

TEST(name, of_a_code_from_elsewhere_is_still_a_name) {
    EXPECT_FALSE(to_string(static_cast<errc>(250)).empty());
    EXPECT_FALSE(to_string(static_cast<status>(250)).empty());
    EXPECT_FALSE(to_string(static_cast<reason>(250)).empty());
}

TEST(fate, tells_what_is_known_about_the_change) {
    EXPECT_EQ(fate_of(errc::busy), sm::fate::not_applied_retry);
    EXPECT_EQ(fate_of(errc::overloaded), sm::fate::not_applied_retry);
    EXPECT_EQ(fate_of(errc::connection_lost), sm::fate::unknown);
    EXPECT_EQ(fate_of(errc::deadline_passed), sm::fate::unknown);
    EXPECT_EQ(fate_of(errc::invalid_argument), sm::fate::not_applied);
    EXPECT_EQ(fate_of(errc::unexpected), sm::fate::not_applied);
}

TEST(sentence, is_one_of_its_own_for_each_reason) {
    std::set<std::string> sentences;
    for (int i = 1; i <= last_reason; ++i) {
        const std::string why = outcome(status::rejected, static_cast<reason>(i)).why();
        EXPECT_EQ(why.find("rejected: "), 0U);
        EXPECT_GT(why.size(), 20U) << why;
        EXPECT_TRUE(sentences.insert(why).second) << why;
    }
}

TEST(sentence, of_a_failed_call_is_that_of_its_cause) {
    const outcome got(status::retryable, sm::error(errc::busy, "another writer is at work"));
    EXPECT_EQ(got.why(), "retryable: another writer is at work");
    ASSERT_NE(got.cause(), nullptr);
    EXPECT_EQ(got.cause()->code(), errc::busy);
}

TEST(outcome, is_a_success_when_the_change_happened_or_will) {
    for (const auto& [got, expected] :
         {std::pair{status::applied, true}, std::pair{status::already_applied, true},
          std::pair{status::provisional, true}, std::pair{status::rejected, false},
          std::pair{status::retryable, false}, std::pair{status::unknown, false}}) {
        const outcome made(got, reason::none);
        EXPECT_EQ(made.succeeded(), expected) << to_string(got);
        EXPECT_EQ(made.applied(), got == status::applied);
        EXPECT_EQ(made.already_applied(), got == status::already_applied);
        EXPECT_EQ(made.provisional(), got == status::provisional);
        EXPECT_EQ(made.rejected(), got == status::rejected);
        EXPECT_EQ(made.retryable(), got == status::retryable);
        EXPECT_EQ(made.unknown(), got == status::unknown);
    }
}

TEST(answer, gives_its_content_when_the_call_succeeded) {
    answer<std::string> got(status::applied, "content");
    ASSERT_TRUE(got);
    EXPECT_EQ(got.value(), "content");
    EXPECT_EQ(got->size(), 7U);
    EXPECT_EQ(*std::move(got), "content");
}

// What access throws; empty when it throws nothing.
template <class Access>
std::string thrown_by(Access access) {
    try {
        access();
    } catch (const sm::failure& thrown) {
        return thrown.what();
    }
    return {};
}

TEST(answer, throws_its_sentence_when_there_is_no_content) {
    answer<std::string> refused(status::rejected, reason::stale_epoch);
    const auto& same = refused;
    EXPECT_FALSE(refused);
    const std::string why = refused.why();
    EXPECT_EQ(thrown_by([&] { static_cast<void>(refused.value()); }), why);
    EXPECT_EQ(thrown_by([&] { static_cast<void>(same.value()); }), why);
    EXPECT_EQ(thrown_by([&] { static_cast<void>(*refused); }), why);
    EXPECT_EQ(thrown_by([&] { static_cast<void>(same->size()); }), why);
    EXPECT_EQ(thrown_by([&] { static_cast<void>(std::move(refused).value()); }), why);
}

TEST(answer, throws_a_refusal_as_such) {
    const answer<int> refused(status::rejected, reason::stale_epoch);
    try {
        static_cast<void>(*refused);
        FAIL() << "there is no content";
    } catch (const sm::failure& thrown) {
        EXPECT_EQ(thrown.cause().code(), errc::refused);
    }
}

TEST(answer, throws_the_error_behind_it_when_there_is_one) {
    const answer<int> lost(status::unknown, sm::error(errc::connection_lost, "no reply", "08006"));
    try {
        static_cast<void>(lost.value());
        FAIL() << "there is no content";
    } catch (const sm::failure& thrown) {
        EXPECT_EQ(thrown.cause().code(), errc::connection_lost);
        EXPECT_EQ(thrown.cause().native(), "08006");
    }
}

TEST(result, throws_the_whole_sentence) {
    const sm::result<int> failed = sm::error(errc::disk_full, "free some space");
    EXPECT_EQ(thrown_by([&] { static_cast<void>(failed.value()); }), "free some space");
}

TEST(error, keeps_the_code_of_the_database_whatever_its_length) {
    EXPECT_EQ(sm::error(errc::busy, "m", "40P01").native(), "40P01");
    EXPECT_EQ(sm::error(errc::busy, "m").native(), "");
    EXPECT_EQ(sm::error(errc::busy, "m", "123456789").native().size(), 7U);
}

}  // namespace
