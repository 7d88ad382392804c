// expect: duplicate name: two events share it: give each its own
// names:  close
#include <statemachine/verify.hpp>
namespace sm = statemachine;

namespace doors {

enum class state { open, closed, locked };
using enum state;

struct door {
    std::string room;
};

constexpr sm::event<> close{"close"};
#ifdef REFUSED
constexpr sm::event<> lock{"close"};
#else
constexpr sm::event<> lock{"lock"};
#endif

constexpr sm::column columns[] = {{"room", sm::field<&door::room>}};
constexpr sm::named<state> states[] = {
    {open, "open"}, {closed, "closed"}, {locked, "locked", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = close, .from = open, .to = closed, .control = true},
    {.on = lock, .from = closed, .to = locked, .control = true},
};
constexpr sm::machine<state, door> machine{.table = "doors",
                                           .initial = open,
                                           .columns = columns,
                                           .states = states,
                                           .transitions = transitions};
static_assert(sm::verify<machine>());

}  // namespace doors
