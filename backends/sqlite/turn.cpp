#include "turn.hpp"

#include <algorithm>

namespace statemachine::sqlite {
namespace {

// Whoever comes along may go in before one that was just woken, which spares a switch of threads,
// but not before one that waits for longer than this.
constexpr std::chrono::milliseconds patience{1};

}  // namespace

turnstile::entry turnstile::enter(caller& self) {
    using place = caller::place;
    std::unique_lock lock(mutex_);
    if (inside_ == self.thread_) return entry::nested;
    if (inside_ != std::thread::id{}) {
        self.since_ = std::chrono::steady_clock::now();
        self.bell_ = bells_.take();
        waiting_.push_back(&self);
        const bool in_time = self.bell_->rung.wait_until(lock, self.until_, [&] {
            return self.place_ != place::waiting || inside_ == std::thread::id{};
        });
        // What somebody else has begun is awaited to its end, whatever the time.
        if (self.place_ == place::taken)
            self.bell_->rung.wait(lock, [&] { return self.place_ == place::served; });
        bells_.give_back(self.bell_);
        if (self.place_ == place::served) return entry::served;
        if (self.place_ == place::inside) return entry::taken;
        waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &self));
        if (!in_time) return entry::too_late;
    }
    inside_ = self.thread_;
    return entry::taken;
}

shared_call* turnstile::take_work(steady_time now) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [now](const caller* each) {
        return each->work_ != nullptr && now < each->until_;
    });
    if (found == waiting_.end()) return nullptr;
    caller& next = **found;
    // Both or none, where memory runs out.
    if (taken_.size() == taken_.capacity()) taken_.reserve(taken_.size() + waiting_.size());
    taken_work_.reserve(taken_.capacity());
    taken_.push_back({&next, next.bell_});
    taken_work_.push_back(next.work_);
    waiting_.erase(found);
    next.place_ = caller::place::taken;
    return next.work_;
}

void turnstile::leave() noexcept {
    detail::bell* next_in = nullptr;
    std::vector<guest> told;
    {
        const std::lock_guard lock(mutex_);
        inside_ = {};
        if (!waiting_.empty()) {
            caller& next = *waiting_.front();
            next_in = next.bell_;
            if (std::chrono::steady_clock::now() - next.since_ >= patience) {
                inside_ = next.thread_;
                next.place_ = caller::place::inside;
                waiting_.pop_front();
            }
        }
        for (const guest& each : taken_) each.who->place_ = caller::place::served;
        told.swap(taken_);
        taken_work_.clear();
    }
    // First of all, so that it is at work while the others are told.
    if (next_in != nullptr) next_in->rung.notify_one();
    for (const guest& each : told) each.bell->rung.notify_one();
}

std::size_t turnstile::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

}  // namespace statemachine::sqlite
