// The machine of the documents: that of the README, with an event, a release and a retry by hand.
#pragma once

#include <statemachine/statemachine.hpp>

namespace sm = statemachine;
using namespace std::chrono_literals;

namespace transcode {

enum class state { waiting, claimed, completed, failed };
using enum state;

struct job {
    std::string video;
    std::optional<double> duration{};
};
struct metadata {
    double duration;
};
struct failure {
    std::string reason;
    bool permanent;
};

inline constexpr sm::event<> claim{"claim"}, release{"release"}, requeue{"requeue"};
inline constexpr sm::event<metadata> complete{"complete"};
inline constexpr sm::event<failure> fail{"fail"};

inline constexpr sm::column columns[] = {{"video", sm::field<&job::video>, sm::identity},
                                         {"duration", sm::field<&job::duration>, sm::once}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {claimed, "claimed"},
                                              {completed, "completed", sm::terminal},
                                              {failed, "failed"}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = claimed,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = complete,
     .from = claimed,
     .to = completed,
     .then = {sm::set<&job::duration>(sm::field<&metadata::duration>)},
     .emit = "video_ready"},
    {.on = fail,
     .from = claimed,
     .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = release, .from = claimed, .to = waiting, .attempts = sm::attempts::given_back},
    {.on = requeue,
     .from = failed,
     .to = waiting,
     .attempts = sm::attempts::restarted,
     .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "transcode_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace transcode
