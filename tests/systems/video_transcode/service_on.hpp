// The service on a fresh place, with workers that talk to it over HTTP.
#pragma once

#include "client.hpp"
#include "disturbed.hpp"
#include "server.hpp"
#include "service.hpp"
#include "shows.hpp"
#include "wire.hpp"

#include "../../conformance/backend.hpp"

#include <algorithm>

namespace systems {

using conformance::backend_names;
using conformance::backends;
using conformance::postgres_backend;
using conformance::sqlite_backend;
using namespace std::chrono_literals;
namespace answers = transcode::answers;

using transcode::assignment;
using transcode::reply;
using transcode::usual;
using transcode::video::metadata;
using json = nlohmann::json;

inline const metadata measured{2.5, 320, 240, "mp4", "h264"};

/// What a worker was told: "200 done".
inline std::string told(const reply& got) {
    return std::to_string(got.status) + " " + got.body.value("answer", "");
}

/// A completion that is sent once, whatever comes of it.
inline reply complete_once(transcode::client& by, const assignment& mine) {
    return by.post("/videos/" + std::to_string(mine.job) + "/completion",
                   {{"epoch", mine.epoch}, {"token", mine.token}, {"metadata", measured}});
}

/// Another process of the service at a place, or what acts like one: handles of its own.
template <class Database>
struct served {
    explicit served(Database opened);
    Database database;
    transcode::api<usual> requests{database};
    transcode::http_server server{requests.routes()};
};

/// Databases that give up soon when others hold what they need.
inline sqlite_backend::database open_hasty(const sqlite_backend& place) {
    sm::sqlite::options how;
    how.deadline = 300ms;
    how.sync = sm::sqlite::durability::off;
    return sqlite_backend::database(sm::sqlite::open(place.where(), how).value());
}
inline postgres_backend::database open_hasty(const postgres_backend& place) {
    sm::postgres::options how;
    how.deadline = 1s;
    return postgres_backend::database(sm::postgres::connect(place.conninfo(), how).value());
}

template <class Backend>
class on_service : public ::testing::Test {
public:
    using database_type = disturbed_database<typename Backend::database>;

    on_service();

    std::int64_t add_video(const std::string& name) {
        return worker.post("/videos", {{"video", name}}).body.at("job");
    }
    assignment claimed(const std::string& name = "cat.avi") {
        return worker.claim(add_video(name)).value();
    }
    json video_of(std::int64_t id) { return worker.get("/videos/" + std::to_string(id)).body; }
    std::string state_of(std::int64_t id) { return video_of(id).at("state"); }
    std::int64_t thumbnails_of(std::int64_t id) {
        return place.number("SELECT count(*) FROM thumbnails WHERE video = " + std::to_string(id));
    }
    /// All that is stored for videos and thumbnails.
    std::vector<conformance::rows> stored() {
        std::vector<conformance::rows> all;
        for (const char* table : {"videos ORDER BY id", "videos_log ORDER BY job, version",
                                  "videos_tokens ORDER BY job, token", "thumbnails ORDER BY id",
                                  "thumbnails_log ORDER BY job, version"})
            all.push_back(place.query(std::string("SELECT * FROM ") + table));
        return all;
    }

    void pass_time(std::int64_t video, std::chrono::milliseconds by) {
        place.pass_time("videos", video, by);
    }
    void pass_time_of_worker(std::int64_t id, std::chrono::milliseconds by) {
        place.pass_time("workers", id, by);
    }
    void age(const std::string& table, const std::string& column, std::chrono::milliseconds by) {
        place.execute("UPDATE " + table + " SET " + column + " = " + column + " - " +
                      std::to_string(by.count()) +
                      std::string{Backend::database::dialect.millisecond});
    }
    /// As if the last stale checks were so long ago.
    void pass_time_of_checks(std::chrono::milliseconds by) {
        for (const char* table : {"videos_sweeps", "workers_sweeps"})
            for (const char* column : {"began_at", "ended_at", "noticed_at"})
                age(table, column, by);
    }
    /// One stale check that is due, and not in grace.
    auto check() {
        pass_time_of_checks(usual.check + 1s);
        const auto found = service.check.once().value();
        EXPECT_FALSE(found.videos.not_due);
        EXPECT_FALSE(found.videos.in_grace);
        return found;
    }
    /// As in a service that has been running for a while.
    void outlast_first_grace() {
        EXPECT_TRUE(service.check.once().value().videos.in_grace);
        // With a turn between: without any for as long as the grace it would be another outage.
        pass_time_of_checks(usual.grace / 2 + 1s);
        EXPECT_TRUE(service.check.once().value().videos.in_grace);
        pass_time_of_checks(usual.grace / 2);
        check();
    }

    Backend place;
    disturbance wrong;
    database_type database{place.open(), wrong};
    transcode::service<usual> service{database};
    transcode::http_server server{service.requests.routes()};
    transcode::client worker{server.url(), "worker-1"}, peer{server.url(), "worker-2"};
};

/// The place, as the arguments of the program under test.
inline std::vector<std::string> arguments_for(const sqlite_backend& place) {
    return {"--database", place.where()};
}
inline std::vector<std::string> arguments_for(const postgres_backend& place) {
    return {"--postgres", place.conninfo()};
}

}  // namespace systems
