// Everything that can be asked of a queue, in an order that a seed decides.
#pragma once

#include "conformance/machines.hpp"

#include <statemachine/testing/simulation.hpp>

namespace simulated {

namespace sm = statemachine;
namespace queue = conformance::queue;
using namespace std::chrono_literals;

using queue_simulation = sm::testing::simulation<queue::machine>;
using process = queue_simulation::process;
using run_type = queue_simulation::run_type;

inline void submit_some(process& me) {
    for (const char* key : {"one", "two", "three"})
        me.insist([&] {
            return me.jobs.submit({.payload = key}, {.key = key, .priority = key[0] == 't'});
        });
    // Without a key an unknown answer is the end of it: nothing can tell whether there is a job.
    static_cast<void>(me.jobs.submit({.payload = "keyless"}));
    static_cast<void>(me.jobs.submit_many({{.job = {.payload = "four"}, .key = "four"},
                                           {.job = {.payload = "one"}, .key = "one"},
                                           {.job = {.payload = "other"}, .key = "two"}}));
}

/// What a worker does with a run, once or again and again, perhaps after its lease.
inline void do_something(process& me, const run_type& run) {
    const bool by_token = me.random(3) != 0;
    const std::string token = by_token ? me.token(run) : "";
    if (me.random(4) == 0) me.pass(std::chrono::seconds{me.random(60)});
    switch (me.random(12)) {
        case 0: static_cast<void>(me.jobs.renew(run)); break;
        case 1:
            static_cast<void>(
                me.jobs.renew(queue::progress, run, {static_cast<std::int32_t>(me.random(100))}));
            break;
        case 2:
            // It could apply to its own result again and again.
            static_cast<void>(me.jobs.fire(queue::checkpoint, run));
            if (me.random(2) == 0) break;
            for (int twice = 0; twice < 2; ++twice)
                me.insist(
                    [&] { return me.jobs.fire(queue::checkpoint, run, "step-" + me.token(run)); });
            break;
        case 3:
            me.insist([&] { return me.jobs.fire(queue::fail, run, {"broke", false}, token); });
            break;
        case 4:
            me.insist([&] { return me.jobs.fire(queue::fail, run, {"lost", true}, token); });
            break;
        case 5: static_cast<void>(me.jobs.fire(queue::release, run, token)); break;
        case 6: static_cast<void>(me.jobs.fire(queue::hand_back, run)); break;
        case 7: {
            const run_type twice[] = {run, run};
            static_cast<void>(me.jobs.renew_many(twice));
            break;
        }
        default:
            me.insist([&] { return me.jobs.fire(queue::complete, run, {"good"}, token); });
            // A duplicate of its own, and one that means something else by the same token.
            if (by_token && me.random(3) == 0)
                static_cast<void>(me.jobs.fire(queue::complete, run, {"good"}, token));
            if (by_token && me.random(3) == 0)
                static_cast<void>(me.jobs.fire(queue::complete, run, {"other"}, token));
    }
}

inline void work(process& me) {
    std::vector<run_type> runs;
    const sm::event<> on = me.random(2) == 0 ? queue::claim : queue::refine;
    switch (me.random(3)) {
        case 0:
            if (auto got = me.jobs.claim_many(on, 2); got && got.value()) runs = *got.value();
            break;
        case 1:
            if (auto got = me.jobs.claim_by_id(on, static_cast<std::int64_t>(1 + me.random(5)));
                got && got.value())
                runs.push_back(*got.value());
            break;
        default:
            if (auto got = me.jobs.claim(on); got && got.value()) runs.push_back(*got.value());
    }
    if (runs.empty()) me.pass(std::chrono::milliseconds{500 + me.random(20'000)});
    if (runs.size() == 2 && me.random(2) == 0)
        static_cast<void>(me.jobs.fire_many<queue::outcome>(
            queue::complete,
            {{runs[0], {"in a batch"}, me.token(runs[0])}, {runs[1], {"in a batch"}}}));
    for (const run_type& run : runs)
        for (std::uint64_t times = 1 + me.random(2); times > 0; --times) do_something(me, run);
}

/// Cancels now and then, and puts back what ended badly.
inline void operate(process& me) {
    me.pass(20s + std::chrono::seconds{me.random(100)});
    for (const auto state : {queue::state::failed, queue::state::dead})
        if (auto ended = me.jobs.unrecorded().list(state))
            for (const auto& each : ended.value())
                static_cast<void>(
                    me.jobs.control(queue::requeue, each.id, sm::version{each.version}));
    const auto id = static_cast<std::int64_t>(1 + me.random(5));
    if (me.random(6) == 0)
        static_cast<void>(me.jobs.control(queue::cancel, id, sm::any_version, "cancel-it"));
    if (me.random(3) == 0)
        static_cast<void>(me.jobs.control(queue::annotate, id, sm::any_version, {"seen"}));
}

/// Settles tokens that others may be using.
inline void settle(process& me) {
    me.pass(10s + std::chrono::seconds{me.random(60)});
    const auto id = static_cast<std::int64_t>(1 + me.random(5));
    const std::string token = std::to_string(id) + "-" + std::to_string(1 + me.random(4));
    static_cast<void>(me.jobs.resolve(id, token));
}

inline void set_up_busy_queue(queue_simulation& queue) {
    queue.client("submitter-1", submit_some);
    queue.client("submitter-2", submit_some);
    for (const char* name : {"worker-1", "worker-2", "worker-3"}) queue.daemon(name, work);
    queue.daemon("operator", operate);
    queue.daemon("settler", settle);
    queue.sweeper("sweeper");
}

}  // namespace simulated
