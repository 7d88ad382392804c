// The caller's side: a small server that hears of its documents. The same event may come more than
// once; it tells by the event's id.
#pragma once

#include "http.hpp"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace extraction {

struct heard {
    std::string id, topic;
    std::int64_t document = 0;
    std::string status, sender;
};

class webhook_receiver {
public:
    webhook_receiver();

    /// Where it listens.
    const std::string& url() const { return url_; }

    /// While it is out of order it answers 503.
    void set_out_of_order(bool out);

    /// Each event once, in the order in which they came.
    std::vector<heard> events() const;
    /// Waits until that many different events came.
    /// @return false when they did not within the time
    bool wait_for(std::size_t events, std::chrono::milliseconds at_most) const;

    struct counts {
        std::size_t taken = 0;       // events
        std::size_t duplicates = 0;  // deliveries of events that it had
        std::size_t refused = 0;     // deliveries while it was out of order
    };
    counts counted() const;

private:
    http_reply take(const http_request& delivered);

    mutable std::mutex mutex_;
    mutable std::condition_variable more_;
    bool out_of_order_ = false;
    std::vector<heard> events_;
    std::set<std::string> ids_;
    counts counts_;
    http_server server_;
    std::string url_;
};

}  // namespace extraction
