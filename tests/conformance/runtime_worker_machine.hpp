// What workers of the tests do: a machine with short leases, and a worker on a thread.
#pragma once

#include "fixture.hpp"
#include "invariants.hpp"

#include <statemachine/worker.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <thread>

namespace conformance::working {

enum class state { waiting, running, checking, done, failed, dead, cancelled };
using enum state;

struct job {
    std::string payload{};
    std::int32_t percent = 0;
    std::int64_t steps = 0;
    std::optional<std::string> result{};
};
struct outcome {
    std::string result;
};
struct failure {
    std::string reason;
    bool permanent = false;
};
struct progress_report {
    std::int32_t percent;
};

inline constexpr sm::event<> claim{"claim"}, check{"check"}, release{"release"}, pass{"pass"};
inline constexpr sm::event<> cancel{"cancel"}, step{"step"};
inline constexpr sm::event<outcome> complete{"complete"};
inline constexpr sm::event<failure> fail{"fail"};
inline constexpr sm::event<progress_report> progress{"progress"};

inline constexpr const char* table = "working_jobs";
inline constexpr auto lease = 1500ms;
inline constexpr int max_attempts = 3;

inline constexpr sm::column columns[] = {
    {"payload", sm::field<&job::payload>, sm::identity},
    {"percent", sm::field<&job::percent>},
    {"steps", sm::field<&job::steps>},
    {"result", sm::field<&job::result>, sm::once},
};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {running, "running"},
                                              {checking, "checking"},
                                              {done, "done", sm::terminal},
                                              {failed, "failed", sm::terminal},
                                              {dead, "dead", sm::terminal},
                                              {cancelled, "cancelled", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = running,
     .lease = lease,
     .max_attempts = max_attempts,
     .expired = waiting,
     .exhausted = dead},
    {.on = check,  // keeps the run's lease, which is shorter then
     .from = running,
     .to = checking,
     .lease = lease / 2,
     .max_attempts = max_attempts,
     .expired = waiting,
     .exhausted = dead},
    {.on = step, .from = running, .to = running, .then = {sm::add<&job::steps>(1)}},
    {.on = progress,
     .from = running,
     .to = running,
     .renew = true,
     .then = {sm::set<&job::percent>(sm::field<&progress_report::percent>)}},
    {.on = pass, .from = {running, checking}, .to = done},
    {.on = complete,
     .from = {running, checking},
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)}},
    {.on = fail,
     .from = {running, checking},
     .when = !sm::field<&failure::permanent>,
     .to = waiting,
     .retry = {.first = 1ms, .cap = 1ms},
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = fail,
     .from = {running, checking},
     .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = release,
     .from = {running, checking},
     .to = waiting,
     .attempts = sm::attempts::given_back},
    {.on = cancel, .from = {waiting, running, checking}, .to = cancelled, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

using task = sm::task<machine>;
using worker = sm::worker<machine>;

inline failure failure_of(const sm::failed& why) { return {why.message, why.permanent}; }

/// With every rule declared.
template <class Callable>
worker worker_of(sm::store<machine>& jobs, Callable callable) {
    worker made{jobs, claim, std::move(callable)};
    made.on_failure(fail, failure_of).on_release(release);
    return made;
}

/// Quick to look again, and to be told of a stop.
inline sm::worker_options quick(std::string owner = "worker") {
    sm::worker_options how;
    how.owner = std::move(owner);
    how.poll_least = 1ms;
    how.poll_most = 20ms;
    how.stop_grace = 0ms;
    return how;
}

/// A worker that runs on a thread of the test.
class working_thread {
public:
    working_thread(worker& of, sm::worker_options how)
        : thread_([this, &of, how](const std::stop_token& stop) { summary_ = of.run(stop, how); }) {
    }
    sm::worker_summary stop() {
        thread_.request_stop();
        return finish();
    }
    void ask_to_stop() { thread_.request_stop(); }
    /// Waits for its end without a stop.
    sm::worker_summary finish() {
        thread_.join();
        return std::move(summary_);
    }

private:
    sm::worker_summary summary_;
    std::jthread thread_;
};

/// Something that happens once, and is waited for.
class signal {
public:
    void give() {
        const std::lock_guard lock(mutex_);
        given_ = true;
        changed_.notify_all();
    }
    /// @return whether it came; it is waited for long enough for any machine
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [&] { return given_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool given_ = false;
};

/// Waits until the stop is requested; whether it was.
inline bool wait_for_stop(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, 60s, [] { return false; });
    return stop.stop_requested();
}

/// Looks again and again until it is so.
template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

template <class Backend>
class on_working : public on_machine<Backend, machine> {
public:
    ~on_working() override {
        EXPECT_EQ(breaches<machine>(this->place), std::vector<std::string>{});
    }

    std::vector<std::int64_t> submit_many(int count) {
        std::vector<typename sm::store<machine>::submission> all(static_cast<std::size_t>(count));
        std::vector<std::int64_t> ids;
        for (const auto& each : this->store.submit_many(all)) ids.push_back(each.value()->id);
        return ids;
    }
    std::int64_t in_state(state wanted) {
        return this->place.number("SELECT count(*) FROM working_jobs WHERE state = '" +
                                  this->name_of(wanted) + "'");
    }
    bool becomes(std::int64_t id, state wanted) {
        return eventually([&] { return this->read(id).state == wanted; });
    }
};

}  // namespace conformance::working
