// What this test program does as a process of its own.
#pragma once

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>
#include <statemachine/statemachine.hpp>

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
template <>
statemachine::sqlite::database open_at(const place& on);
template <>
statemachine::postgres::database open_at(const place& on);

// The roles, each with what it is told beside the place.
template <class Database>
int be_clients(const place& on, std::span<const std::string> told);
template <class Database>
int be_worker(const place& on, std::span<const std::string> told);
template <class Database>
int be_doomed(const place& on, std::span<const std::string> told);

/// The calls that the doomed can be told to make, and the relay of one of them.
std::vector<std::string> calls_of_the_doomed();
statemachine::relay_options relay_of_the_doomed();

/// Runs the role that the arguments name.
/// @return the status to end with
int play(const std::vector<std::string>& role);

/// Waits for the signal that asks to stop. It has to be blocked before any thread is started.
void block_the_stop();
void wait_for_the_stop();

}  // namespace faults
