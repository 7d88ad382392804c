#include "example_program.hpp"

#include "example.hpp"
#include "support/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace systems::extracted {

example_program::example_program(std::vector<std::string> words, const std::string& directory) {
    words.insert(words.begin(), path_of_example);
    std::vector<char*> arguments;
    for (std::string& each : words) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "log", O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    const int failed =
        posix_spawn(&child_, path_of_example, &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("the example cannot be started");
}

example_program::~example_program() {
    if (child_ < 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
}

void example_program::signal(int number) const { kill(child_, number); }

int example_program::end() {
    int status = 0;
    const bool ended = statemachine::tests::wait_until(
        [&] { return waitpid(child_, &status, WNOHANG) == child_; });
    if (!ended) throw std::runtime_error("the example does not end");
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace systems::extracted
