#include <statemachine/detail/meeting.hpp>

#include <algorithm>

namespace statemachine::detail {

void meeting::queue::add(visitor& one) noexcept {
    one.next_ = nullptr;
    (last == nullptr ? first : last->next_) = &one;
    last = &one;
}

void meeting::queue::remove(visitor& one) noexcept {
    visitor* before = nullptr;
    for (visitor* each = first; each != &one; each = each->next_) before = each;
    (before == nullptr ? first : before->next_) = one.next_;
    if (last == &one) last = before;
    one.next_ = nullptr;
}

std::size_t meeting::at_work(moment now) const noexcept {
    std::size_t count = 0;
    for (const visitor* each = leading_.first; each != nullptr; each = each->next_)
        if (now - each->led_since_ < patience_) ++count;
    return count;
}

void meeting::begin(visitor& self, moment now) noexcept {
    self.stage_ = visitor::stage::leads;
    self.led_since_ = now;
    leading_.add(self);
}

bool meeting::come(visitor& self) {
    using stage = visitor::stage;
    std::unique_lock lock(mutex_);
    const moment now = std::chrono::steady_clock::now();
    if (at_work(now) < leaders_) {
        begin(self, now);
        return true;
    }
    waiting_.add(self);
    self.changed_.wait_until(lock, std::min(now + patience_, self.until_),
                             [&] { return self.stage_ != stage::waits; });
    if (self.stage_ == stage::waits) {
        waiting_.remove(self);
        begin(self, std::chrono::steady_clock::now());
    }
    if (self.stage_ == stage::leads) return true;
    self.changed_.wait(lock, [&] { return self.stage_ == stage::is_served; });
    return false;
}

void meeting::take(const visitor& self, std::vector<visitor*>& others) {
    const std::lock_guard lock(mutex_);
    for (visitor* each = waiting_.first; each != nullptr;) {
        visitor* const next = each->next_;
        if (each->purpose_ == self.purpose_) {
            others.push_back(each);
            waiting_.remove(*each);
            each->stage_ = visitor::stage::is_taken;
        }
        each = next;
    }
}

// The next leader is woken first. A visitor lives no longer than its call, so that all of this is
// under the lock.
void meeting::end(visitor& self, const std::vector<visitor*>& others) noexcept {
    const std::lock_guard lock(mutex_);
    leading_.remove(self);
    if (waiting_.first != nullptr) {
        const moment now = std::chrono::steady_clock::now();
        for (auto working = at_work(now); working < leaders_ && waiting_.first != nullptr;
             ++working) {
            visitor& next = *waiting_.first;
            waiting_.remove(next);
            begin(next, now);
            next.changed_.notify_one();
        }
    }
    for (visitor* const each : others) {
        each->stage_ = visitor::stage::is_served;
        each->changed_.notify_one();
    }
}

meeting::lead::lead(meeting& at, visitor& self) : at_(at), self_(self) {
    try {
        at_.take(self_, others_);
    } catch (...) {
        at_.end(self_, others_);
        throw;
    }
}

meeting::lead::~lead() { at_.end(self_, others_); }

}  // namespace statemachine::detail
