// This test program once more, in a role: a real process that tests kill, freeze and thaw.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <sys/types.h>

namespace faults {

/// Killed and waited for at the end, and gone when the test is gone.
class program {
public:
    /// For the main thread.
    /// @param role  and what that role is told, see local_roles.hpp
    /// @param environment  what is set beside the test's own, as NAME=VALUE
    explicit program(const std::vector<std::string>& role,
                     const std::vector<std::string>& environment = {});
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// The next line of what it prints; empty at the end of it.
    std::string line();

    /// Kills it at once (SIGKILL), frozen or not.
    void kill() { end_by(9); }
    /// Asks it to stop, and waits.
    /// @return whether it ended well
    bool stop() { return end_by(15) == 0; }
    /// Waits until it has ended by itself.
    /// @return its status as waitpid tells it
    int wait();

    /// Freezes it (SIGSTOP), and waits until it is frozen.
    void freeze();
    void thaw();

    bool runs() const noexcept { return id_ > 0; }

private:
    int end_by(int signal);

    pid_t id_ = -1;
    std::FILE* output_ = nullptr;
};

/// Whether a status of waitpid says that it was killed by SIGKILL.
bool was_killed(int status);

/// Says loudly that this machine cannot show something, and why.
void tell_what_is_not_shown(const std::string& why);

}  // namespace faults

#define FAULTS_SKIP(why)                       \
    do {                                       \
        ::faults::tell_what_is_not_shown(why); \
        GTEST_SKIP() << (why);                 \
    } while (false)
