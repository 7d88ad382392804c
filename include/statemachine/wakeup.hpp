// Ends the wait of those who look for work in this process, when there may be some.
//
//     const auto seen = bell.rings();          // before looking, so that no ring is missed
//     if (!look_for_work()) bell.wait(seen, std::chrono::steady_clock::now() + 1s, stop);
//
// It shortens waits and carries nothing: whoever waits also looks again after a while.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace statemachine {

/// Thread-safe. Ringing costs two atomic operations while nobody waits.
class [[gnu::visibility("default")]] wakeup {
public:
    /// Hears of rings without waiting here, to carry them further.
    class [[gnu::visibility("default")]] ear {
    public:
        /// Called at each ring, on the thread that rings: it must be short, and must not ring.
        virtual void hear() noexcept = 0;

    protected:
        ~ear() = default;
    };

    /// How often it rang so far.
    std::uint64_t rings() const noexcept { return rings_.load(); }

    /// Ends every wait that began with fewer rings.
    void ring() noexcept;

    /// Waits until it has rung more often than `seen`, until the moment, or for a stop.
    /// @return whether it rang
    bool wait(std::uint64_t seen, std::chrono::steady_clock::time_point until,
              const std::stop_token& stop);

    /// Lets it hear each ring from now on, until `forget`.
    /// @return false when there is an ear already: two that carry rings to the same place and back
    ///         would never stop
    bool follow(ear & listener);

    /// When it returns the ear is not being called, and will not be.
    void forget(const ear& listener) noexcept;

private:
    std::atomic<std::uint64_t> rings_{0};
    std::atomic<unsigned> waiting_{0};
    std::mutex mutex_;
    std::condition_variable_any rang_;
    ear* ear_ = nullptr;
};

}  // namespace statemachine
