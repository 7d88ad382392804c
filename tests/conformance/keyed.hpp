// A machine whose keys stand in a table of their own, and whose jobs are kept for a while.
#pragma once

#include <statemachine/statemachine.hpp>

namespace conformance::keyed {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { waiting, running, done, failed };
using enum state;

struct job {
    std::string payload{};
    std::optional<std::string> result{};
};
struct outcome {
    std::string result{};
};

inline constexpr sm::event<> claim{"claim"}, release{"release"};
inline constexpr sm::event<outcome> complete{"complete"};

inline constexpr sm::column columns[] = {{"payload", sm::field<&job::payload>, sm::identity},
                                         {"result", sm::field<&job::result>, sm::once}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {running, "running"},
                                              {done, "done", sm::terminal, 1h},
                                              {failed, "failed", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = running,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = complete,
     .from = running,
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)}},
    {.on = release, .from = running, .to = waiting, .attempts = sm::attempts::given_back},
};
inline constexpr sm::machine<state, job> machine{.table = "keyed_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .keys = sm::keys::apart,
                                                 .memory = {.tokens = 1h}};

// As it was declared when its keys were in an index.
inline constexpr sm::machine<state, job> indexed{.table = "keyed_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace conformance::keyed
