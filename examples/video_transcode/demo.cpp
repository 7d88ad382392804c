#include "demo.hpp"

#include "client.hpp"
#include "media.hpp"
#include "server.hpp"

#include "../support/workers.hpp"

#include <csignal>
#include <fstream>
#include <future>
#include <iostream>

#include <sys/wait.h>

namespace transcode {
namespace {

constexpr const char* deadly = "deadly.avi";
constexpr const char* broken = "broken.avi";
constexpr int good_clips = 8;

std::vector<std::string> make_clips() {
    std::cout << "ffmpeg makes clips in " << std::filesystem::absolute("clips").native()
              << std::endl;
    for (const char* each : {"clips", "results", "thumbnails"})
        std::filesystem::create_directories(each);
    std::vector<std::string> names;
    for (int i = 1; i <= good_clips; ++i) {
        names.push_back("clip-" + std::to_string(i) + ".avi");
        media::make_clip("clips/" + names.back(), 1 + i % 2, 160 + 32 * i, 120 + 24 * i);
    }
    media::make_clip(std::string("clips/") + deadly, 1, 160, 120);
    std::ofstream(std::string("clips/") + broken) << "this is no video";
    names.insert(names.begin() + 2, deadly);
    names.insert(names.begin() + 5, broken);
    return names;
}

// The worker processes. Those that a clip kills are replaced.
class crew {
public:
    crew(std::string url, journal& events) : url_(std::move(url)), events_(events) {}
    ~crew() {
        for (const auto& each : members_) {
            kill(each.first, SIGKILL);
            waitpid(each.first, nullptr, 0);
        }
    }
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    pid_t start(const std::vector<std::string>& lets = {}) {
        const std::string name = "worker-" + std::to_string(++started_);
        std::vector<std::string> arguments{"work", url_, name, "--dies-on", deadly};
        arguments.insert(arguments.end(), lets.begin(), lets.end());
        const pid_t made = support::start_self(arguments);
        members_[made] = name;
        return made;
    }
    // Until it stands still in the middle of its first job.
    void wait_for_stop(pid_t member) {
        if (support::wait_for(member).how != support::end::stopped)
            throw std::runtime_error(members_[member] + " did not come as far as its first job");
    }
    void end(pid_t member) {
        events_.note("demo", members_[member] + " is killed in the middle of a job");
        kill(member, SIGKILL);
        waitpid(member, nullptr, 0);
        members_.erase(member);
    }
    void replace_the_dead() {
        const auto members = members_;
        for (const auto& [member, name] : members) {
            if (waitpid(member, nullptr, WNOHANG) != member) continue;
            events_.note("demo", name + " was killed by its clip; another one is started");
            members_.erase(member);
            start();
        }
    }

private:
    std::string url_;
    journal& events_;
    std::map<pid_t, std::string> members_;
    int started_ = 0;
};

// By what has ended, which stays: one that is taken back between two looks at what is open would be
// in neither.
bool all_ended(service<hurried>& of, std::size_t clips) {
    const auto ended = [](auto& jobs, auto state) { return jobs.list(state).value().size(); };
    const std::size_t completed = ended(of.videos, video::completed);
    return completed + ended(of.videos, video::failed) == clips &&
           ended(of.thumbnails, thumbnail::drawn) + ended(of.thumbnails, thumbnail::failed) ==
               completed;
}

void let_things_happen(service<hurried>& of, std::size_t clips, crew& workers, journal& events) {
    const std::vector<std::string> stops{"--stops-in-first-job"};
    const pid_t dies = workers.start(stops);
    workers.wait_for_stop(dies);
    const pid_t freezes = workers.start(stops);
    workers.wait_for_stop(freezes);
    const auto frozen = of.videos.list(video::claimed).value().back();
    workers.end(dies);
    events.note("demo",
                *frozen.owner + " is frozen in the middle of job " + std::to_string(frozen.id));
    // A clip may kill one of them before it has sent anything.
    workers.start({"--sends-first-twice"});
    workers.start({"--sends-first-twice"});

    bool thawed = false;
    const auto end = std::chrono::steady_clock::now() + 2min;
    while (!thawed || !all_ended(of, clips)) {
        workers.replace_the_dead();
        if (!thawed && of.videos.read(frozen.id).value()->epoch > frozen.epoch) {
            events.note("demo", "a peer has job " + std::to_string(frozen.id) + "; " +
                                    *frozen.owner + " thaws and goes on with it");
            kill(freezes, SIGCONT);
            thawed = true;
        }
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it takes too long");
        std::this_thread::sleep_for(50ms);
    }
}

}  // namespace

bool run_demo(service<hurried>& of, journal& events) {
    const auto clips = make_clips();
    const http_server server(of.requests.routes());
    std::cout << clips.size() << " clips, the API on " << server.url() << std::endl;

    std::stop_source stop;
    auto checking = std::async(std::launch::async, [&] { of.check.run(stop.get_token()); });
    auto drawing = std::async(std::launch::async, [&] { of.draw(".", stop.get_token()); });
    {
        client uploader(server.url(), "uploader");
        for (const auto& each : clips) uploader.post("/videos", {{"video", each}});
        crew workers(server.url(), events);
        let_things_happen(of, clips.size(), workers, events);
    }
    stop.request_stop();
    checking.get();
    drawing.get();

    const totals all = print_report(of, events);
    return all.completed == good_clips && all.failed == 2 && all.thumbnails == good_clips &&
           events.count(answers::already_done) > 0 &&
           events.count(answers::not_yours) + events.count(answers::already_completed) > 0;
}

}  // namespace transcode
