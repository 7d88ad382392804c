// expect: no way out
// names:  recording
#include <statemachine/verify.hpp>
namespace sm = statemachine;
using namespace std::chrono_literals;

namespace cameras {

enum class state { idle, recording, broken };
using enum state;

struct tape {
    std::string camera;
};

constexpr sm::event<> record{"record"}, beat{"beat"};
constexpr sm::event<> archive{"archive"};

constexpr sm::column columns[] = {{"camera", sm::field<&tape::camera>}};
constexpr sm::named<state> states[] = {
    {idle, "idle"},
    {recording, "recording"},
    {broken, "broken", sm::terminal},
};
constexpr sm::transition<state> transitions[] = {
    {.on = record, .from = idle, .to = recording,
     .lease = 30s, .max_attempts = 5, .expired = idle, .exhausted = broken},
    {.on = beat, .from = recording, .to = recording, .renew = true},
#ifdef REFUSED
    {.on = archive, .from = recording, .to = recording},
#else
    {.on = archive, .from = recording, .to = broken},
#endif
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
