// The life of a clip: downloaded by the head, finished by the tail.
#pragma once

#include <statemachine/machine.hpp>
#include <statemachine/verify.hpp>

namespace camera_sync {

namespace sm = statemachine;
using namespace std::chrono_literals;

// clang-format off

enum class state { pending, downloading, downloaded, finishing, done, failed, unfinished, gone };
using enum state;

struct clip {
    std::string name{};
    std::int64_t tail_failures = 0;
    std::optional<double> seconds{};
    std::optional<std::int64_t> width{}, height{};
    std::optional<std::string> codec{};
    std::optional<sm::timestamp> download_started{}, download_finished{};
    std::optional<sm::timestamp> tail_submitted{}, tail_finished{};
};

struct download { sm::timestamp started{}; };
struct metadata { double seconds = 0; std::int64_t width = 0, height = 0; std::string codec{}; };
struct fault    { std::string reason{}; };

inline constexpr sm::event<>         fetch{"fetch"}, put_back{"put_back"}, retry{"retry"};
inline constexpr sm::event<download> fetched{"fetched"};
inline constexpr sm::event<>         fetched_untimed{"fetched_untimed"};
inline constexpr sm::event<fault>    fetch_failed{"fetch_failed"}, finish_failed{"finish_failed"};
inline constexpr sm::event<>         finish{"finish"}, leave{"leave"};
inline constexpr sm::event<metadata> finished{"finished"}, finished_untimed{"finished_untimed"};
inline constexpr sm::event<>         vanished{"vanished"}, appeared{"appeared"};

inline constexpr sm::column columns[] = {
    {"name", sm::field<&clip::name>, sm::identity},
    {"tail_failures", sm::field<&clip::tail_failures>},
    {"seconds", sm::field<&clip::seconds>},
    {"width", sm::field<&clip::width>},
    {"height", sm::field<&clip::height>},
    {"codec", sm::field<&clip::codec>},
    {"download_started", sm::field<&clip::download_started>},
    {"download_finished", sm::field<&clip::download_finished>},
    {"tail_submitted", sm::field<&clip::tail_submitted>},
    {"tail_finished", sm::field<&clip::tail_finished>},
};
inline constexpr sm::named<state> states[] = {
    {pending, "pending"}, {downloading, "downloading"}, {downloaded, "downloaded"},
    {finishing, "finishing"}, {done, "done", sm::terminal}, {failed, "failed"},
    {unfinished, "unfinished", sm::terminal}, {gone, "gone"}};

inline constexpr auto lease = 5s;
inline constexpr auto reason = sm::set_error(sm::field<&fault::reason>);
inline constexpr auto counted = sm::add<&clip::tail_failures>(1);
inline constexpr auto seconds_found = sm::set<&clip::seconds>(sm::field<&metadata::seconds>);
inline constexpr auto width_found = sm::set<&clip::width>(sm::field<&metadata::width>);
inline constexpr auto height_found = sm::set<&clip::height>(sm::field<&metadata::height>);
inline constexpr auto codec_found = sm::set<&clip::codec>(sm::field<&metadata::codec>);

inline constexpr sm::transition<state> transitions[] = {
    // The head.
    {.on = fetch, .from = pending, .to = downloading, .lease = lease, .max_attempts = 3,
     .expired = pending, .exhausted = failed},
    {.on = fetched, .from = downloading, .to = downloaded, .attempts = sm::attempts::restarted,
     .then = {sm::set<&clip::download_started>(sm::field<&download::started>),
              sm::set<&clip::download_finished>(sm::now),
              sm::set<&clip::tail_submitted>(sm::now)}},
    {.on = fetched_untimed, .from = downloading, .to = downloaded,
     .attempts = sm::attempts::restarted},
    {.on = put_back, .from = downloading, .to = pending, .attempts = sm::attempts::given_back},
    {.on = fetch_failed, .from = downloading, .to = pending,
     .retry = {.first = 1s, .cap = 5min, .jitter = 0.2}, .then = {reason}},
    {.on = fetch_failed, .from = downloading, .to = failed, .then = {reason}},

    // The tail. It counts its failures and not its claims, so that a crash costs nothing.
    {.on = finish, .from = downloaded, .to = finishing, .lease = lease, .expired = downloaded},
    {.on = finished, .from = finishing, .to = done,
     .then = {seconds_found, width_found, height_found, codec_found,
              sm::set<&clip::tail_finished>(sm::now)}},
    {.on = finished_untimed, .from = finishing, .to = done,
     .then = {seconds_found, width_found, height_found, codec_found}},
    {.on = leave, .from = finishing, .to = downloaded, .attempts = sm::attempts::given_back},
    {.on = finish_failed, .from = finishing, .when = sm::field<&clip::tail_failures> < 2,
     .to = downloaded, .retry = {.first = 1s, .cap = 5min, .jitter = 0.2},
     .then = {reason, counted}},
    {.on = finish_failed, .from = finishing, .to = unfinished, .then = {reason, counted}},

    // What the listing tells, and what a person decides.
    {.on = vanished, .from = {pending, failed}, .to = gone, .control = true},
    {.on = appeared, .from = gone, .to = pending, .attempts = sm::attempts::restarted,
     .control = true},
    {.on = retry, .from = failed, .to = pending, .attempts = sm::attempts::restarted,
     .control = true, .then = {sm::set_error(std::nullopt)}}};

inline constexpr sm::machine<state, clip> machine{
    .table = "clips", .initial = pending, .columns = columns, .states = states,
    .transitions = transitions};
static_assert(sm::verify<machine>());
// clang-format on

}  // namespace camera_sync
