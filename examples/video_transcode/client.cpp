#include "client.hpp"

#include "token.hpp"
#include "wire.hpp"

#include <httplib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace transcode {
namespace {

using nlohmann::json;

// The service answers "try again later" before this client stops listening.
httplib::Client connect(const std::string& url) {
    httplib::Client made(url);
    made.set_read_timeout(30s);
    return made;
}

reply reply_of(const httplib::Result& got) {
    if (!got) return {0};
    return {got->status, got->body.empty() ? json() : json::parse(got->body, nullptr, false)};
}

}  // namespace

client::client(std::string url, std::string name) : url_(std::move(url)), name_(std::move(name)) {}

reply client::post(const std::string& path, const json& asked) {
    json named = asked;
    if (!named.contains("worker")) named["worker"] = name_;
    const reply got = reply_of(connect(url_).Post(path, named.dump(), "application/json"));
    reached_ = got.status != 0;
    return got;
}

reply client::get(const std::string& path) { return reply_of(connect(url_).Get(path)); }

std::optional<assignment> client::claim(std::optional<std::int64_t> job) {
    const reply got = post("/claims", job ? json{{"job", *job}} : json::object());
    if (got.status != 200 || got.body.at("answer") != answers::done) return std::nullopt;
    const std::int64_t id = got.body.at("job");
    return assignment{id,
                      got.body.at("epoch"),
                      got.body.at("attempt"),
                      got.body.at("lease_until"),
                      std::chrono::milliseconds(got.body.at("lease_ms").get<int>()),
                      got.body.at("video"),
                      make_token(id)};
}

reply client::progress(const assignment& mine, int percent) {
    return post("/videos/" + std::to_string(mine.job) + "/progress",
                {{"epoch", mine.epoch}, {"percent", percent}});
}

reply client::complete(const assignment& mine, const video::metadata& found) {
    const json asked{{"epoch", mine.epoch}, {"token", mine.token}, {"metadata", found}};
    reply got{0};
    for (int sent = 0; sent < 60 && (got.status == 0 || got.status == 503); ++sent) {
        if (sent > 0) std::this_thread::sleep_for(500ms);
        got = post("/videos/" + std::to_string(mine.job) + "/completion", asked);
    }
    return got;
}

reply client::fail(const assignment& mine, const std::string& reason, bool permanent) {
    return post("/videos/" + std::to_string(mine.job) + "/failure",
                {{"epoch", mine.epoch}, {"reason", reason}, {"permanent", permanent}});
}

void client::fetch_clip(const std::string& name, const std::filesystem::path& to) {
    const auto got = connect(url_).Get("/clips/" + name);
    if (!got || got->status != 200) throw std::runtime_error("the clip cannot be fetched");
    std::ofstream(to, std::ios::binary) << got->body;
}

void client::send_result(const assignment& mine, const std::filesystem::path& from) {
    std::ostringstream content;
    content << std::ifstream(from, std::ios::binary).rdbuf();
    const auto path = "/results/" + std::to_string(mine.job) + "/" + std::to_string(mine.epoch);
    const auto got = connect(url_).Put(path, content.str(), "video/mp4");
    if (!got || got->status != 204) throw std::runtime_error("the result cannot be sent");
}

}  // namespace transcode
