#include "program.hpp"

#include "example.hpp"
#include "support/child.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace camera_sync::tests {

program::program(const std::vector<std::string>& arguments, std::filesystem::path output)
    : output_(std::move(output)) {
    std::vector<char*> words{const_cast<char*>(path_of_example)};
    for (const auto& each : arguments) words.push_back(const_cast<char*>(each.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output_.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    const int failed = posix_spawn(&id_, path_of_example, &files, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error("cannot start the example");
}
program::~program() {
    if (id_ > 0) kill();
}

void program::signal(int number) const { ::kill(id_, number); }
void program::kill() {
    ::kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = 0;
}

int program::wait() {
    int status = 0;
    if (!statemachine::tests::wait_until([&] { return waitpid(id_, &status, WNOHANG) != 0; }))
        return -1;
    id_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string program::printed() const {
    std::ifstream stream(output_);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace camera_sync::tests
