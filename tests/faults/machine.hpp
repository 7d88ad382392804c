// The machine of the fault tests: every kind of change, with leases so short that lost runs come
// back while a test waits.
#pragma once

#include <statemachine/statemachine.hpp>

namespace faults {

namespace sm = statemachine;
using namespace std::chrono_literals;

namespace work {

enum class state { queued, running, done, failed, dead, cancelled };
using enum state;

struct job {
    std::string payload{};
    std::int32_t percent = 0;
    std::optional<std::string> result{};
};
struct progress_report {
    std::int32_t percent;
};
struct outcome {
    std::string result{};
};

inline constexpr sm::event<> claim{"claim"}, fail{"fail"}, release{"release"}, cancel{"cancel"};
inline constexpr sm::event<progress_report> progress{"progress"};
inline constexpr sm::event<outcome> complete{"complete"};

inline constexpr auto lease = 1500ms;
inline constexpr auto longest_retry = 50ms;

inline constexpr sm::column columns[] = {
    {"payload", sm::field<&job::payload>, sm::identity},
    {"percent", sm::field<&job::percent>},
    {"result", sm::field<&job::result>, sm::once},
};
inline constexpr sm::named<state> states[] = {
    {queued, "queued"},           {running, "running"},
    {done, "done", sm::terminal}, {failed, "failed", sm::terminal},
    {dead, "dead", sm::terminal}, {cancelled, "cancelled", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = queued,
     .to = running,
     .lease = lease,
     .max_attempts = 8,
     .expired = queued,
     .exhausted = dead},
    {.on = progress,
     .from = running,
     .to = running,
     .renew = true,
     .then = {sm::set<&job::percent>(sm::field<&progress_report::percent>)}},
    {.on = complete,
     .from = running,
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)},
     .emit = "completed"},
    {.on = fail,
     .from = running,
     .to = queued,
     .retry = {.first = 10ms, .cap = longest_retry, .jitter = 0.5}},
    {.on = fail, .from = running, .to = failed},
    {.on = release, .from = running, .to = queued, .attempts = sm::attempts::given_back},
    {.on = cancel, .from = {queued, running}, .to = cancelled, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "fault_jobs",
                                                 .initial = queued,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .memory = {.events = 24h * 30}};

}  // namespace work
}  // namespace faults
