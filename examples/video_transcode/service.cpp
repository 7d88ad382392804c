#include "service.hpp"

#include "media.hpp"
#include "server.hpp"

#include <future>

namespace transcode {

template <const times& Times>
void stale_check<Times>::run(const std::stop_token& stop) {
    // Where one of the two ends, so does the other, and what ended it is told.
    std::stop_source both;
    const std::stop_callback forward(stop, [&] { both.request_stop(); });
    auto workers = std::async(std::launch::async, [&] {
        auto ended = workers_.run(both.get_token());
        both.request_stop();
        return ended;
    });
    const auto ended = videos_.run(both.get_token());
    both.request_stop();
    ended.value();
    workers.get().value();
}

template <const times& Times>
void service<Times>::draw(const std::filesystem::path& files, const std::stop_token& stop) {
    sm::worker<thumbnail::machine> artist{
        thumbnails, thumbnail::claim, [&](auto& task) -> sm::result<void> {
            const auto of = videos.read(task.job().video).value();
            const auto result = files / "results" / name_of_result(of->id, of->epoch);
            const std::string name = std::to_string(of->id) + ".png";
            media::draw_thumbnail(result, files / "thumbnails" / name);
            return task.finish(thumbnail::finish, {name});
        }};
    artist.on_failure(thumbnail::fail,
                      [](const sm::failed& why) { return thumbnail::failure{why.message}; });
    artist.run(stop, {.owner = "artist", .poll_most = 200ms}).ended.value();
}

template class stale_check<usual>;
template class stale_check<hurried>;
template class service<usual>;
template class service<hurried>;

}  // namespace transcode
