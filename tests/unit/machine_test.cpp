#include "golden/small_machine.hpp"

#include <gtest/gtest.h>

namespace {

namespace sm = statemachine;

TEST(machine, names_its_states_as_they_were_declared) {
    using golden::small::machine;
    using state = decltype(machine)::state_type;
    for (const auto& each : machine.states) EXPECT_EQ(sm::name_of<machine>(each.state), each.name);
    static_assert(sm::name_of<machine>(machine.initial.value()) == "waiting");
    EXPECT_EQ(sm::name_of<machine>(static_cast<state>(99)), "");
}

}  // namespace
