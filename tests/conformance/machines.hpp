// The machines that the suite runs, and a way to a store of each that compiles its statements once.
#pragma once

#include "backend.hpp"

#include <statemachine/statemachine.hpp>

namespace conformance {

namespace sm = statemachine;
using namespace std::chrono_literals;

/// A store on this database. Defined in machines.cpp, where the store is compiled.
template <const auto& Machine, class Database>
sm::store<Machine> store_on(Database& database, const sm::store_options& limits = {});

// A queue with everything: two legs of work, leases, attempts, retries, an operator's events.
namespace queue {

enum class state { queued, running, worked, refining, done, failed, dead, cancelled };
using enum state;

struct job {
    std::string payload{};
    std::optional<std::string> label{};
    std::optional<std::string> result{};
    std::optional<sm::timestamp> finished{};
    std::int32_t percent = 0;
    std::int64_t steps = 0;
};
struct progress_report {
    std::int32_t percent;
};
struct outcome {
    std::string result{};
};
struct failure {
    std::string reason{};
    bool permanent;
};
struct remark {
    std::optional<std::string> label{};
};

constexpr sm::event<> claim{"claim"}, refine{"refine"}, release{"release"};
constexpr sm::event<> hand_back{"hand_back"}, cancel{"cancel"}, requeue{"requeue"};
constexpr sm::event<> checkpoint{"checkpoint"};
constexpr sm::event<progress_report> progress{"progress"};
constexpr sm::event<outcome> complete{"complete"};
constexpr sm::event<failure> fail{"fail"};
constexpr sm::event<remark> annotate{"annotate"};

constexpr const char* table = "queue_jobs";
constexpr auto lease = 30s;
constexpr auto refining_lease = 20s;
constexpr int max_attempts = 3;
constexpr sm::backoff retry{.first = 4s, .cap = 10s};

inline constexpr sm::column columns[] = {
    {"payload", sm::field<&job::payload>, sm::identity},
    {"label", sm::field<&job::label>},
    {"result", sm::field<&job::result>, sm::once},
    {"finished", sm::field<&job::finished>, sm::once},
    {"percent", sm::field<&job::percent>},
    {"steps", sm::field<&job::steps>},
};
inline constexpr sm::named<state> states[] = {
    {queued, "queued"},
    {running, "running"},
    {worked, "worked"},
    {refining, "refining"},
    {done, "done", sm::terminal},
    {failed, "failed"},
    {dead, "dead"},
    {cancelled, "cancelled", sm::terminal},
};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = queued,
     .to = running,
     .lease = lease,
     .max_attempts = max_attempts,
     .expired = queued,
     .exhausted = dead},
    {.on = refine,
     .from = worked,
     .to = refining,
     .lease = refining_lease,
     .max_attempts = 2,
     .expired = worked,
     .exhausted = dead},
    {.on = progress,
     .from = running,
     .to = running,
     .renew = true,
     .then = {sm::set<&job::percent>(sm::field<&progress_report::percent>)}},
    {.on = checkpoint, .from = running, .to = running, .then = {sm::add<&job::steps>(1)}},
    {.on = complete,
     .from = running,
     .to = worked,
     .attempts = sm::attempts::restarted,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)}},
    {.on = complete,
     .from = refining,
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>),
              sm::set<&job::finished>(sm::now)}},
    {.on = fail,
     .from = running,
     .when = !sm::field<&failure::permanent>,
     .to = queued,
     .retry = retry,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = fail,
     .from = {running, refining},
     .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = release, .from = running, .to = queued, .attempts = sm::attempts::given_back},
    {.on = hand_back, .from = running, .to = queued},
    {.on = cancel, .from = {queued, worked, running}, .to = cancelled, .control = true},
    {.on = requeue,
     .from = {failed, dead},
     .to = queued,
     .attempts = sm::attempts::restarted,
     .control = true,
     .then = {sm::set_error(std::nullopt)}},
    {.on = annotate,
     .from = queued,
     .to = queued,
     .control = true,
     .then = {sm::set<&job::label>(sm::field<&remark::label>)}},
    {.on = annotate,
     .from = running,
     .to = running,
     .control = true,
     .then = {sm::set<&job::label>(sm::field<&remark::label>)}},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = queued,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace queue

// Refuses late steps, guards every kind of change, and passes a lease on from state to state.
namespace gate {

enum class state { shut_in, inside, upstairs, out, spent };
using enum state;

struct job {
    bool open = true;
    std::int32_t knocks = 0;
};
struct decision {
    bool good;
};

constexpr sm::event<> enter{"enter"}, put_back{"put_back"}, climb{"climb"}, jump{"jump"};
constexpr sm::event<decision> leave{"leave"}, knock{"knock"}, turn{"turn"};

constexpr const char* table = "gate_jobs";
constexpr auto lease = 30s;
constexpr auto long_lease = 10min;
constexpr int max_attempts = 2;

inline constexpr sm::column columns[] = {
    {"open", sm::field<&job::open>},
    {"knocks", sm::field<&job::knocks>},
};
inline constexpr sm::named<state> states[] = {{shut_in, "shut_in"},
                                              {inside, "inside"},
                                              {upstairs, "upstairs"},
                                              {out, "out", sm::terminal},
                                              {spent, "spent", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = enter,
     .from = shut_in,
     .when = sm::field<&job::open>,
     .to = inside,
     .lease = lease,
     .max_attempts = max_attempts,
     .expired = shut_in,
     .exhausted = spent},
    {.on = put_back, .from = inside, .to = shut_in},
    {.on = climb,
     .from = inside,
     .to = upstairs,
     .lease = long_lease,
     .max_attempts = max_attempts,
     .expired = shut_in,
     .exhausted = spent},
    {.on = jump, .from = upstairs, .to = out},
    {.on = leave, .from = inside, .when = sm::field<&decision::good>, .to = out},
    {.on = knock,
     .from = inside,
     .when = sm::field<&decision::good>,
     .to = inside,
     .renew = true,
     .then = {sm::add<&job::knocks>(1)}},
    {.on = turn,
     .from = shut_in,
     .when = sm::field<&decision::good> != sm::field<&job::open>,
     .to = shut_in,
     .control = true,
     .then = {sm::set<&job::open>(sm::field<&decision::good>)}},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = shut_in,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .late = sm::late_steps::refused};

}  // namespace gate

// Waits after each failure: exactly, or with jitter.
namespace retrying {

enum class state { waiting, running, done, failed };
using enum state;

struct job {
    std::string payload{};
};

constexpr sm::event<> claim{"claim"}, fail{"fail"}, stumble{"stumble"}, finish{"finish"};

constexpr const char* table = "retrying_jobs";
constexpr int max_attempts = 6;
constexpr sm::backoff exact{.first = 1s, .cap = 10s};
constexpr sm::backoff jittered{.first = 2s, .cap = 60s, .jitter = 0.5};

inline constexpr sm::column columns[] = {{"payload", sm::field<&job::payload>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {running, "running"},
                                              {done, "done", sm::terminal},
                                              {failed, "failed", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = running,
     .lease = 30s,
     .max_attempts = max_attempts,
     .expired = waiting,
     .exhausted = failed},
    {.on = fail, .from = running, .to = waiting, .retry = exact},
    {.on = fail, .from = running, .to = failed, .then = {sm::set_error("gave up")}},
    {.on = stumble, .from = running, .to = waiting, .retry = jittered},
    {.on = stumble, .from = running, .to = failed},
    {.on = finish, .from = running, .to = done},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace retrying

}  // namespace conformance
