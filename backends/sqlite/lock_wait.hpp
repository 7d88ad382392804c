// How a process waits for the file's lock, which SQLite gives to whoever asks first once it is
// free: in a queue with the library's other processes.
//
// With those that it finds in no queue it has to take turns by itself. Left alone, the process that
// has just committed takes it again before a sleeper wakes. So pauses get shorter with the time
// waited, and who has met others lately gives way before it asks anew: the one that waits longest
// asks most often, while nobody else does.
#pragma once

#include "lock_queue.hpp"

#include <cstdint>
#include <utility>

namespace statemachine::sqlite {

/// Not thread-safe.
class lock_wait {
public:
    explicit lock_wait(std::uint32_t seed) noexcept : random_(seed | 1U) {}

    /// Until when the calls from now on may wait.
    void wait_until(steady_time deadline) noexcept { deadline_ = deadline; }

    /// Sleeps for a moment, after the lock was found taken.
    /// @param first  the wait begins with this pause
    /// @return false, at once, when the deadline has passed
    bool pause(bool first) noexcept;

    /// The queue to wait in.
    void use(lock_queue queue) noexcept { queue_ = std::move(queue); }

    /// Comes back when nobody else of the queue has the lock, and after a moment more if somebody
    /// outside of it had it lately.
    /// @return whether `leave` has to follow
    bool line_up() noexcept;
    void leave() noexcept { queue_.leave(); }

private:
    void give_way() noexcept;
    void sleep(std::chrono::microseconds shortest, steady_time now) noexcept;

    steady_time deadline_{};
    steady_time begun_{};
    steady_time met_others_{};
    std::uint32_t random_;
    lock_queue queue_;
};

}  // namespace statemachine::sqlite
