// Servers as children of the test: as the user that they accept, and gone when the test is gone.
#pragma once

#include <pwd.h>
#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace statemachine::tests {

/// The user that servers run as when the test runs as root, which they refuse; null otherwise.
const passwd* other_user();

/// Starts a program of PATH, or of a path, with its output appended to a file.
/// @param on_death  the signal that it gets when the thread that started it ends
/// @throw std::runtime_error when there can be no child
pid_t launch(const std::vector<std::string>& command, const std::string& log,
             int on_death = SIGQUIT);

/// @return its status as waitpid tells it, or -1
int wait_for_end(pid_t child);

/// A port of 127.0.0.1 that nobody uses now.
/// @throw std::runtime_error when there is none
int free_port();

/// Waits until it holds, for a minute at the most.
template <class Condition>
bool wait_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace statemachine::tests
