#include "workers.hpp"

#include <stdexcept>

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace support {

pid_t start_self(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    std::string name{"worker"};
    argv.push_back(name.data());
    for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv.data(), environ) != 0)
        throw std::runtime_error("cannot start a worker process");
    return child;
}

news wait_for(pid_t process) {
    int status = 0;
    if (waitpid(process, &status, WUNTRACED) < 0) throw std::runtime_error("no such worker");
    if (WIFSTOPPED(status)) return {end::stopped, WSTOPSIG(status)};
    if (WIFSIGNALED(status)) return {end::killed, WTERMSIG(status)};
    return {end::exited, WEXITSTATUS(status)};
}

}  // namespace support
