// A PostgreSQL server for tests that stop, kill or freeze it. Its postmaster is a child of the
// test, so that the test knows when it is gone; pg_ctl's would not be.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace statemachine::tests {

/// A server of its own in a temporary directory, on 127.0.0.1 and on a Unix socket. Durability is
/// off: what it wrote survives the death of its processes, not that of the machine.
///
/// Making the cluster takes about a second: share one per suite. Start it from the main thread, the
/// server ends with the thread that started it. Everything throws std::runtime_error, with the
/// server's own words, when it cannot be done.
class throwaway_postgres {
public:
    /// Makes a cluster and starts it.
    /// @param settings  lines for postgresql.conf
    /// @param under     a program that runs it, with its arguments, such as `env LD_PRELOAD=...`
    explicit throwaway_postgres(std::vector<std::string> settings = {},
                                std::vector<std::string> under = {});
    ~throwaway_postgres();
    throwaway_postgres(const throwaway_postgres&) = delete;
    throwaway_postgres& operator=(const throwaway_postgres&) = delete;

    /// Starts it on the same port and waits until it takes connections. Does nothing when it runs.
    void start();

    /// Stops it in good order, ending all sessions. Does nothing when it is stopped.
    void stop();

    /// Stops it at once, as pg_ctl's mode `immediate` does: it has to recover when it is started.
    void abort();

    /// Kills all its processes at once (SIGKILL) and waits until they are gone.
    void kill();

    /// Freezes all its processes (SIGSTOP): connections are still accepted by the kernel, and then
    /// nothing ever answers.
    void freeze();
    void thaw();

    /// Gives up what it holds and becomes a hot standby of a running server, on the port that it
    /// has, under the name `standby`: for that server's synchronous_standby_names.
    void follow(const throwaway_postgres& primary);

    /// Ends the recovery of a standby: it takes writes then.
    void promote();

    bool runs() const noexcept { return postmaster_ > 0; }

    /// How to reach it over the Unix socket, as its superuser.
    std::string conninfo() const;

    /// How to reach it over TCP, as its superuser.
    std::string tcp_conninfo() const;

    int port() const noexcept { return port_; }
    const std::string& directory() const noexcept { return directory_; }

private:
    void end_by(int signal);
    void make_directory(const std::string& name) const;
    void make_cluster();
    void configure(const std::vector<std::string>& settings) const;
    bool try_to_start();
    void remove();
    std::vector<pid_t> family() const;
    std::string last_words() const;

    std::vector<std::string> settings_, under_;
    std::string directory_;
    int port_ = 0;
    pid_t postmaster_ = 0;
};

}  // namespace statemachine::tests
