// The machine as it was before it had columns for times.
#pragma once

#include "machine.hpp"

namespace camera_sync::first {

struct clip {
    std::string name{};
    std::int64_t tail_failures = 0;
    std::optional<double> seconds{};
    std::optional<std::int64_t> width{}, height{};
    std::optional<std::string> codec{};
};

inline constexpr sm::event<> fetch{"fetch"}, fetched{"fetched_untimed"}, retry{"retry"};
inline constexpr sm::event<> finish{"finish"}, vanished{"vanished"}, appeared{"appeared"};
inline constexpr sm::event<metadata> finished{"finished_untimed"};
inline constexpr sm::event<fault> fetch_failed{"fetch_failed"}, finish_failed{"finish_failed"};

inline constexpr sm::column columns[] = {{"name", sm::field<&clip::name>, sm::identity},
                                         {"tail_failures", sm::field<&clip::tail_failures>},
                                         {"seconds", sm::field<&clip::seconds>},
                                         {"width", sm::field<&clip::width>},
                                         {"height", sm::field<&clip::height>},
                                         {"codec", sm::field<&clip::codec>}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = fetch,
     .from = pending,
     .to = downloading,
     .lease = lease,
     .max_attempts = 3,
     .expired = pending,
     .exhausted = failed},
    {.on = fetched, .from = downloading, .to = downloaded, .attempts = sm::attempts::restarted},
    {.on = fetch_failed, .from = downloading, .to = failed},
    {.on = finish, .from = downloaded, .to = finishing, .lease = lease, .expired = downloaded},
    {.on = finished,
     .from = finishing,
     .to = done,
     .then = {sm::set<&clip::seconds>(sm::field<&metadata::seconds>)}},
    {.on = finish_failed, .from = finishing, .to = unfinished},
    {.on = vanished, .from = {pending, failed}, .to = gone, .control = true},
    {.on = appeared, .from = gone, .to = pending, .control = true},
    {.on = retry, .from = failed, .to = pending, .control = true}};
inline constexpr sm::machine<state, clip> machine{.table = "clips",
                                                  .initial = pending,
                                                  .columns = columns,
                                                  .states = states,
                                                  .transitions = transitions};

}  // namespace camera_sync::first
