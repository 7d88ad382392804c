// The diagram says what the declaration says.
#include "golden/small_machine.hpp"

#include <statemachine/diagram.hpp>

#include <gtest/gtest.h>

namespace {

namespace sm = statemachine;

TEST(diagram, shows_guards_leases_attempts_and_retries) {
    EXPECT_EQ(sm::diagram<golden::small::machine>(), R"(stateDiagram-v2
    [*] --> waiting
    waiting --> claimed : claim, lease 30 min
    claimed --> completed : complete
    claimed --> waiting : fail when not permanent, again after 5 s to 5 min
    claimed --> failed : fail
    waiting --> cancelled : [cancel]
    claimed --> waiting : lease ran out
    claimed --> failed : lease ran out, 3 attempts used up
    completed --> [*]
    failed --> [*]
    cancelled --> [*]
)");
}

namespace parcels {

enum class state { packed, sent };
struct parcel {
    std::int64_t grams = 0;
};
inline constexpr sm::event<> send{"send"};
inline constexpr sm::column columns[] = {{"grams", sm::field<&parcel::grams>}};
inline constexpr sm::named<state> states[] = {{state::packed, "packed"},
                                              {state::sent, "sent", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = send,
     .from = state::packed,
     .when = sm::field<&parcel::grams> > 0 && sm::field<&parcel::grams> <= 500,
     .to = state::sent,
     .control = true,
     .emit = "parcel_sent"}};
inline constexpr sm::machine<state, parcel> machine{.table = "parcels",
                                                    .initial = state::packed,
                                                    .columns = columns,
                                                    .states = states,
                                                    .transitions = transitions};

}  // namespace parcels

TEST(diagram, shows_conditions_and_what_is_emitted) {
    EXPECT_NE(sm::diagram<parcels::machine>().find(
                  "packed --> sent : [send] when grams above 0 and grams at most 500, "
                  "emits parcel_sent\n"),
              std::string::npos)
        << sm::diagram<parcels::machine>();
}

}  // namespace
