#include "program.hpp"

#include <array>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace systems {

program::program(std::vector<std::string> command, const std::string& directory) {
    std::vector<char*> argv;
    for (std::string& each : command) argv.push_back(each.data());
    argv.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const pid_t parent = getpid();
    id_ = fork();
    if (id_ < 0) throw std::runtime_error("no process");
    if (id_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies takes it along
        const bool ready = getppid() == parent && dup2(ends[1], 1) == 1 &&
                           (directory.empty() || chdir(directory.c_str()) == 0);
        if (ready) execv(argv[0], argv.data());
        _exit(127);
    }
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
}

program::~program() {
    if (id_ > 0) {
        kill(id_, SIGKILL);
        wait();
    }
    std::fclose(output_);
}

std::string program::line() {
    std::string text;
    for (int c = std::fgetc(output_); c != EOF && c != '\n'; c = std::fgetc(output_))
        text.push_back(static_cast<char>(c));
    return text;
}

std::string program::rest() {
    std::string text;
    for (int c = std::fgetc(output_); c != EOF; c = std::fgetc(output_))
        text.push_back(static_cast<char>(c));
    return text;
}

int program::wait() {
    int status = -1;
    while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
}

bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

}  // namespace systems
