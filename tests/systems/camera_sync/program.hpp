// The example as a process of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace camera_sync::tests {

class program {
public:
    /// @param output  where what it prints goes
    program(const std::vector<std::string>& arguments, std::filesystem::path output);
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    void signal(int number) const;
    /// SIGKILL, and the end of it.
    void kill();
    /// Waits for its end, for a minute at the most.
    /// @return the exit status; -1 where a signal ended it or it did not end
    int wait();
    std::string printed() const;

private:
    std::filesystem::path output_;
    pid_t id_ = 0;
};

}  // namespace camera_sync::tests
