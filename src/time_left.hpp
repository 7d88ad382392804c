// How much of its time a call has left after it waited for others.
#pragma once

#include <statemachine/clock.hpp>
#include <statemachine/error.hpp>

namespace statemachine::detail {

class time_left {
public:
    explicit time_left(steady_time until) noexcept : until_(until) {}

    // With less, a statement may outlast the call, and nobody would know what became of it.
    bool is_half() const noexcept {
        const auto now = std::chrono::steady_clock::now();
        return until_ - now >= now - came_;
    }

private:
    const steady_time came_ = std::chrono::steady_clock::now();
    const steady_time until_;
};

inline error waited_too_long() {
    return {errc::busy,
            "other calls for the same took most of the time that this one had; nothing of it was "
            "sent, send it again"};
}

}  // namespace statemachine::detail
