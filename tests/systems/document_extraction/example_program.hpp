// The example's program as a process of the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace systems::extracted {

/// It is killed at the latest when this goes.
class example_program {
public:
    /// @param words      the arguments
    /// @param directory  where it runs; what it says is added to the file `log` there
    example_program(std::vector<std::string> words, const std::string& directory);
    ~example_program();
    example_program(const example_program&) = delete;
    example_program& operator=(const example_program&) = delete;

    void signal(int number) const;
    /// Waits for its end, for a minute at the most.
    /// @return its exit status, or minus the signal that ended it
    int end();

private:
    pid_t child_ = -1;
};

}  // namespace systems::extracted
