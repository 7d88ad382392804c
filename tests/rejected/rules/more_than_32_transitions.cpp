// expect: an event has at most 32 transitions
// names:  bid
#include <statemachine/verify.hpp>
namespace sm = statemachine;

namespace auctions {

#ifdef REFUSED
constexpr int rules = 33;
#else
constexpr int rules = 32;
#endif

enum class state { open, sold };
using enum state;

struct lot {
    std::int64_t price = 0;
};

constexpr sm::event<> bid{"bid"};

constexpr sm::column columns[] = {{"price", sm::field<&lot::price>}};
constexpr sm::named<state> states[] = {{open, "open"}, {sold, "sold", sm::terminal}};
constexpr auto transitions = [] {
    std::array<sm::transition<state>, rules> made{};
    for (int i = 0; i < rules; ++i) {
        made[i].on = bid;
        made[i].from = open;
        made[i].when = sm::field<&lot::price> == i;
        made[i].to = sold;
        made[i].control = true;
    }
    return made;
}();
constexpr sm::machine<state, lot> machine{
    .table = "lots",
    .initial = open,
    .columns = columns,
    .states = states,
    .transitions = transitions,
};
static_assert(sm::verify<machine>());

}  // namespace auctions
