// What contenders of a race do: in threads of the test, and in processes that the test starts from
// its own program.
#pragma once

#include "backend.hpp"
#include "starting_gate.hpp"

#include <exception>
#include <map>
#include <thread>

namespace conformance {

/// What one call of a contender brought.
struct report {
    std::string said;  ///< `applied`, `rejected: lease_held`
    std::int64_t id = 0;
    std::int64_t epoch = 0;
    std::int64_t number = 0;  ///< what else there is to tell: a version, a count
};
using reports = std::vector<report>;

constexpr int racing_threads = 8;
constexpr int racing_processes = 4;
constexpr int contenders = racing_threads + racing_processes;

/// One of several that do the same at once. The first of them are threads of the test.
template <class Backend>
struct contender {
    const Backend& place;
    typename Backend::database& database;
    starting_gate& gate;
    int index;
    int rounds;
    int passed = 0;

    /// Waits for all the others.
    void line_up() { gate.pass(0, contenders, passed++); }
    /// Waits for the other of this pair: 0 and 1, 2 and 3, ...
    void face() { gate.pass(1 + index / 2, 2, passed++); }
};

template <class Backend>
using role = reports (*)(contender<Backend>&);

/// The roles by their names, for the processes.
template <class Backend>
std::map<std::string, role<Backend>>& roles() {
    static std::map<std::string, role<Backend>> all;
    return all;
}

/// Declares a class template with a static `play` as a role, on every backend.
template <template <class> class Role>
struct declared_role {
    explicit declared_role(const std::string& name) {
        roles<sqlite_backend>()[name] = &Role<sqlite_backend>::play;
        roles<postgres_backend>()[name] = &Role<postgres_backend>::play;
    }
};

/// A process of this program that plays a role.
class player {
public:
    player(const std::string& name, std::string_view backend, const std::string& where,
           const starting_gate& gate, int index, int rounds);
    ~player();
    player(player&& other) noexcept;
    player(const player&) = delete;
    player& operator=(const player&) = delete;

    /// Sends the process a signal: SIGSTOP, SIGCONT, SIGKILL.
    void signal(int number) const;
    /// Waits for its end and takes what it reported; throws when it failed.
    reports finish();

private:
    int process_ = -1;
    int output_ = -1;
};

/// Plays the role that the command line names, as `player` writes it; nothing when it names none.
/// @return what the program exits with, or -1
int play_from_command_line(int count, char** arguments);

/// What each contender reported, in the order of their indexes.
template <class Backend>
std::vector<reports> race(const Backend& place, const std::string& name, int rounds) {
    starting_gate gate;
    std::vector<player> players;
    for (int i = racing_threads; i < contenders; ++i)
        players.emplace_back(name, Backend::database::dialect.name, place.where(), gate, i, rounds);

    // Two threads share a database, and the pairs stand beside each other.
    std::vector<std::unique_ptr<typename Backend::database>> databases;
    for (int i = 0; i < racing_threads; i += 2)
        databases.push_back(std::make_unique<typename Backend::database>(place.open()));
    std::vector<reports> all(contenders);
    std::vector<std::exception_ptr> failures(racing_threads);
    std::vector<std::thread> threads;
    for (int i = 0; i < racing_threads; ++i)
        threads.emplace_back([&, i] {
            const auto own = static_cast<std::size_t>(i);
            contender<Backend> me{place, *databases[own / 2], gate, i, rounds};
            try {
                all[own] = roles<Backend>().at(name)(me);
            } catch (...) {
                failures[own] = std::current_exception();
                gate.give_up();
            }
        });
    for (std::thread& each : threads) each.join();
    for (const std::exception_ptr& each : failures)
        if (each) std::rethrow_exception(each);
    for (std::size_t i = 0; i < players.size(); ++i) all[racing_threads + i] = players[i].finish();
    return all;
}

}  // namespace conformance
