// The three kinds of job of the service, each with its whole life: videos that remote workers
// transcode, the workers themselves, and the thumbnails that follow a video's completion.
#pragma once

#include <statemachine/statemachine.hpp>

namespace transcode {

namespace sm = statemachine;
using namespace std::chrono_literals;

// How long things last. The machines take them as a template argument, so that the demo, which
// nobody wants to watch for half an hour, runs the very same declaration with shorter ones.
struct times {
    std::chrono::milliseconds lease;         // of a job; each progress report renews it
    std::chrono::milliseconds heartbeat;     // a worker that is silent for longer is offline
    std::chrono::milliseconds grace;         // after an outage, in which nobody could renew
    std::chrono::milliseconds token_memory;  // of completion tokens
    std::chrono::milliseconds retry;         // first delay after a failure that may pass
    std::chrono::milliseconds check;         // between two stale checks of all processes together
};
inline constexpr times usual{30min, 60s, 2min, 15min, 5s, 30s};
inline constexpr times hurried{4s, 2s, 3s, 15min, 1s, 300ms};

}  // namespace transcode

namespace transcode::video {

enum class state { waiting, claimed, completed, failed };
using enum state;

struct metadata {
    double duration = 0;  // seconds
    int width = 0, height = 0;
    std::string format{}, codec{};
};
struct job {
    std::string video{};
    int percent = 0;
    std::optional<double> duration{};
    std::optional<int> width{}, height{};
    std::optional<std::string> format{}, codec{};
};
struct report {
    int percent;
};
struct failure {
    std::string reason;
    bool permanent;
};

inline constexpr sm::event<> claim{"claim"};
inline constexpr sm::event<report> progress{"progress"};
inline constexpr sm::event<metadata> complete{"complete"};
inline constexpr sm::event<failure> fail{"fail"};

inline constexpr sm::column columns[] = {
    {"video", sm::field<&job::video>, sm::identity},
    {"percent", sm::field<&job::percent>},
    {"duration", sm::field<&job::duration>, sm::once},
    {"width", sm::field<&job::width>, sm::once},
    {"height", sm::field<&job::height>, sm::once},
    {"format", sm::field<&job::format>, sm::once},
    {"codec", sm::field<&job::codec>, sm::once},
};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {claimed, "claimed"},
                                              {completed, "completed", sm::terminal},
                                              {failed, "failed", sm::terminal}};
template <const times& Times>
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = claimed,
     .lease = Times.lease,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = progress,
     .from = claimed,
     .to = claimed,
     .renew = true,
     .then = {sm::set<&job::percent>(sm::field<&report::percent>)}},
    {.on = complete,
     .from = claimed,
     .to = completed,
     .then = {sm::set<&job::duration>(sm::field<&metadata::duration>),
              sm::set<&job::width>(sm::field<&metadata::width>),
              sm::set<&job::height>(sm::field<&metadata::height>),
              sm::set<&job::format>(sm::field<&metadata::format>),
              sm::set<&job::codec>(sm::field<&metadata::codec>), sm::set<&job::percent>(100)}},
    {.on = fail,
     .from = claimed,
     .when = !sm::field<&failure::permanent>,
     .to = waiting,
     .retry = {.first = Times.retry, .cap = 5min, .jitter = 0.2},
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = fail,
     .from = claimed,
     .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
};
template <const times& Times>
inline constexpr sm::machine<state, job> machine{.table = "videos",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions<Times>,
                                                 .late = sm::late_steps::refused,
                                                 .grace = Times.grace,
                                                 .memory = {.tokens = Times.token_memory}};
static_assert(sm::verify<machine<usual>>());

template <const times& Times>
using store = sm::store<machine<Times>>;

}  // namespace transcode::video

namespace transcode::worker {

// A lease is a worker's sign of life. To register is to take it, so that one that never reports is
// judged by its registration; a heartbeat renews it; one that ran out marks the worker offline.
enum class state { offline, online };
using enum state;

struct job {
    std::string name{};
};

inline constexpr sm::event<> come{"come"}, leave{"leave"};

inline constexpr sm::column columns[] = {{"name", sm::field<&job::name>, sm::identity}};
inline constexpr sm::named<state> states[] = {{offline, "offline"}, {online, "online"}};
template <const times& Times>
inline constexpr sm::transition<state> transitions[] = {
    {.on = come, .from = offline, .to = online, .lease = Times.heartbeat, .expired = offline},
    {.on = leave, .from = online, .to = offline},
};
template <const times& Times>
inline constexpr sm::machine<state, job> machine{.table = "workers",
                                                 .initial = offline,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions<Times>,
                                                 .grace = Times.grace};
static_assert(sm::verify<machine<usual>>());

template <const times& Times>
using store = sm::store<machine<Times>>;

}  // namespace transcode::worker

namespace transcode::thumbnail {

enum class state { waiting, drawing, drawn, failed };
using enum state;

struct job {
    std::int64_t video = 0;
    std::optional<std::string> image{};
};
struct picture {
    std::string image;
};
struct failure {
    std::string reason;
};

inline constexpr sm::event<> claim{"claim"};
inline constexpr sm::event<picture> finish{"finish"};
inline constexpr sm::event<failure> fail{"fail"};

inline constexpr sm::column columns[] = {{"video", sm::field<&job::video>, sm::identity},
                                         {"image", sm::field<&job::image>, sm::once}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {drawing, "drawing"},
                                              {drawn, "drawn", sm::terminal},
                                              {failed, "failed", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = drawing,
     .lease = 1min,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = finish,
     .from = drawing,
     .to = drawn,
     .then = {sm::set<&job::image>(sm::field<&picture::image>)}},
    {.on = fail,
     .from = drawing,
     .to = waiting,
     .retry = {.first = 1s, .cap = 1min, .jitter = 0.2},
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = fail,
     .from = drawing,
     .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
};
inline constexpr sm::machine<state, job> machine{.table = "thumbnails",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
static_assert(sm::verify<machine>());

using store = sm::store<machine>;

}  // namespace transcode::thumbnail
