#include "pool.hpp"

#include <algorithm>
#include <utility>

namespace statemachine::postgres {

pool::pool(int limit, opener open)
    : limit_(static_cast<std::size_t>(limit)), open_(std::move(open)) {
    // Giving back must not fail for want of memory.
    idle_.reserve(limit_);
}

pool::pool(std::unique_ptr<connection> only) : limit_(1) {
    idle_.push_back(std::move(only));
    places_taken_ = 1;
}

result<pool::loan> pool::take(moment deadline) {
    std::unique_lock lock(mutex_);
    std::unique_ptr<connection> found;
    if (queue_.empty() && !idle_.empty()) {
        found = std::move(idle_.back());
        idle_.pop_back();
    } else if (queue_.empty() && places_taken_ < limit_) {
        ++places_taken_;
    } else {
        waiter self;
        queue_.push_back(&self);
        if (!self.served_now.wait_until(lock, deadline, [&self] { return self.served; })) {
            queue_.erase(std::find(queue_.begin(), queue_.end(), &self));
            return error{errc::pool_exhausted,
                         "Every connection stayed in use until the deadline: raise "
                         "options::connections or the deadline, or send less at once."};
        }
        found = std::move(self.handed);
    }
    lock.unlock();
    return make_ready(loan(*this, std::move(found)), deadline);
}

result<pool::loan> pool::make_ready(loan place, moment deadline) {
    if (place.lent_ && !place.lent_->disturbed()) return place;
    // Closed before the next is opened: the server may have no slot for both.
    place.lent_.reset();
    auto opened = open_(deadline);
    if (!opened) return std::move(opened).error();
    place.lent_ = std::move(opened).value();
    return place;
}

void pool::take_back(std::unique_ptr<connection> used) noexcept {
    if (used && !used->reusable()) used.reset();
    const std::lock_guard lock(mutex_);
    if (!queue_.empty()) {
        waiter& next = *queue_.front();
        queue_.pop_front();
        next.handed = std::move(used);
        next.served = true;
        // Under the lock, because the waiter lives no longer than its call.
        next.served_now.notify_one();
    } else if (used) {
        idle_.push_back(std::move(used));
    } else {
        --places_taken_;
    }
}

std::size_t pool::waiting() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

}  // namespace statemachine::postgres
