// A machine that uses every table there is, under the names that docs/operations.md grants on.
#pragma once

#include <statemachine/outbox.hpp>
#include <statemachine/overview.hpp>
#include <statemachine/reader.hpp>
#include <statemachine/relay.hpp>
#include <statemachine/schema.hpp>
#include <statemachine/statemachine.hpp>
#include <statemachine/sweeper.hpp>

namespace field::guarded {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { waiting, claimed, completed, failed, cancelled };
using enum state;

struct job {
    std::string video{};
};

constexpr sm::event<> claim{"claim"}, complete{"complete"}, fail{"fail"}, cancel{"cancel"};

inline constexpr sm::column columns[] = {{"video", sm::field<&job::video>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {claimed, "claimed"},
                                              {completed, "completed", sm::terminal, 1h},
                                              {failed, "failed", sm::terminal},
                                              {cancelled, "cancelled", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = claimed,
     .lease = 30s,
     .max_attempts = 2,
     .expired = waiting,
     .exhausted = failed,
     .emit_expired = "dropped"},
    {.on = complete, .from = claimed, .to = completed, .emit = "completed"},
    {.on = fail, .from = claimed, .to = waiting, .retry = {.first = 1s, .cap = 5s}},
    {.on = fail, .from = claimed, .to = failed},
    {.on = cancel, .from = waiting, .to = cancelled, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "transcode_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .grace = 1h,
                                                 .memory = {.tokens = 1h, .log = 1h, .events = 1h}};

}  // namespace field::guarded
