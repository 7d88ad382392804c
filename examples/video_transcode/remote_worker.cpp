#include "remote_worker.hpp"

#include "media.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace transcode {
namespace {

// Calls again and again, after the pause that each call returns, until it is destroyed.
class repeating {
public:
    explicit repeating(std::function<std::chrono::milliseconds()> call)
        : thread_([this, call = std::move(call)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  const auto pause = call();
                  std::unique_lock lock(mutex_);
                  wakes_.wait_for(lock, stop, pause, [] { return false; });
              }
          }) {}

private:
    std::mutex mutex_;
    std::condition_variable_any wakes_;
    std::jthread thread_;
};

// Registers, and reports from then on that this worker is alive; anew where it was marked offline.
class sign_of_life {
public:
    sign_of_life(const std::string& url, const std::string& name)
        : api_(url, name), beats_(std::in_place, [this] { return report(); }) {}
    ~sign_of_life() {
        beats_.reset();
        if (mine_) api_.post(path("/departure"), {{"epoch", mine_->at("epoch")}});
    }
    sign_of_life(const sign_of_life&) = delete;
    sign_of_life& operator=(const sign_of_life&) = delete;

private:
    std::chrono::milliseconds report() {
        if (!mine_) {
            const reply got = api_.post("/workers");
            if (got.status != 200) return 500ms;
            mine_ = got.body;
        } else {
            const reply got = api_.post(path("/heartbeat"), {{"epoch", mine_->at("epoch")}});
            if (got.status == 403 || got.status == 409) return mine_.reset(), 0ms;
        }
        return std::chrono::milliseconds(mine_->at("silence_ms").get<int>()) / 3;
    }
    std::string path(const char* what) const { return "/workers/" + mine_->at("id").dump() + what; }

    client api_;
    std::optional<nlohmann::json> mine_;
    std::optional<repeating> beats_;
};

// Thrown when the service says that the job is not this worker's any more.
struct lost {};

// Tells how far a job is: with each step, and every third of its lease, however long a step takes.
class progress {
public:
    progress(const client& api, const assignment& mine)
        : api_(api), mine_(mine), again_([this] {
              send();
              return mine_.lease / 3;
          }) {}

    void at(int percent) {
        percent_ = percent;
        send();
        if (lost_) throw lost{};
    }

private:
    void send() {
        const std::lock_guard lock(one_at_a_time_);
        const reply told = api_.progress(mine_, percent_);
        const bool unanswered = told.status == 0 || told.status == 503;
        if (!unanswered && told.body.at("answer") != answers::done) lost_ = true;
    }

    std::mutex one_at_a_time_;
    client api_;
    const assignment& mine_;
    std::atomic<int> percent_{0};
    std::atomic<bool> lost_{false};
    repeating again_;
};

// Thrown where a clip is no video, which it will be for nobody.
struct unreadable : std::runtime_error {
    using runtime_error::runtime_error;
};

double length_of(const std::filesystem::path& clip) {
    try {
        return media::measure(clip).duration;
    } catch (const std::exception& why) {
        throw unreadable(why.what());
    }
}

video::metadata transcoded(client& api, const assignment& mine, const mishaps& lets) {
    const std::filesystem::path clip = "clip", result = "result.mp4";
    progress done(api, mine);
    api.fetch_clip(mine.video, clip);
    const double seconds = length_of(clip);
    done.at(10);
    lets.midway(mine);
    media::transcode(clip, result, seconds, [&](int percent) { done.at(10 + percent * 8 / 10); });
    const auto found = media::measure(result);
    api.send_result(mine, result);
    done.at(99);
    return found;
}

}  // namespace

void work(const std::string& url, const std::string& name, mishaps lets) {
    constexpr int patience = 20;
    const auto scratch = std::filesystem::path("scratch") / name;
    std::filesystem::create_directories(scratch);
    std::filesystem::current_path(scratch);
    const sign_of_life alive(url, name);
    client api(url, name);
    for (int silent = 0; silent < patience;) {
        const auto mine = api.claim();
        silent = api.reached() ? 0 : silent + 1;
        if (!mine) {
            std::this_thread::sleep_for(200ms);
            continue;
        }
        try {
            const auto found = transcoded(api, *mine, lets);
            api.complete(*mine, found);
            if (std::exchange(lets.sends_first_twice, false)) api.complete(*mine, found);
        } catch (const lost&) {
            // It is in other hands or at its end: nothing is left to do for it here.
        } catch (const unreadable& clip) {
            api.fail(*mine, clip.what(), true);
        } catch (const std::exception& failed) {
            api.fail(*mine, failed.what(), false);
        }
    }
}

}  // namespace transcode
