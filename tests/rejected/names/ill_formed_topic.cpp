// expect: ill-formed name
// names:  emit: parcel-delivered
#include <statemachine/verify.hpp>
namespace sm = statemachine;
using namespace std::chrono_literals;

namespace parcels {

enum class state { packed, carried, delivered };
using enum state;

struct parcel {
    std::string address;
};

constexpr sm::event<> pick_up{"pick_up"}, report{"report"}, hand_over{"hand_over"};

constexpr sm::column columns[] = {{"address", sm::field<&parcel::address>}};
constexpr sm::named<state> states[] = {
    {packed, "packed"},
    {carried, "carried"},
    {delivered, "delivered", sm::terminal},
};
constexpr sm::transition<state> transitions[] = {
    {.on = pick_up, .from = packed, .to = carried, .lease = 1min, .expired = packed},
    {.on = report, .from = carried, .to = carried, .renew = true},
#ifdef REFUSED
    {.on = hand_over, .from = carried, .to = delivered, .emit = "parcel-delivered"},
#else
    {.on = hand_over, .from = carried, .to = delivered, .emit = "parcel_delivered"},
#endif
};
constexpr sm::machine<state, parcel> machine{
    .table = "parcels",
    .initial = packed,
    .columns = columns,
    .states = states,
    .transitions = transitions,
};
static_assert(sm::verify<machine>());

}  // namespace parcels
