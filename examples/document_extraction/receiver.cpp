#include "receiver.hpp"

#include <nlohmann/json.hpp>

namespace extraction {

webhook_receiver::webhook_receiver() {
    server_.on_post("/webhook", [this](const http_request& delivered) { return take(delivered); });
    url_ = server_.start() + "/webhook";
}

void webhook_receiver::set_out_of_order(bool out) {
    const std::lock_guard lock(mutex_);
    out_of_order_ = out;
}

std::vector<heard> webhook_receiver::events() const {
    const std::lock_guard lock(mutex_);
    return events_;
}

bool webhook_receiver::wait_for(std::size_t events, std::chrono::milliseconds at_most) const {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, at_most, [&] { return events_.size() >= events; });
}

webhook_receiver::counts webhook_receiver::counted() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

http_reply webhook_receiver::take(const http_request& delivered) {
    const auto event = nlohmann::json::parse(delivered.body);
    const std::lock_guard lock(mutex_);
    if (out_of_order_) {
        ++counts_.refused;
        return {503, "{}"};
    }
    if (!ids_.insert(event.at("id")).second) {
        ++counts_.duplicates;
        return {200, "{}"};
    }
    ++counts_.taken;
    events_.push_back({event.at("id"), event.at("topic"), event.at("document"), event.at("status"),
                       delivered.sender});
    more_.notify_all();
    return {200, "{}"};
}

}  // namespace extraction
