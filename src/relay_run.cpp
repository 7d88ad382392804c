// The threads of one relay: whoever finds the queue empty claims for all, so that an event waits
// for a thread only while all of them are at work. While there is nothing, one of them rests until
// it looks again, the others until there is something; one that has just delivered looks at once,
// because a later event of the same job may have waited for that.
#include "identity.hpp"
#include "relay_pause.hpp"

#include <statemachine/detail/relay_core.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <thread>

namespace statemachine::detail {

class relay_core::crew {
public:
    crew(relay_core& relay, const deliverer& how, const std::stop_token& stop)
        : relay_(relay), how_(how), stop_(stop) {}

    result<relayed> work() {
        {
            std::vector<std::jthread> others;
            try {
                for (int i = 1; i < relay_.how_.threads; ++i)
                    others.emplace_back([this] { take_part(); });
            } catch (const std::exception&) {
                const std::lock_guard lock(mutex_);
                failed_ = error(errc::overloaded, "the system has no thread or memory left");
                changed_.notify_all();
            }
            take_part();
        }
        if (failed_) return *std::move(failed_);
        return done_;
    }

private:
    struct claimed {
        emission event;
        steady_time at;
    };

    void take_part() {
        while (auto next = wait_for_next()) {
            relayed done;
            const lease_watch lease{next->at + relay_.how_.lease, stop_};
            auto dealt = relay_.deliver(next->event, lease, how_, done);
            const std::lock_guard lock(mutex_);
            add(done);
            if (!dealt) give_up_on(std::move(dealt).error());
        }
    }

    std::optional<claimed> wait_for_next() {
        std::unique_lock lock(mutex_);
        std::chrono::milliseconds idle{10};
        for (bool looked = false;; looked = true) {
            if (looked && resting_)
                changed_.wait(lock, stop_,
                              [this] { return !resting_ || failed_ || !queue_.empty(); });
            if (failed_ || stop_.stop_requested()) {
                give_back_all();
                return std::nullopt;
            }
            if (!queue_.empty()) {
                claimed next = std::move(queue_.front());
                queue_.pop_front();
                if (std::chrono::steady_clock::now() < next.at + relay_.how_.lease / 2) return next;
                give_back(next);
                continue;
            }
            const auto rings = relay_.session_->wakeups().rings();
            claim();
            if (!queue_.empty() || failed_) {
                changed_.notify_all();
                continue;
            }
            if (resting_) continue;
            resting_ = true;
            lock.unlock();
            rest(rings, idle);
            lock.lock();
            resting_ = false;
            changed_.notify_one();
            idle = std::min(idle * 2, relay_.how_.poll);
        }
    }

    void claim() {
        const auto at = std::chrono::steady_clock::now();
        relayed done;
        auto ready = relay_.prepare();
        if (!ready) return give_up_on(std::move(ready).error());
        auto events = relay_.claim(done);
        add(done);
        if (!events) return give_up_on(std::move(events).error());
        for (emission& each : events.value()) queue_.push_back({std::move(each), at});
    }

    // A database that is away comes back; what a person has to mend ends the relay.
    void give_up_on(error cause) {
        if (cause.what_is_known() != fate::not_applied || failed_) return;
        failed_ = std::move(cause);
        changed_.notify_all();
    }

    // Somewhere between the half and the whole of it, so that replicas don't look all at once.
    void rest(std::uint64_t rings, std::chrono::milliseconds idle) {
        const auto half = idle / 2;
        const auto share =
            static_cast<std::int64_t>(static_cast<double>((idle - half).count()) * make_share());
        relay_.session_->wakeups().wait(
            rings, std::chrono::steady_clock::now() + half + std::chrono::milliseconds{share},
            stop_);
    }

    void give_back_all() {
        // While the database is away the first one speaks for all.
        for (const claimed& each : queue_)
            if (!give_back(each)) break;
        queue_.clear();
    }
    // What cannot be given back comes again when its lease is over.
    bool give_back(const claimed& each) { return relay_.give_back(each.event).has_value(); }

    void add(const relayed& more) {
        done_.delivered += more.delivered;
        done_.failed += more.failed;
        done_.parked += more.parked;
        done_.lost += more.lost;
    }

    relay_core& relay_;
    const deliverer& how_;
    const std::stop_token& stop_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<claimed> queue_;
    bool resting_ = false;  // one of them, on behalf of all
    relayed done_;
    std::optional<error> failed_;
};

result<relayed> relay_core::run(const std::stop_token& stop, const deliverer& how) {
    return crew(*this, how, stop).work();
}

}  // namespace statemachine::detail
