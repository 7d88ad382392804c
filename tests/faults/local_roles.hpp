// What this test program does as a process of its own.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace faults {

/// A database, in words that a command line holds.
struct place {
    std::string backend;        ///< the dialect's name
    std::string where;          ///< the file, or the conninfo
    std::string sync = "full";  ///< of SQLite: full, normal, off
    int deadline = 5000;        ///< of a call, in milliseconds

    std::vector<std::string> words() const {
        return {backend, where, sync, std::to_string(deadline)};
    }
    static place of(std::span<const std::string> words) {
        return {words[0], words[1], words[2], std::stoi(words[3])};
    }
};

/// Opens it.
template <class Database>
Database open_at(const place& on);

/// Runs the role that the arguments name.
/// @return the status to end with
int play(const std::vector<std::string>& role);

/// Waits for the signal that asks to stop. It has to be blocked before any thread is started.
void block_the_stop();
void wait_for_the_stop();

}  // namespace faults
