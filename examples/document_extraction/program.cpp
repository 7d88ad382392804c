#include "program.hpp"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

namespace extraction {
namespace {

// A file in memory: a program that prints much never waits for a reader.
class printed {
public:
    printed() : descriptor_(memfd_create("printed", MFD_CLOEXEC)) {
        if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "memfd");
    }
    ~printed() { close(descriptor_); }
    printed(const printed&) = delete;
    printed& operator=(const printed&) = delete;

    int descriptor() const { return descriptor_; }
    std::string text() const {
        std::string all;
        std::array<char, 65536> piece{};
        for (ssize_t size = 0; (size = pread(descriptor_, piece.data(), piece.size(),
                                             static_cast<off_t>(all.size()))) > 0;)
            all.append(piece.data(), static_cast<std::size_t>(size));
        return all;
    }

private:
    int descriptor_;
};

pid_t start(std::vector<std::string> words, const printed& output, const printed& errors) {
    std::vector<char*> arguments;
    for (std::string& each : words) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);
    pid_t child = -1;
    const int failed =
        posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::system_error(failed, std::generic_category(), words[0]);
    return child;
}

}  // namespace

program_end run_program(const std::vector<std::string>& words, const std::stop_token& stop) {
    const printed output;
    const printed errors;
    const pid_t child = start(words, output, errors);
    {
        const std::stop_callback killing(stop, [child] { kill(child, SIGKILL); });
        siginfo_t ended{};
        // It stays to be waited for, so that a kill never meets another process of its number.
        while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 &&
               errno == EINTR) {
        }
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    constexpr int by_signal = 128;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : by_signal + WTERMSIG(status), output.text(),
            errors.text()};
}

}  // namespace extraction
