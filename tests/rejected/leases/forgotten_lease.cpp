// expect: a transition starts from a state without a lease
// names:  record: idle
#include <statemachine/verify.hpp>
namespace sm = statemachine;
using namespace std::chrono_literals;

namespace cameras {

enum class state { idle, recording, archived, broken };
using enum state;

struct tape {
    std::string camera;
};

constexpr sm::event<> record{"record"}, beat{"beat"}, disconnect{"disconnect"};
constexpr sm::event<> archive{"archive"};

constexpr sm::column columns[] = {{"camera", sm::field<&tape::camera>}};
constexpr sm::named<state> states[] = {
    {idle, "idle"},
    {recording, "recording"},
    {archived, "archived", sm::terminal},
    {broken, "broken", sm::terminal},
};
constexpr sm::transition<state> transitions[] = {
    {.on = record, .from = idle, .to = recording,
#ifdef REFUSED
     .lease = 0s},
#else
     .lease = 30s, .expired = idle},
#endif
    {.on = beat, .from = recording, .to = recording, .renew = true},
    {.on = disconnect, .from = recording, .to = broken},
    {.on = archive, .from = recording, .to = archived},
};
constexpr sm::machine<state, tape> machine{
    .table = "tapes",
    .initial = idle,
    .columns = columns,
    .states = states,
    .transitions = transitions,
};
static_assert(sm::verify<machine>());

}  // namespace cameras
