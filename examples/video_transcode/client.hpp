// The service as a remote worker sees it: HTTP and nothing else.
#pragma once

#include "answers.hpp"
#include "machine.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace transcode {

// A job in a worker's hands, and the token that its completion will carry.
struct assignment {
    std::int64_t job = 0;
    std::int64_t epoch = 0;
    int attempt = 0;
    std::int64_t lease_until = 0;       // milliseconds of the database's clock
    std::chrono::milliseconds lease{};  // how long it lasts from each progress report on
    std::string video;
    std::string token;
};

class client {
public:
    // For one thread at a time.
    client(std::string url, std::string name);

    // Status 0: no reply came, and the request may have been done or not.
    reply post(const std::string& path, const nlohmann::json& asked = nlohmann::json::object());
    reply get(const std::string& path);

    // Whether the last request was answered at all.
    bool reached() const { return reached_; }

    // The next job, or a given one; nothing when there is nothing to do.
    std::optional<assignment> claim(std::optional<std::int64_t> job = {});
    reply progress(const assignment& mine, int percent);
    // Sent until there is a definite answer: the token makes it safe.
    reply complete(const assignment& mine, const video::metadata& found);
    reply fail(const assignment& mine, const std::string& reason, bool permanent);

    void fetch_clip(const std::string& name, const std::filesystem::path& to);
    void send_result(const assignment& mine, const std::filesystem::path& from);

private:
    std::string url_, name_;
    bool reached_ = true;
};

}  // namespace transcode
