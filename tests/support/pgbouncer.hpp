// A PgBouncer for tests, in transaction mode: many clients share few connections of a server, and
// each transaction may run on another one.
#pragma once

#include <sys/types.h>

#include <string>

namespace statemachine::tests {

/// Runs in front of a server, for any of its databases, until the end of the test. Start it from
/// the main thread. Throws std::runtime_error, with its own words, when it cannot be started.
class pgbouncer {
public:
    /// @param conninfo  of the server, which trusts the user named there
    /// @param servers   connections to the server at the most, for each database
    explicit pgbouncer(const std::string& conninfo, int servers = 3);
    ~pgbouncer();
    pgbouncer(const pgbouncer&) = delete;
    pgbouncer& operator=(const pgbouncer&) = delete;

    /// How to reach the server through it.
    const std::string& conninfo() const noexcept { return conninfo_; }

    /// The same for its console, which takes SHOW and the like by the simple protocol.
    const std::string& console() const noexcept { return console_; }

private:
    bool try_to_start(const std::string& settings);
    void stop() noexcept;

    std::string directory_, conninfo_, console_;
    pid_t pid_ = 0;
};

}  // namespace statemachine::tests
