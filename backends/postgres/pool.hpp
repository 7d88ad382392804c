// At most so many connections, lent to one caller each; further callers wait in turn.
//
// What holds under the mutex: somebody waits only while every connection is lent, and each place is
// either idle or lent. A place whose connection died is handed on empty, and its taker opens one.
#pragma once

#include "connection.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace statemachine::postgres {

/// Thread-safe. Has no thread of its own.
class pool {
public:
    using opener = std::function<result<std::unique_ptr<connection>>(moment deadline)>;

    /// Opens connections when they are needed.
    pool(int limit, opener open);

    /// Lends this one only.
    explicit pool(std::unique_ptr<connection> only);

    /// A connection on loan; its end gives it back, or closes it when it is in doubt.
    class loan {
    public:
        loan(pool& from, std::unique_ptr<connection> lent) noexcept
            : from_(&from), lent_(std::move(lent)) {}
        loan(loan&& other) noexcept
            : from_(std::exchange(other.from_, nullptr)), lent_(std::move(other.lent_)) {}
        loan& operator=(loan&&) = delete;
        ~loan() {
            if (from_) from_->take_back(std::move(lent_));
        }

        connection& operator*() const noexcept { return *lent_; }

    private:
        friend class pool;
        pool* from_;
        std::unique_ptr<connection> lent_;
    };

    /// Lends the connection that was used last, or opens one, or waits for one.
    /// @return errc::pool_exhausted at the deadline, or why none could be opened
    result<loan> take(moment deadline);

    /// How many callers wait.
    std::size_t waiting() const;

private:
    struct waiter {
        std::condition_variable served_now;
        bool served = false;
        std::unique_ptr<connection> handed;
    };

    result<loan> make_ready(loan place, moment deadline);
    void take_back(std::unique_ptr<connection> used) noexcept;

    const std::size_t limit_;
    const opener open_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> idle_;
    std::size_t places_taken_ = 0;
    std::deque<waiter*> queue_;
};

}  // namespace statemachine::postgres
