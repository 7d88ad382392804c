#include <statemachine/detail/meeting.hpp>

#include <algorithm>

namespace statemachine::detail {
namespace {

// A group that is waited for in vain is waited for less and less often.
constexpr int most_rests = 63;

}  // namespace

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

bool meeting::has_room(const visitor& self, moment now) const noexcept {
    std::size_t at_work = 0;
    for (const visitor* each = leading_.first; each != nullptr; each = each->next_)
        if (each->meets(self) && now - each->led_since_ < patience_) ++at_work;
    return at_work < leaders_;
}

void meeting::begin(visitor& self, moment now) noexcept {
    self.stage_ = visitor::stage::leads;
    self.led_since_ = now;
    leading_.add(self);
}

bool meeting::has_other_owner(const visitor& self) const noexcept {
    const auto is_here = [&](const queue& among) {
        for (const visitor* each = among.first; each != nullptr; each = each->next_)
            if (!each->owner_.empty() && each->owner_ != self.owner_) return true;
        return false;
    };
    return !self.owner_.empty() && (is_here(leading_) || is_here(waiting_));
}

void meeting::stop_expecting(moment now) noexcept {
    if (away_ == 0 || now < back_by_) return;
    away_ = 0;
    rests_ = std::min(2 * rests_ + 1, most_rests);
    resting_ = rests_;
}

void meeting::expect(std::size_t served, moment now, moment::duration took) noexcept {
    stop_expecting(now);
    away_ = 0;
    if (served == 1) return;
    if (resting_ > 0) {
        --resting_;
        return;
    }
    away_ = served;
    back_by_ = now + std::min<moment::duration>(took / 2, patience_);
}

bool meeting::still_expects(moment now) noexcept {
    stop_expecting(now);
    if (away_ == 0) return false;
    if (--away_ > 0) return true;
    rests_ = 0;
    return false;
}

void meeting::wait(std::unique_lock<std::mutex>& lock, visitor& self, moment most) {
    self.bell_->rung.wait_until(lock, std::min(most, self.until_),
                                [&] { return self.stage_ != visitor::stage::waits; });
}

bool meeting::come(visitor& self) {
    using stage = visitor::stage;
    std::unique_lock lock(mutex_);
    if (has_other_owner(self)) {
        self.stage_ = stage::passes;
        return true;
    }
    moment now = std::chrono::steady_clock::now();
    const bool for_others = self.job_ == 0 && still_expects(now) && has_room(self, now);
    if (!for_others && has_room(self, now)) {
        begin(self, now);
        return true;
    }
    self.bell_ = bells_.take();
    waiting_.add(self);
    wait(lock, self, for_others ? back_by_ : now + patience_);
    if (for_others && self.stage_ == stage::waits) {
        now = std::chrono::steady_clock::now();
        // Some lead meanwhile, who came for something else.
        if (!has_room(self, now)) wait(lock, self, now + patience_);
    }
    if (self.stage_ == stage::waits) {
        waiting_.remove(self);
        begin(self, std::chrono::steady_clock::now());
    }
    if (self.stage_ == stage::is_taken)
        self.bell_->rung.wait(lock, [&] { return self.stage_ == stage::is_served; });
    bells_.give_back(self.bell_);
    return self.stage_ == stage::leads;
}

void meeting::take(lead& by) {
    if (by.self_.stage_ == visitor::stage::passes) return;
    const std::lock_guard lock(mutex_);
    for (visitor* each = waiting_.first; each != nullptr;) {
        visitor* const next = each->next_;
        if (each->meets(by.self_) && each->purpose_ == by.self_.purpose_) {
            by.bells_.push_back(each->bell_);
            by.others_.push_back(each);
            waiting_.remove(*each);
            each->stage_ = visitor::stage::is_taken;
        }
        each = next;
    }
}

// Makes the first who waits there a leader, where there is room for one more.
bell* meeting::appoint(const visitor& after, moment now) noexcept {
    visitor* next = waiting_.first;
    while (next != nullptr && !next->meets(after)) next = next->next_;
    if (next == nullptr || !has_room(after, now)) return nullptr;
    waiting_.remove(*next);
    begin(*next, now);
    return next->bell_;
}

// The next leaders are woken before the others.
void meeting::end(lead& by) noexcept {
    if (by.self_.stage_ == visitor::stage::passes) return;
    std::unique_lock lock(mutex_);
    leading_.remove(by.self_);
    for (visitor* const each : by.others_) each->stage_ = visitor::stage::is_served;
    const moment now = std::chrono::steady_clock::now();
    if (by.self_.job_ == 0) expect(by.others_.size() + 1, now, now - by.self_.led_since_);
    while (bell* const next = appoint(by.self_, now)) {
        lock.unlock();
        next->rung.notify_one();
        lock.lock();
    }
    lock.unlock();
    for (bell* const each : by.bells_) each->rung.notify_one();
}

meeting::lead::lead(meeting& at, visitor& self) : at_(at), self_(self) {
    try {
        at_.take(*this);
    } catch (...) {
        at_.end(*this);
        throw;
    }
}

meeting::lead::~lead() { at_.end(*this); }

}  // namespace statemachine::detail
