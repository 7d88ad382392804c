// Processes of the test: the example itself, and this test program as a server that dies.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace systems {

/// A process with its output in a pipe. Killed and waited for at the end.
class program {
public:
    /// @param directory  where it runs; empty: where the test runs
    explicit program(std::vector<std::string> command, const std::string& directory = {});
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// The next line of what it prints; empty at the end of it.
    std::string line();
    /// The rest of what it prints, and its status as waitpid tells it.
    std::string rest();
    int wait();

private:
    pid_t id_ = -1;
    std::FILE* output_ = nullptr;
};

/// Whether a status of waitpid says that it was killed by SIGKILL.
bool was_killed(int status);

/// This test program as a process of the service that dies in the transaction of a completion.
/// @param moment  "before" or "after" the statement of this number, "before_commit",
///                "after_commit"
/// @return the command
std::vector<std::string> doomed_server(std::string_view backend, const std::string& where,
                                       const std::string& moment, int statement = 0);

}  // namespace systems
