// A consumer of the core alone: it declares a machine and draws it, without any database.
#include <statemachine/statemachine.hpp>

#include <iostream>

namespace sm = statemachine;

enum class state { open, closed };
struct job {
    std::string colour;
};
constexpr sm::event<> shut{"shut"};
constexpr sm::column columns[] = {{"colour", sm::field<&job::colour>}};
constexpr sm::named<state> states[] = {{state::open, "open"},
                                       {state::closed, "closed", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = shut, .from = state::open, .to = state::closed, .control = true}};
constexpr sm::machine<state, job> machine{.table = "doors",
                                          .initial = state::open,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};

int main() {
    const std::string drawn = sm::diagram<machine>();
    std::cout << drawn;
    return drawn.find("open --> closed") == std::string::npos;
}
