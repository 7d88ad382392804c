// What is read out of the definitions that databases give back.
#include <schema_text.hpp>

#include <gtest/gtest.h>

namespace {

using namespace statemachine::detail;
using names = std::vector<std::string_view>;

TEST(states_in_a_definition, are_found_in_a_list_and_in_an_array) {
    EXPECT_EQ(states_in("CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text])))"),
              (names{"waiting", "done"}));
    EXPECT_EQ(states_in("CHECK ((state = ANY ('{waiting,\"null\",done}'::text[])))"),
              (names{"waiting", "null", "done"}));
    EXPECT_EQ(states_in("CHECK ((state = ANY ('{waiting}'::text[])))"), names{"waiting"});
}

TEST(states_in_a_definition, are_not_what_a_trigger_says) {
    EXPECT_EQ(states_in("WHEN CASE NEW.\"state\" WHEN 'waiting' THEN 0 ELSE 1 END BEGIN SELECT "
                        "RAISE(FAIL, 'the state is not declared'); END"),
              names{"waiting"});
}

TEST(limits_in_a_trigger, are_those_of_its_condition) {
    EXPECT_EQ(limited_in("WHEN CASE WHEN NEW.\"weight\" NOT BETWEEN -5 AND 7 THEN 1 WHEN "
                         "NEW.\"urgent\" NOT BETWEEN 0 AND 1 THEN 1 ELSE CASE NEW.\"state\" WHEN "
                         "'a' THEN 0 ELSE 1 END END BEGIN SELECT CASE WHEN NEW.\"other\" NOT "
                         "BETWEEN 0 AND 1 THEN RAISE(FAIL, 'b') END; END"),
              (std::vector<limited>{{"weight", "-5 AND 7"}, {"urgent", "0 AND 1"}}));
    EXPECT_EQ(limited_in("WHEN NEW.state NOT IN ('a') BEGIN SELECT RAISE(FAIL, 'b'); END"),
              std::vector<limited>{});
    EXPECT_EQ(limited_in("WHEN NEW.\"open"), std::vector<limited>{});
}

}  // namespace
