// expect: a renewal stays in its state
// names:  beat
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
constexpr sm::event<> archive{"archive"}, repair{"repair"};

constexpr sm::column columns[] = {{"camera", sm::field<&tape::camera>}};
constexpr sm::named<state> states[] = {
    {idle, "idle"},
    {recording, "recording"},
    {archived, "archived", sm::terminal},
    {broken, "broken"},
};
constexpr sm::transition<state> transitions[] = {
    {.on = record, .from = idle, .to = recording,
     .lease = 30s, .max_attempts = 5, .expired = idle, .exhausted = broken},
#ifdef REFUSED
    {.on = beat, .from = recording, .to = recording, .lease = 30s, .renew = true},
#else
    {.on = beat, .from = recording, .to = recording, .renew = true},
#endif
    {.on = disconnect, .from = recording, .to = idle, .retry = {.first = 2s, .cap = 1min}},
    {.on = disconnect, .from = recording, .to = broken},
    {.on = archive, .from = recording, .to = archived},
    {.on = repair, .from = broken, .to = idle, .attempts = sm::attempts::restarted,
     .control = true},
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
