// The machine of the first golden file: what a reader of the library's introduction would declare.
#pragma once

#include <statemachine/verify.hpp>

#include <string>

namespace golden::small {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { waiting, claimed, completed, failed, cancelled };
using enum state;

struct job {
    std::string video;
    std::optional<double> duration;
    std::optional<int> width, height;
};
struct metadata {
    double duration;
    int width, height;
};
struct failure {
    std::string reason;
    bool permanent;
};

inline constexpr sm::event<> claim{"claim"}, cancel{"cancel"};
inline constexpr sm::event<metadata> complete{"complete"};
inline constexpr sm::event<failure> fail{"fail"};

inline constexpr sm::column columns[] = {
    {"video", sm::field<&job::video>},
    {"duration", sm::field<&job::duration>, sm::once},
    {"width", sm::field<&job::width>, sm::once},
    {"height", sm::field<&job::height>, sm::once},
};
inline constexpr sm::named<state> states[] = {
    {waiting, "waiting"},
    {claimed, "claimed"},
    {completed, "completed", sm::terminal},
    {failed, "failed", sm::terminal},
    {cancelled, "cancelled", sm::terminal},
};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = claimed,
     .lease = 30min,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = complete,
     .from = claimed,
     .to = completed,
     .then = {sm::set<&job::duration>(sm::field<&metadata::duration>),
              sm::set<&job::width>(sm::field<&metadata::width>),
              sm::set<&job::height>(sm::field<&metadata::height>)}},
    {.on = fail,
     .from = claimed,
     .when = !sm::field<&failure::permanent>,
     .to = waiting,
     .retry = {.first = 5s, .cap = 5min, .jitter = 0.2},
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = fail,
     .from = claimed,
     .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = cancel, .from = waiting, .to = cancelled, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "transcode_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
static_assert(sm::verify<machine>());

}  // namespace golden::small
