// Why a change matched no row: the whole order of precedence, one reason after the other.
#include "../../src/judge.hpp"

#include <golden/small_machine.hpp>

#include <gtest/gtest.h>

namespace {

namespace sm = statemachine;
using namespace sm::detail;
using golden::small::machine;
using sm::reason;

constexpr const spec& declared = described<machine>::value;

constexpr spec refusing_late_steps() {
    spec made = declared;
    made.late = sm::late_steps::refused;
    return made;
}

int state_of(golden::small::state wanted) { return described<machine>::index_of(wanted); }

fire_call call_of(std::string_view event, fence by, std::int64_t number = 0) {
    fire_call call;
    call.event = declared.event_named(event);
    call.id = 7;
    call.by = by;
    call.number = number;
    return call;
}

// All that can be wrong with a leased step is wrong with this one.
sighting worst_of_a_step() {
    sighting seen;
    seen.state = state_of(golden::small::waiting);
    seen.epoch = 2;
    seen.version = 5;
    seen.expired = true;
    seen.holds = false;
    seen.token = settled_token{"complete", "1ab", 3, {}, nowhere, nowhere, 1};
    return seen;
}

TEST(reason_of_a_step, is_the_first_that_holds) {
    constexpr spec strict = refusing_late_steps();
    const fire_call call = call_of("complete", fence::epoch, 1);
    const auto why = [&](const std::optional<sighting>& seen) {
        return judge(strict, event_kind::step, call, seen);
    };
    EXPECT_EQ(why(std::nullopt), reason::not_found);
    sighting seen = worst_of_a_step();
    EXPECT_EQ(why(seen), reason::token_reused);
    seen.token.reset();
    EXPECT_EQ(why(seen), reason::stale_epoch);
    seen.epoch = 1;
    EXPECT_EQ(why(seen), reason::wrong_state);
    seen.state = state_of(golden::small::claimed);
    EXPECT_EQ(why(seen), reason::lease_expired);
    seen.expired = false;
    EXPECT_EQ(why(seen), reason::guard_failed);
    seen.holds = true;
    EXPECT_EQ(why(seen), reason::none);
}

TEST(reason_of_a_step, does_not_look_at_the_lease_where_late_steps_are_accepted) {
    sighting seen = worst_of_a_step();
    seen.token.reset();
    seen.epoch = 1;
    seen.state = state_of(golden::small::claimed);
    const fire_call call = call_of("complete", fence::epoch, 1);
    EXPECT_EQ(judge(declared, event_kind::step, call, seen), reason::guard_failed);
    seen.holds = true;
    EXPECT_EQ(judge(declared, event_kind::step, call, seen), reason::none);
}

TEST(reason_of_a_control_event, is_the_first_that_holds) {
    const fire_call call = call_of("cancel", fence::version, 4);
    const auto why = [&](const std::optional<sighting>& seen) {
        return judge(declared, event_kind::control, call, seen);
    };
    EXPECT_EQ(why(std::nullopt), reason::not_found);
    sighting seen = worst_of_a_step();
    seen.state = state_of(golden::small::claimed);
    EXPECT_EQ(why(seen), reason::token_reused);
    seen.token.reset();
    EXPECT_EQ(why(seen), reason::stale_version);
    seen.version = 4;
    EXPECT_EQ(why(seen), reason::wrong_state);
    seen.state = state_of(golden::small::waiting);
    EXPECT_EQ(why(seen), reason::guard_failed);
    seen.holds = true;
    EXPECT_EQ(why(seen), reason::none);
}

TEST(reason_of_a_control_event, ignores_the_version_when_any_will_do) {
    sighting seen = worst_of_a_step();
    seen.token.reset();
    seen.state = state_of(golden::small::completed);
    EXPECT_EQ(judge(declared, event_kind::control, call_of("cancel", fence::none), seen),
              reason::wrong_state);
}

TEST(reason_of_a_claim, depends_on_the_state_and_on_its_times) {
    const fire_call call = call_of("claim", fence::none);
    struct {
        golden::small::state state;
        bool due, expired, holds;
        reason expected;
    } const table[] = {
        {golden::small::completed, true, true, true, reason::wrong_state},
        {golden::small::cancelled, true, false, false, reason::wrong_state},
        {golden::small::claimed, true, false, false, reason::lease_held},
        {golden::small::claimed, false, false, true, reason::lease_held},
        {golden::small::claimed, false, true, false, reason::guard_failed},
        {golden::small::claimed, true, true, true, reason::none},
        {golden::small::waiting, false, false, false, reason::not_due},
        {golden::small::waiting, false, true, true, reason::not_due},
        {golden::small::waiting, true, false, false, reason::guard_failed},
        {golden::small::waiting, true, false, true, reason::none},
    };
    EXPECT_EQ(judge(declared, event_kind::claim, call, std::nullopt), reason::not_found);
    for (const auto& each : table) {
        sighting seen;
        seen.state = state_of(each.state);
        seen.due = each.due;
        seen.expired = each.expired;
        seen.holds = each.holds;
        EXPECT_EQ(judge(declared, event_kind::claim, call, seen), each.expected)
            << "state " << seen.state << " due " << seen.due << " expired " << seen.expired
            << " holds " << seen.holds;
    }
}

TEST(reason_of_a_renewal, is_that_the_job_is_held_no_more) {
    fire_call call;
    call.by = fence::epoch;
    call.number = 1;
    sighting seen;
    seen.epoch = 1;
    seen.state = state_of(golden::small::completed);
    EXPECT_EQ(judge(declared, event_kind::renewal, call, seen), reason::wrong_state);
    seen.epoch = 2;
    EXPECT_EQ(judge(declared, event_kind::renewal, call, seen), reason::stale_epoch);
}

TEST(token, stands_for_one_event_with_one_content) {
    const settled_token token{"complete", "1ab", 3, {}, nowhere, nowhere, 1};
    EXPECT_TRUE(same_change(token, "complete", "1ab"));
    EXPECT_FALSE(same_change(token, "fail", "1ab"));
    EXPECT_FALSE(same_change(token, "complete", "1ac"));
    EXPECT_FALSE(same_change(token, "complete", ""));
}

}  // namespace
