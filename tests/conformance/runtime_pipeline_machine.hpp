// A machine of two stages for the tests of pipelines.
#pragma once

#include "runtime_worker_faults.hpp"
#include "runtime_worker_machine.hpp"

#include <statemachine/pipeline.hpp>

namespace conformance::clips {

enum class state { pending, fetching, fetched, tidying, done, failed, untidy };
using enum state;

struct job {
    std::string name{};
    std::int64_t fetches = 0;
    std::int64_t tidies = 0;
};
struct problem {
    std::string reason;
};

inline constexpr sm::event<> fetch{"fetch"}, got{"got"}, put_back{"put_back"};
inline constexpr sm::event<> tidy{"tidy"}, tidied{"tidied"}, leave{"leave"};
inline constexpr sm::event<problem> fetch_failed{"fetch_failed"}, tidy_failed{"tidy_failed"};

inline constexpr const char* table = "clips";
inline constexpr auto lease = 1500ms;

inline constexpr sm::column columns[] = {{"name", sm::field<&job::name>},
                                         {"fetches", sm::field<&job::fetches>},
                                         {"tidies", sm::field<&job::tidies>}};
inline constexpr sm::named<state> states[] = {{pending, "pending"},
                                              {fetching, "fetching"},
                                              {fetched, "fetched"},
                                              {tidying, "tidying"},
                                              {done, "done", sm::terminal},
                                              {failed, "failed", sm::terminal},
                                              {untidy, "untidy", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = fetch,
     .from = pending,
     .to = fetching,
     .lease = lease,
     .max_attempts = 3,
     .expired = pending,
     .exhausted = failed,
     .then = {sm::add<&job::fetches>(1)}},
    {.on = got, .from = fetching, .to = fetched, .attempts = sm::attempts::restarted},
    {.on = put_back, .from = fetching, .to = pending, .attempts = sm::attempts::given_back},
    {.on = fetch_failed,
     .from = fetching,
     .to = failed,
     .then = {sm::set_error(sm::field<&problem::reason>)}},
    {.on = tidy,
     .from = fetched,
     .to = tidying,
     .lease = lease,
     .max_attempts = 3,
     .expired = fetched,
     .exhausted = untidy,
     .then = {sm::add<&job::tidies>(1)}},
    {.on = tidied, .from = tidying, .to = done},
    {.on = leave, .from = tidying, .to = fetched, .attempts = sm::attempts::given_back},
    {.on = tidy_failed,
     .from = tidying,
     .to = untidy,
     .then = {sm::set_error(sm::field<&problem::reason>)}},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = pending,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

using task = sm::task<machine>;
using pipeline = sm::pipeline<machine>;
using working::eventually;
using working::signal;
using working::wait_for_stop;

inline problem problem_of(const sm::failed& why) { return {why.message}; }

/// Both stages with all their rules.
template <class Head, class Tail>
pipeline pipeline_of(sm::store<machine>& jobs, Head head, Tail tail) {
    pipeline made{jobs};
    made.stage("fetch", fetch, std::move(head))
        .on_failure(fetch_failed, problem_of)
        .on_release(put_back);
    made.stage("tidy", tidy, std::move(tail)).on_failure(tidy_failed, problem_of).on_release(leave);
    return made;
}
inline auto fetches_it() {
    return [](task& given) { return given.finish(got); };
}
inline auto tidies_it() {
    return [](task& given) { return given.finish(tidied); };
}

inline sm::cycle_options by(std::string owner, bool pipelined = true) {
    sm::cycle_options how;
    how.owner = std::move(owner);
    how.pipelined = pipelined;
    return how;
}

/// Done in the order in which they happen, by any thread.
class record_of_events {
public:
    void add(const std::string& what) {
        const std::lock_guard lock(mutex_);
        all_.push_back(what);
    }
    std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> all_;
};

template <class Backend>
class on_clips : public on_machine<Backend, machine> {
public:
    ~on_clips() override { EXPECT_EQ(breaches<machine>(this->place), std::vector<std::string>{}); }

    std::vector<std::int64_t> submit_many(int count) {
        std::vector<std::int64_t> ids;
        for (int i = 1; i <= count; ++i) ids.push_back(this->submit({std::to_string(i)}));
        return ids;
    }
    std::int64_t in_state(state wanted) {
        return this->place.number("SELECT count(*) FROM clips WHERE state = '" +
                                  this->name_of(wanted) + "'");
    }
    /// A job that an earlier process fetched and left.
    std::int64_t submit_fetched() {
        const auto id = this->submit({"left"});
        this->store.fire(got, this->claim(fetch, id, "earlier")).value().value();
        return id;
    }
};

}  // namespace conformance::clips
