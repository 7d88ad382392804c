#include "turn.hpp"

#include <algorithm>

namespace statemachine::sqlite {
namespace {

// Whoever comes along may go in before one that was just woken, which spares a switch of threads,
// but not before one that waits for longer than this.
constexpr std::chrono::milliseconds patience{1};

}  // namespace

turnstile::caller::place turnstile::caller::wait() {
    std::unique_lock lock(mutex_);
    moved_.wait_until(lock, until_, [&] { return place_ != place::waiting; });
    // What somebody else has begun is awaited to its end, whatever the time.
    if (place_ == place::taken) moved_.wait(lock, [&] { return place_ == place::served; });
    return place_;
}

// Under its lock, because a caller that was told is gone.
void turnstile::caller::move(place to) {
    const std::lock_guard lock(mutex_);
    place_ = to;
    moved_.notify_one();
}

turnstile::entry turnstile::enter(caller& self) {
    using place = caller::place;
    {
        const std::lock_guard lock(mutex_);
        if (inside_ == self.thread_) return entry::nested;
        if (inside_ == std::thread::id{}) {
            inside_ = self.thread_;
            return entry::taken;
        }
        self.since_ = std::chrono::steady_clock::now();
        waiting_.push_back(&self);
    }
    for (;;) {
        const place reached = self.wait();
        if (reached == place::served) return entry::served;
        if (reached == place::inside) return entry::taken;
        const std::lock_guard lock(mutex_);
        const place now = self.place_;
        if (now != place::waiting && now != place::called) continue;  // moved in the meantime
        const bool is_free = inside_ == std::thread::id{};
        if (!is_free && reached == place::called) {
            self.place_ = place::waiting;
            continue;
        }
        waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &self));
        if (!is_free) return entry::too_late;
        inside_ = self.thread_;
        return entry::taken;
    }
}

shared_call* turnstile::take_work(steady_time now) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [now](const caller* each) {
        return each->work_ != nullptr && now < each->until_;
    });
    if (found == waiting_.end()) return nullptr;
    caller& next = **found;
    // Both or none, where memory runs out.
    taken_.reserve(taken_.size() + 1);
    taken_work_.reserve(taken_work_.size() + 1);
    taken_.push_back(&next);
    taken_work_.push_back(next.work_);
    waiting_.erase(found);
    next.place_ = caller::place::taken;
    return next.work_;
}

void turnstile::leave() noexcept {
    using place = caller::place;
    std::vector<caller*> told;
    {
        const std::lock_guard lock(mutex_);
        inside_ = {};
        told.swap(taken_);
        taken_work_.clear();
        // First of all, so that the next one is at work while the others are told.
        if (!waiting_.empty()) {
            caller& next = *waiting_.front();
            if (std::chrono::steady_clock::now() - next.since_ >= patience) {
                inside_ = next.thread_;
                waiting_.pop_front();
                next.move(place::inside);
            } else {
                next.move(place::called);
            }
        }
    }
    // Each by its own lock: woken at once, they would all wait for that of the turnstile.
    for (caller* const each : told) each->move(place::served);
}

std::size_t turnstile::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

}  // namespace statemachine::sqlite
