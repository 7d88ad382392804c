#include "submit_api.hpp"

#include <nlohmann/json.hpp>

namespace extraction {
namespace {

using nlohmann::json;

http_reply refuse(int status, const std::string& why) {
    return {status, json{{"error", why}}.dump()};
}

// Sends again what may be sent again, because the key or the state makes it the same call.
template <class Call>
auto insist(Call call) {
    auto got = call();
    for (int again = 0; again < 3 && got && got.value().retryable(); ++again) got = call();
    return got;
}

// Only files of the inbox itself.
bool plain(const std::string& document) {
    return !document.empty() && document.front() != '.' && document.find('/') == std::string::npos;
}

}  // namespace

std::string name_of(state state) {
    for (const auto& each : states)
        if (each.state == state) return each.name;
    return "unknown";
}

template <const times& Times>
http_reply submit_api<Times>::submit(const std::string& key, const std::string& body) {
    const json asked = json::parse(body, nullptr, false);
    if (key.empty()) return refuse(400, "the header Idempotency-Key is missing");
    if (!asked.is_object()) return refuse(400, "the body is no JSON object");
    job wanted;
    try {
        wanted.document = asked.value("document", "");
        wanted.with_boxes = asked.value("boxes", false);
        wanted.callback = asked.value("callback", "");
    } catch (const json::exception& wrong) {
        return refuse(400, wrong.what());
    }
    if (!plain(wanted.document)) return refuse(400, "'document' is the name of a file");

    auto did = insist([&] { return jobs_.submit(wanted, {.key = key}); });
    if (!did) return refuse(500, did.error().message());
    if (did.value())  // this call made it, or an earlier one with the same key
        return {202, json{{"id", did.value()->id}, {"status", name_of(did.value()->state)}}.dump()};
    if (did.value().reason() == sm::reason::key_conflict)
        return refuse(409, "this key was used for another document");
    return refuse(503, did.value().why());
}

template <const times& Times>
http_reply submit_api<Times>::look(std::int64_t id) {
    const auto found = jobs_.read(id);
    if (!found) return refuse(500, found.error().message());
    if (!found.value()) return refuse(404, "no such document");
    const auto& document = *found.value();
    json shown{{"id", id}, {"status", name_of(document.state)}};
    if (document.job.text) shown["text"] = *document.job.text;
    if (document.job.boxes) shown["boxes"] = json::parse(document.job.boxes->text);
    if (document.error) shown["error"] = *document.error;
    if (document.job.boxes_error) shown["boxes_error"] = *document.job.boxes_error;
    return {200, shown.dump()};
}

template <const times& Times>
http_reply submit_api<Times>::cancel(std::int64_t id) {
    auto did = insist([&] { return jobs_.fire(extraction::cancel, id, sm::any_version); });
    if (!did) return refuse(500, did.error().message());
    if (did.value()) return {200, json{{"id", id}, {"status", "cancelled"}}.dump()};
    switch (did.value().reason()) {
        case sm::reason::not_found: return refuse(404, "no such document");
        case sm::reason::wrong_state:
            return refuse(409, "not cancellable: it is " + std::string(did.value().seen_in()));
        default: return refuse(503, did.value().why());
    }
}

template <const times& Times>
void submit_api<Times>::serve(http_server& server) {
    server.on_post("/documents",
                   [this](const http_request& asked) { return submit(asked.key, asked.body); });
    server.on_get(R"(/documents/(\d{1,18}))",
                  [this](const http_request& asked) { return look(std::stoll(asked.number)); });
    server.on_post(R"(/documents/(\d{1,18})/cancel)",
                   [this](const http_request& asked) { return cancel(std::stoll(asked.number)); });
}

template class submit_api<production>;
template class submit_api<hurried>;

}  // namespace extraction
