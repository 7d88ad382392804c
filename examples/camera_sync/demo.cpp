#include "demo.hpp"

#include "camera.hpp"
#include "clips.hpp"
#include "comparison.hpp"
#include "report.hpp"
#include "support/checksum.hpp"
#include "support/workers.hpp"

#include <csignal>
#include <future>
#include <iostream>

namespace camera_sync {
namespace {

namespace fs = std::filesystem;

constexpr int clips_of_a_run = 8;
constexpr int clips_of_the_killed = 4;
const fs::path directory = "camera_sync_demo";
const fs::path card = directory / "card";
const fs::path original = directory / "original.mp4";

class story {
public:
    explicit story(place at) : at_(std::move(at)), opened_(at_), jobs_(opened_.jobs()) {
        fs::create_directory(at_.recordings);
    }
    void compare_ways();
    void kill_and_restart();
    bool end();

private:
    pid_t start(const std::string& owner);
    void wait_until_killable(std::future<void> deleted);
    std::string state_of(const std::string& name);

    place at_;
    database opened_;
    sm::store<machine> jobs_;
    camera camera_{card, {400ms, 100ms}};
};

void story::compare_ways() {
    std::cout << "\n1. Two runs over " << clips_of_a_run << " clips: the camera takes 0.4 s for a "
              << "download and 0.1 s to delete\n\n";
    const camera_client client(camera_.url());
    progress shown(std::cout);
    compare(jobs_, client, original, card, clips_of_a_run,
            {.owner = "demo", .recordings = at_.recordings, .tell = std::ref(shown)}, std::cout);
}

pid_t story::start(const std::string& owner) {
    std::vector<std::string> arguments{
        "run",     "--camera", camera_.url(), "--recordings", at_.recordings.string(),
        "--owner", owner,      "--until-done"};
    if (at_.conninfo.empty())
        arguments.insert(arguments.end(), {"--database", at_.file.string()});
    else
        arguments.insert(arguments.end(), {"--postgres", at_.conninfo});
    return support::start_self(arguments);
}

std::string story::state_of(const std::string& name) {
    for (const auto& each : states)
        for (const auto& clip : all_in(jobs_, each.state))
            if (clip.job.name == name) return each.name;
    return "unknown";
}

void story::wait_until_killable(std::future<void> deleted) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    bool ready = deleted.wait_until(end) == std::future_status::ready;
    while (ready && state_of("night-02.mp4") != "downloaded") {
        ready = std::chrono::steady_clock::now() < end;
        std::this_thread::sleep_for(10ms);
    }
    if (!ready) throw std::runtime_error("the process that is to be killed does not get there");
}

void story::kill_and_restart() {
    std::cout << "\n2. Killed after the camera's delete and before the mark\n\n";
    put_on_card(original, card, "night", clips_of_the_killed);
    std::promise<void> deleted;
    std::promise<void> killed;
    camera_.on_removal([&](const std::string& name) {
        if (name != "night-01.mp4") return;
        deleted.set_value();
        killed.get_future().wait();
    });
    const pid_t doomed = start("first");
    wait_until_killable(deleted.get_future());
    ::kill(doomed, SIGKILL);
    support::wait_for(doomed);
    killed.set_value();
    std::cout << "\nkilled (SIGKILL) in the middle of three clips:\n"
              << "  night-01.mp4 is " << state_of("night-01.mp4")
              << ": the camera has deleted it, the mark is missing\n"
              << "  night-02.mp4 is " << state_of("night-02.mp4") << ": it waits for its tail\n"
              << "  night-03.mp4 is " << state_of("night-03.mp4")
              << "\nanother process takes over; leases of the dead one run out after 5 s\n\n";
    if (support::wait_for(start("second")).number != 0)
        throw std::runtime_error("the second process failed");
    std::cout << "\nhow often the camera was asked for them:\n";
    for (const char* const name : {"night-01.mp4", "night-02.mp4", "night-03.mp4"})
        std::cout << "  " << name << "  " << camera_.downloads_of(name) << " x, " << state_of(name)
                  << '\n';
}

bool story::end() {
    std::cout << "\n3. In the end\n\n";
    print_summary(std::cout, jobs_);
    const auto clips = all_in(jobs_, done);
    std::size_t differ = 0;
    for (const auto& each : clips)
        differ += support::sha256_of_file(at_.recordings / each.job.name) ==
                          support::sha256_of_file(original)
                      ? 0U
                      : 1U;
    std::cout << "recordings that differ from what the camera had: " << differ << " of "
              << clips.size()
              << "\nfiles left on the camera: " << std::distance(fs::directory_iterator(card), {})
              << std::endl;
    return differ == 0 && clips.size() == 2 * clips_of_a_run + clips_of_the_killed &&
           fs::is_empty(card);
}

}  // namespace

int show(const std::string& conninfo) {
    fs::remove_all(directory);
    fs::create_directory(directory);
    record(original, 2);
    place at;
    at.file = directory / "camera_sync.db";
    at.conninfo = conninfo;
    at.recordings = directory / "recordings";
    fs::create_directory(card);
    {
        database first(at);
        auto jobs = first.jobs();
        if (!all_in(jobs, done).empty())
            throw std::runtime_error("the demo was here before: give it an empty database");
    }
    story told(at);
    told.compare_ways();
    told.kill_and_restart();
    return told.end() ? 0 : 1;
}

}  // namespace camera_sync
