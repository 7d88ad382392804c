// expect: unreachable state
// names:  paused
#include <statemachine/verify.hpp>
namespace sm = statemachine;
using namespace std::chrono_literals;

namespace cameras {

enum class state { idle, paused, recording, archived, broken };
using enum state;

struct tape {
    std::string camera;
};

constexpr sm::event<> record{"record"}, beat{"beat"}, disconnect{"disconnect"};
constexpr sm::event<> archive{"archive"}, repair{"repair"}, pause{"pause"}, resume{"resume"};

constexpr sm::column columns[] = {{"camera", sm::field<&tape::camera>}};
constexpr sm::named<state> states[] = {
    {idle, "idle"},
    {paused, "paused"},
    {recording, "recording"},
    {archived, "archived", sm::terminal},
    {broken, "broken"},
};
constexpr sm::transition<state> transitions[] = {
    {.on = record, .from = idle, .to = recording,
     .lease = 30s, .max_attempts = 5, .expired = idle, .exhausted = broken},
    {.on = beat, .from = recording, .to = recording, .renew = true},
    {.on = disconnect, .from = recording, .to = idle, .retry = {.first = 2s, .cap = 1min}},
    {.on = disconnect, .from = recording, .to = broken},
    {.on = archive, .from = recording, .to = archived},
    {.on = repair, .from = broken, .to = idle, .attempts = sm::attempts::restarted,
     .control = true},
#ifdef REFUSED
    {.on = pause, .from = paused, .to = idle, .control = true},
#else
    {.on = pause, .from = idle, .to = paused, .control = true},
#endif
    {.on = resume, .from = paused, .to = recording,
     .lease = 30s, .max_attempts = 5, .expired = idle, .exhausted = broken},
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
