// The machine that every benchmark runs: what a plain job queue declares.
#pragma once

#include <statemachine/statemachine.hpp>

#include <optional>
#include <string>

namespace bench {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { queued, running, done, failed, cancelled };
using enum state;

struct job {
    std::string payload;
};
struct fault {
    std::string reason;
};

inline constexpr sm::event<> claim{"claim"}, finish{"finish"}, release{"release"}, cancel{"cancel"};
inline constexpr sm::event<fault> fail{"fail"};

inline constexpr sm::column columns[] = {{"payload", sm::field<&job::payload>, sm::identity}};
inline constexpr sm::named<state> states[] = {{queued, "queued"},
                                              {running, "running"},
                                              {done, "done", sm::terminal},
                                              {failed, "failed", sm::terminal},
                                              {cancelled, "cancelled", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = queued,
     .to = running,
     .lease = 10min,
     .max_attempts = 5,
     .expired = queued,
     .exhausted = failed},
    {.on = finish, .from = running, .to = done},
    {.on = fail, .from = running, .to = failed, .then = {sm::set_error(sm::field<&fault::reason>)}},
    {.on = release, .from = running, .to = queued, .attempts = sm::attempts::given_back},
    {.on = cancel, .from = queued, .to = cancelled, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "jobs",
                                                 .initial = queued,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
static_assert(sm::verify<machine>());

inline const job sample{R"({"video":"cat.mp4"})"};

}  // namespace bench
