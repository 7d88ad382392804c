#include "program_output.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace camera_sync {
namespace {

class pipe_end {
public:
    explicit pipe_end(int descriptor) : descriptor_(descriptor) {}
    ~pipe_end() { shut(); }
    pipe_end(pipe_end&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    pipe_end& operator=(pipe_end&&) = delete;
    int number() const { return descriptor_; }
    void shut() {
        if (descriptor_ >= 0) close(descriptor_);
        descriptor_ = -1;
    }

private:
    int descriptor_;
};
struct one_way {
    pipe_end out, in;
};
one_way make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("there is no pipe left");
    return {pipe_end(ends[0]), pipe_end(ends[1])};
}

// In a group of its own and without the signals that this program blocks: whoever stops us with
// Ctrl-C does not mean what we run.
pid_t start(const std::vector<std::string>& command, int output, int errors) {
    std::vector<char*> arguments;
    for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, arguments[0], &files, &how, arguments.data(), environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error("cannot run " + command[0]);
    return child;
}

// Both at once, so that a full pipe never stops the program.
void read_both(pipe_end& first, std::string& one, pipe_end& second, std::string& other) {
    std::array<pollfd, 2> ends{{{first.number(), POLLIN, 0}, {second.number(), POLLIN, 0}}};
    std::array<std::string*, 2> texts{&one, &other};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (poll(ends.data(), ends.size(), -1) < 0) continue;
        for (std::size_t i = 0; i < ends.size(); ++i) {
            if (ends[i].fd < 0 || ends[i].revents == 0) continue;
            std::array<char, 4096> piece{};
            const auto got = read(ends[i].fd, piece.data(), piece.size());
            if (got > 0) texts[i]->append(piece.data(), static_cast<std::size_t>(got));
            if (got <= 0) ends[i].fd = -1;
        }
    }
}

}  // namespace

std::string output_of(const std::vector<std::string>& command) {
    auto output = make_pipe();
    auto errors = make_pipe();
    const pid_t child = start(command, output.in.number(), errors.in.number());
    output.in.shut();
    errors.in.shut();
    std::string written;
    std::string complaint;
    read_both(output.out, written, errors.out, complaint);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return written;
    complaint.resize(std::min(complaint.find('\n'), complaint.size()));
    throw std::runtime_error(command[0] + " failed" + (complaint.empty() ? "" : ": " + complaint));
}

}  // namespace camera_sync
