#include <statemachine/wakeup.hpp>

namespace statemachine {

// Both sides write first and read the other's value then, in one total order: either the ring sees
// the waiter, or the waiter sees the ring.
void wakeup::ring() noexcept {
    rings_.fetch_add(1);
    if (waiting_.load() == 0) return;
    {
        const std::lock_guard lock(mutex_);
        if (ear_ != nullptr) ear_->hear();
    }
    rang_.notify_all();
}

bool wakeup::wait(std::uint64_t seen, std::chrono::steady_clock::time_point until,
                  const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    waiting_.fetch_add(1);
    const bool rang = rang_.wait_until(lock, stop, until, [&] { return rings_.load() != seen; });
    waiting_.fetch_sub(1);
    return rang;
}

// An ear counts as one that waits, so that a ring without either stays as cheap as it is.
bool wakeup::follow(ear& listener) {
    const std::lock_guard lock(mutex_);
    if (ear_ != nullptr) return false;
    ear_ = &listener;
    waiting_.fetch_add(1);
    return true;
}

void wakeup::forget(const ear& listener) noexcept {
    const std::lock_guard lock(mutex_);
    if (ear_ != &listener) return;
    ear_ = nullptr;
    waiting_.fetch_sub(1);
}

}  // namespace statemachine
