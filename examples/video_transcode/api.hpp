// What the service does for remote workers: each request is one call of a store. It keeps nothing
// in memory, so any number of processes may serve it, and any of them may die at any moment.
#pragma once

#include "answers.hpp"
#include "machine.hpp"

#include <functional>
#include <string>
#include <vector>

namespace transcode {

// A request that the service answers: what it does with the number in its path, and its body.
struct route {
    const char* method;
    const char* path;  // a regular expression
    std::function<reply(std::int64_t id, const nlohmann::json& asked)> answer;
};

// Is told of each request of a worker and how it was answered, by several threads at once.
using narrator = std::function<void(const std::string& who, const std::string& what, const reply&)>;

template <const times& Times>
class api {
public:
    // The database outlives this. All members may be called from several threads at once.
    template <sm::database_like Database>
    explicit api(
        Database& database, narrator tell = [](auto&&...) {})
        : videos_(database),
          workers_(database),
          thumbnails_(database),
          together_([&database](const body& steps) {
              return database.transaction([&](auto& transaction) {
                  video::store<Times> videos{transaction};
                  thumbnail::store thumbnails{transaction};
                  return steps(videos, thumbnails);
              });
          }),
          tell_(std::move(tell)) {}

    void migrate();
    std::vector<route> routes();

private:
    using json = nlohmann::json;
    using body = std::function<sm::result<void>(video::store<Times>&, thumbnail::store&)>;

    reply add_video(const json& asked);
    reply read_video(std::int64_t id);
    reply claim(const json& asked);
    reply report_progress(std::int64_t id, const json& asked);
    reply complete(std::int64_t id, const json& asked);
    reply fail(std::int64_t id, const json& asked);
    reply add_worker(const json& asked);
    reply heartbeat(std::int64_t id, const json& asked);
    reply remove_worker(std::int64_t id, const json& asked);

    reply told(const json& asked, const std::string& what, reply answer) const {
        tell_(asked.value("worker", "somebody"), what, answer);
        return answer;
    }

    video::store<Times> videos_;
    worker::store<Times> workers_;
    thumbnail::store thumbnails_;
    std::function<sm::result<sm::ending>(const body&)> together_;
    narrator tell_;
};

}  // namespace transcode
