// The thread that keeps the leases of all runs of a worker.
#pragma once

#include <statemachine/detail/worker_calls.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace statemachine::detail {

/// Renews leases after a third of their length, all in one statement, on a thread that never runs a
/// callable.
class lease_keeper {
public:
    using renewal = routine_calls::renewal;
    using mishap = std::function<void(const error&)>;

    // `failed` hears of every renewal that failed as a whole, on the keeper's thread.
    lease_keeper(const spec& declared, renewal renew, mishap failed);

    void keep(const std::shared_ptr<held_run>& run);
    void let_go(const held_run& run);

private:
    struct sent {
        std::shared_ptr<held_run> run;
        unsigned steps;
    };
    void watch(const std::stop_token& stop);
    steady_time first_due() const;
    void renew_all(const held_runs& runs);
    static void take(const sent& asked, steady_time at, const answer<statemachine::lease>& got);

    renewal renew_;
    mishap failed_;
    std::chrono::milliseconds longest_look_away_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    held_runs runs_;
    unsigned changes_ = 0;
    std::jthread thread_;
};

}  // namespace statemachine::detail
