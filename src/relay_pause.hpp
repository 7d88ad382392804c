// Waits that a stop ends.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace statemachine::detail {

inline std::chrono::milliseconds longer(std::chrono::milliseconds wait) {
    return std::min(wait * 2, std::chrono::milliseconds{1'000});
}

inline void pause(std::chrono::milliseconds wait, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, wait, [] { return false; });
}

}  // namespace statemachine::detail
