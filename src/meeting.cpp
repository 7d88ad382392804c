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

meeting::moment::duration meeting::patience_with(const visitor& leader,
                                                 const visitor& self) const noexcept {
    if (leader.shares_with(self)) return patience_;
    return leader.meets(self) && !takes_long_ ? brief_ : moment::duration{};
}

bool meeting::has_room(const visitor& self, moment now) const noexcept {
    std::size_t at_work = 0;
    for (const visitor* each = leading_.first; each != nullptr; each = each->next_)
        if (now - each->led_since_ < patience_with(*each, self)) ++at_work;
    return at_work < leaders_;
}

// When one who waits looks around, if nobody has told it anything.
meeting::moment meeting::next_look(const visitor& self, moment most, moment now) const noexcept {
    moment next = std::min(most, self.until_);
    for (const visitor* each = leading_.first; each != nullptr; each = each->next_) {
        const moment lapse = each->led_since_ + patience_with(*each, self);
        if (lapse > now) next = std::min(next, lapse);
    }
    return next;
}

void meeting::begin(visitor& self, moment now) noexcept {
    self.stage_ = visitor::stage::leads;
    self.led_since_ = now;
    leading_.add(self);
}

bool meeting::has_other_owner(const visitor& self) const noexcept {
    const auto is_here = [&](const queue& among) {
        for (const visitor* each = among.first; each != nullptr; each = each->next_)
            if (each->meets(self) && !each->errand_.owner.empty() &&
                each->errand_.owner != self.errand_.owner)
                return true;
        return false;
    };
    return !self.errand_.owner.empty() && (is_here(leading_) || is_here(waiting_));
}

void meeting::stop_expecting(moment now) noexcept {
    if (away_ == 0 || now < back_by_) return;
    away_ = 0;
    rests_ = std::min(2 * rests_ + 1, most_rests);
    resting_ = rests_;
}

void meeting::expect(const lead& served, moment now) noexcept {
    const visitor& leader = served.self_;
    if (leader.errand_.job) return;
    const moment::duration took = now - leader.led_since_;
    takes_long_ = took >= brief_;
    stop_expecting(now);
    away_ = 0;
    if (served.others_.empty()) return;
    if (resting_ > 0) {
        --resting_;
        return;
    }
    machine_ = leader.errand_.machine;
    away_ = served.others_.size() + 1;
    back_by_ = now + std::min(took / 2, patience_);
}

bool meeting::still_expects(const visitor& self, moment now) noexcept {
    stop_expecting(now);
    if (away_ == 0 || self.errand_.job || self.errand_.machine != machine_) return false;
    if (--away_ > 0) return true;
    rests_ = 0;
    return false;
}

bool meeting::come(visitor& self) {
    using stage = visitor::stage;
    std::unique_lock lock(mutex_);
    if (has_other_owner(self)) {
        self.stage_ = stage::passes;
        return true;
    }
    moment now = std::chrono::steady_clock::now();
    // Others may be served meanwhile, and be expected for longer.
    const moment back_by = still_expects(self, now) ? back_by_ : now;
    if (now >= back_by && has_room(self, now)) {
        begin(self, now);
        return true;
    }
    self.bell_ = bells_.take();
    waiting_.add(self);
    while (self.stage_ == stage::waits) {
        self.bell_->rung.wait_until(lock,
                                    next_look(self, now < back_by ? back_by : self.until_, now),
                                    [&] { return self.stage_ != stage::waits; });
        if (self.stage_ != stage::waits) break;
        now = std::chrono::steady_clock::now();
        if (now < self.until_ && (now < back_by || !has_room(self, now))) continue;
        waiting_.remove(self);
        begin(self, now);
    }
    if (self.stage_ == stage::is_taken)
        self.bell_->rung.wait(lock, [&] { return self.stage_ == stage::is_served; });
    bells_.give_back(self.bell_);
    return self.stage_ == stage::leads;
}

std::size_t meeting::waiting() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const visitor* each = waiting_.first; each != nullptr; each = each->next_) ++count;
    return count;
}

// Whether neither waits beyond its end for what the other brought, nor has to end before its own.
bool meeting::ends_with(const visitor& one, const visitor& other) const noexcept {
    return one.until_ <= other.until_ + patience_ && other.until_ <= one.until_ + patience_;
}

void meeting::take(lead& by) {
    if (by.self_.stage_ == visitor::stage::passes) return;
    const std::lock_guard lock(mutex_);
    for (visitor* each = waiting_.first; each != nullptr;) {
        visitor* const next = each->next_;
        if (each->shares_with(by.self_) && ends_with(*each, by.self_)) {
            by.bells_.push_back(each->bell_);
            by.others_.push_back(each);
            waiting_.remove(*each);
            each->stage_ = visitor::stage::is_taken;
        }
        each = next;
    }
}

// Makes a leader of the first who waits there and has room for it.
bell* meeting::appoint(const visitor& after, moment now) noexcept {
    visitor* next = waiting_.first;
    while (next != nullptr && !(next->meets(after) && has_room(*next, now))) next = next->next_;
    if (next == nullptr) return nullptr;
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
    moment now = std::chrono::steady_clock::now();
    expect(by, now);
    while (bell* const next = appoint(by.self_, now)) {
        lock.unlock();
        next->rung.notify_one();
        lock.lock();
        now = std::chrono::steady_clock::now();
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
