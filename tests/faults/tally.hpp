// Counts what clients are told, as the witness of their history.
#pragma once

#include <statemachine/testing/history.hpp>

#include <condition_variable>
#include <map>
#include <string>

namespace faults {

class tally {
public:
    struct numbers {
        std::uint64_t acknowledged = 0, refused = 0, unknown = 0, not_sent = 0;
        std::chrono::nanoseconds longest{};
        std::string longest_was{};
        std::uint64_t disturbed() const { return unknown + not_sent; }
    };

    void note(const statemachine::testing::call_record& call) {
        using statemachine::status;
        if (call.ended == 0) return;
        const std::lock_guard lock(mutex_);
        numbers& own = of_client_[call.client];
        for (numbers* each : {&own, &all_}) {
            const std::chrono::nanoseconds took(call.ended - call.began);
            if (took > each->longest) {
                each->longest = took;
                each->longest_was = call.text();
            }
            if (call.acknowledged())
                ++each->acknowledged;
            else if (call.unsettled())
                ++each->unknown;
            else if (call.status == status::rejected)
                ++each->refused;
            else
                ++each->not_sent;
        }
        changed_.notify_all();
    }

    numbers all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    std::map<std::string, numbers> of_clients() const {
        const std::lock_guard lock(mutex_);
        return of_client_;
    }

    /// @return false when it did not come to hold in that time
    template <class Condition>
    bool wait_for(std::chrono::milliseconds patience, Condition holds) const {
        using namespace std::chrono_literals;
        const auto end = std::chrono::steady_clock::now() + patience;
        std::unique_lock lock(mutex_);
        while (!holds(all_, of_client_)) {
            if (std::chrono::steady_clock::now() > end) return false;
            changed_.wait_for(lock, 20ms);  // what the worker does rings nothing
        }
        return true;
    }

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    numbers all_;
    std::map<std::string, numbers> of_client_;
};

}  // namespace faults
