// Worker processes of a program: this very program, started again with other arguments.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace support {

// A new process with connections of its own. Throws when it cannot be started.
pid_t start_self(const std::vector<std::string>& arguments);

enum class end { exited, killed, stopped };
struct news {
    end how;
    int number;  // the exit status or the signal
};
// Waits until the process ends or is stopped by a signal.
news wait_for(pid_t process);

}  // namespace support
