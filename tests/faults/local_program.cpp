#include "local_program.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faults {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const auto& each : texts) all.push_back(const_cast<char*>(each.c_str()));
    all.push_back(nullptr);
    return all;
}

std::vector<std::string> extended(const std::vector<std::string>& by) {
    std::vector<std::string> all = by;  // the first of a name counts
    for (char** each = environ; *each != nullptr; ++each) all.emplace_back(*each);
    return all;
}

}  // namespace

program::program(const std::vector<std::string>& role,
                 const std::vector<std::string>& environment) {
    std::vector<std::string> command{"/proc/self/exe", "--role"};
    command.insert(command.end(), role.begin(), role.end());
    const auto variables = extended(environment);
    const auto argv = pointers_to(command), envp = pointers_to(variables);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const pid_t parent = getpid();
    id_ = fork();
    if (id_ < 0) throw std::runtime_error("no process");
    if (id_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies takes it along
        if (getppid() == parent && dup2(ends[1], 1) == 1) execve(argv[0], argv.data(), envp.data());
        _exit(127);
    }
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
}

program::~program() {
    kill();
    std::fclose(output_);
}

std::string program::line() {
    std::string text;
    for (int c = std::fgetc(output_); c != EOF && c != '\n'; c = std::fgetc(output_))
        text.push_back(static_cast<char>(c));
    return text;
}

int program::wait() {
    int status = -1;
    while (runs() && waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
}

int program::end_by(int signal) {
    if (!runs()) return -1;
    ::kill(id_, signal);
    return wait();
}

void program::freeze() {
    ::kill(id_, SIGSTOP);
    int status = 0;
    while (waitpid(id_, &status, WUNTRACED) < 0 && errno == EINTR) {
    }
    if (!WIFSTOPPED(status)) {
        id_ = -1;
        throw std::runtime_error("it ended before it could be frozen");
    }
}

void program::thaw() { ::kill(id_, SIGCONT); }

bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

void tell_what_is_not_shown(const std::string& why) {
    std::cerr << "\n*** NOT SHOWN on this machine: " << why << "\n\n";
}

}  // namespace faults
