#include "media.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace transcode::media {
namespace {

using words = std::vector<std::string>;

// Its end is waited for, or made where nobody wants its result any more.
class child {
public:
    explicit child(pid_t id) : id_(id) {}
    ~child() {
        if (id_ <= 0) return;
        kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    int wait() {
        int status = -1;
        waitpid(std::exchange(id_, 0), &status, 0);
        return status;
    }

private:
    pid_t id_;
};

// Runs a program to its end, without a shell between, and hands over what it prints.
std::string run(words command, const std::function<void(const std::string& line)>& on_line = {}) {
    std::vector<char*> argv;
    for (std::string& each : command) argv.push_back(each.data());
    argv.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    pid_t id = 0;
    const int failed = posix_spawnp(&id, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output{fdopen(ends[0], "r"), fclose};
    if (failed != 0) throw std::runtime_error(command[0] + " cannot be started");
    child started(id);
    std::string all, line;
    for (int c = std::fgetc(output.get()); c != EOF; c = std::fgetc(output.get())) {
        all.push_back(static_cast<char>(c));
        if (c != '\n') {
            line.push_back(static_cast<char>(c));
            continue;
        }
        if (on_line) on_line(line);
        line.clear();
    }
    if (started.wait() != 0)
        throw std::runtime_error(command[0] + ": " + all.substr(0, all.find('\n')));
    return all;
}

words ffmpeg(words arguments) {
    words all{"ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

}  // namespace

void make_clip(const std::filesystem::path& file, int seconds, int width, int height) {
    const std::string picture = "testsrc=duration=" + std::to_string(seconds) +
                                ":size=" + std::to_string(width) + "x" + std::to_string(height) +
                                ":rate=25";
    run(ffmpeg({"-f", "lavfi", "-i", picture, "-c:v", "mpeg4", file.string()}));
}

void transcode(const std::filesystem::path& from, const std::filesystem::path& to, double seconds,
               const std::function<void(int)>& at_percent) {
    const auto on_line = [&](const std::string& line) {
        constexpr std::string_view key = "out_time_us=";
        if (!line.starts_with(key) || line[key.size()] == 'N') return;
        const double done = std::stod(line.substr(key.size())) / 1e6;
        at_percent(static_cast<int>(std::clamp(done / seconds, 0.0, 1.0) * 100));
    };
    run(ffmpeg({"-i", from.string(), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt",
                "yuv420p", "-progress", "pipe:1", to.string()}),
        on_line);
}

video::metadata measure(const std::filesystem::path& file) {
    const auto found = nlohmann::json::parse(
        run({"ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
             "format=duration,format_name:stream=width,height,codec_name", "-of", "json",
             file.string()}));
    const auto& stream = found.at("streams").at(0);
    return {std::stod(found.at("format").at("duration").get<std::string>()), stream.at("width"),
            stream.at("height"), found.at("format").at("format_name"), stream.at("codec_name")};
}

void draw_thumbnail(const std::filesystem::path& from, const std::filesystem::path& to) {
    run(ffmpeg({"-i", from.string(), "-frames:v", "1", "-vf", "scale=64:-1", to.string()}));
}

}  // namespace transcode::media
