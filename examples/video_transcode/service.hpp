// What a process of the service has: the stores, the API on them, the stale check, and the drawing
// of thumbnails. Any number of such processes may share a database.
#pragma once

#include "api.hpp"

#include <filesystem>

namespace transcode {

// Hands back the jobs whose lease ran out, and marks workers offline that fell silent.
template <const times& Times>
class stale_check {
public:
    struct found {
        sm::swept videos, workers;
    };

    template <sm::database_like Database>
    explicit stale_check(Database& database, sm::observer* watch = nullptr)
        : videos_(database, {.interval = Times.check, .watch = watch}),
          workers_(database, {.interval = Times.check, .watch = watch}) {}

    // One check, if one is due.
    sm::result<found> once() {
        auto workers = workers_.sweep_once();
        auto videos = videos_.sweep_once();
        if (!workers) return workers.error();
        if (!videos) return videos.error();
        return found{videos.value(), workers.value()};
    }

    // Checks until the stop. Throws what a person has to mend.
    void run(const std::stop_token& stop);

private:
    sm::sweeper<video::machine<Times>> videos_;
    sm::sweeper<worker::machine<Times>> workers_;
};

template <const times& Times>
class service {
public:
    // The database and the observer outlive this.
    template <sm::database_like Database>
    explicit service(
        Database& database, narrator tell = [](auto&&...) {}, sm::observer* watch = nullptr)
        : videos(database),
          workers(database),
          thumbnails(database),
          requests(database, std::move(tell)),
          check(database, watch) {}

    // Draws thumbnails of finished videos until the stop.
    void draw(const std::filesystem::path& files, const std::stop_token& stop);

    video::store<Times> videos;
    worker::store<Times> workers;
    thumbnail::store thumbnails;
    api<Times> requests;
    stale_check<Times> check;
};

}  // namespace transcode
