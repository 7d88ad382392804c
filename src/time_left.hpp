// How much of its time a call has left after it waited for others.
#pragma once

#include <statemachine/clock.hpp>
#include <statemachine/error.hpp>

namespace statemachine::detail {

class time_left {
public:
    explicit time_left(steady_time until) noexcept : until_(until) {}

    // With little, a statement that is kept waiting outlasts the call, before the server's own
    // limits end it, and nobody knows what became of it.
    bool is_half() const noexcept {
        const auto now = std::chrono::steady_clock::now();
        return until_ - now >= now - came_;
    }

private:
    const steady_time came_ = std::chrono::steady_clock::now();
    const steady_time until_;
};

// Whether a statement that waits for a lock but for a moment ends before the server's other limits,
// with time left to go another way.
inline bool can_wait_briefly(steady_time until) noexcept {
    constexpr std::chrono::milliseconds shortest{200};
    return until - std::chrono::steady_clock::now() > shortest;
}

inline error waited_too_long() {
    return {errc::busy,
            "other calls took most of the time that this one had; nothing was changed for it, send "
            "the same again"};
}

}  // namespace statemachine::detail
