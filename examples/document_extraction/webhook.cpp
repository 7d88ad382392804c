#include "webhook.hpp"

#include "http.hpp"
#include "submit_api.hpp"

#include <nlohmann/json.hpp>

namespace extraction {

sm::result<void> post_event(const std::string& callback, const sm::emission& event, state status,
                            const std::string& sender) {
    if (callback.empty()) return sm::success();
    const nlohmann::json body{{"id", event.id},
                              {"topic", event.topic},
                              {"document", event.job},
                              {"status", name_of(status)}};
    const http_reply reply = http_post(callback, body.dump(), {}, sender);
    if (reply.status >= 200 && reply.status < 300) return sm::success();
    return sm::error(sm::errc::work_failed,
                     "the receiver answered " + std::to_string(reply.status));
}

}  // namespace extraction
