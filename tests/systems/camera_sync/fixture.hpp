// A camera with clips, a fresh database, and short ways to look at both.
#pragma once

#include "camera.hpp"
#include "clips.hpp"
#include "conformance/backend.hpp"
#include "database.hpp"
#include "program.hpp"
#include "report.hpp"
#include "shows.hpp"
#include "support/child.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace camera_sync::tests {

namespace fs = std::filesystem;
using statemachine::tests::wait_until;
using systems::shows;

class directory {
public:
    directory() {
        std::string name = (fs::temp_directory_path() / "camera-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory");
        path_ = fs::canonical(name);
    }
    ~directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    fs::path operator/(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

/// Given once, by any thread, and waited for by any.
class signal {
public:
    void give() {
        const std::lock_guard lock(mutex_);
        given_ = true;
        changed_.notify_all();
    }
    /// @return false after a minute
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 1min, [this] { return given_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool given_ = false;
};

/// What was told, in order.
class told {
public:
    void add(moment when, const std::string& what) {
        const std::lock_guard lock(mutex_);
        all_.emplace_back(when, what);
    }
    std::vector<std::string> all(moment wanted) const {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> found;
        for (const auto& [when, what] : all_)
            if (when == wanted) found.push_back(what);
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<moment, std::string>> all_;
};

template <class Backend>
class on_camera : public ::testing::Test {
public:
    using clips = sm::store<machine>;
    using record_type = sm::record<state, clip>;

    Backend backend;
    directory scratch;
    const fs::path card = scratch / "card", recordings = scratch / "recordings";
    const fs::path original = scratch / "original.mp4";
    // A card that is not there yet would be an error of the camera.
    const bool made = fs::create_directory(card) && fs::create_directory(recordings);
    camera source{card, {0ms, 0ms}};
    const camera_client client{source.url()};
    database opened{where()};
    clips jobs = opened.jobs();

    place where() const { return where(backend); }
    place where(const Backend& other) const {
        place at;
        at.recordings = recordings;
        if constexpr (requires { other.conninfo(); })
            at.conninfo = other.conninfo();
        else
            at.file = other.where();
        return at;
    }

    /// Clips such as `clip-01.mp4`, the first the oldest.
    void put(int count, const std::string& name = "clip") {
        if (!fs::exists(original)) record(original, 1);
        put_on_card(original, card, name, count);
    }

    sync_options options(std::function<void(moment, const std::string&)> tell =
                             [](moment, const std::string&) {}) const {
        sync_options how;
        how.owner = "test";
        how.recordings = recordings;
        how.tell = std::move(tell);
        return how;
    }
    cycle_report cycle(const sync_options& how) {
        return clip_sync(jobs, client, how).run_cycle({});
    }
    cycle_report cycle() { return cycle(options()); }

    record_type row(const std::string& name) {
        // State by state: one that moves on meanwhile is found by the next look.
        for (int looks = 0; looks < 20; ++looks)
            for (const auto& each : states)
                for (auto& found : all_in(jobs, each.state))
                    if (found.job.name == name) return found;
        throw std::runtime_error("there is no clip " + name);
    }
    std::size_t count(state wanted) { return all_in(jobs, wanted).size(); }
    std::vector<std::string> events(const std::string& name) {
        std::vector<std::string> all;
        const auto past = jobs.history(row(name).id).value();
        for (const auto& each : past) all.push_back(each.event);
        return all;
    }
    void pass_time(const std::string& name, std::chrono::milliseconds by) {
        backend.pass_time("clips", row(name).id, by);
    }
    /// A claim of a process that is dead by now.
    clips::run_type claim(const sm::event<>& on, const std::string& name,
                          const std::string& owner = "dead") {
        return *jobs.claim_by_id(on, row(name).id, {.owner = owner}).value();
    }

    /// The example with this database, camera and recordings.
    std::vector<std::string> words(std::vector<std::string> command) const {
        return words(std::move(command), where());
    }
    std::vector<std::string> words(std::vector<std::string> command, const place& at) const {
        command.insert(command.end(), {"--recordings", recordings.string()});
        if (at.conninfo.empty())
            command.insert(command.end(), {"--database", at.file.string()});
        else
            command.insert(command.end(), {"--postgres", at.conninfo});
        return command;
    }
    std::vector<std::string> run_words(const std::string& owner,
                                       std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"run", "--camera", source.url(), "--owner", owner});
        return words(std::move(more));
    }
    /// @return its exit status
    int run_program(const std::vector<std::string>& arguments) {
        program one(arguments, scratch / "printed");
        return one.wait();
    }
    std::string printed() const {
        std::ifstream stream(scratch / "printed");
        return {std::istreambuf_iterator<char>(stream), {}};
    }
};

}  // namespace camera_sync::tests
