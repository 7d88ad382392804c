// What a simulation runs in: a database in memory, a clock, a seed, and what may go wrong.
#pragma once

#include <statemachine/sqlite.hpp>
#include <statemachine/testing/history.hpp>

#include <functional>

namespace statemachine::testing {

/// SQLite's statements on a database that a connection leads to, which can break.
inline constexpr dialect dialect_of_simulation = [] {
    dialect remote = dialect_of_sqlite;
    remote.remote = true;
    return remote;
}();

/// Of a thousand requests, how many meet this.
struct fault_rates {
    int refused = 40;            ///< busy, deadlock, no connection: not applied
    int request_lost = 25;       ///< the connection broke, and the request never arrived
    int request_late = 25;       ///< the same, and the request arrives later
    int reply_lost = 40;         ///< the connection broke after the commit
    int reply_late = 60;         ///< others run between the commit and its reply
    int commit_failed = 15;      ///< the server refused the commit
    int paused = 30;             ///< the client is frozen, also inside of a transaction
    int crashed = 20;            ///< the client is killed, and started again
    int crashed_in_flight = 15;  ///< the same, and its request arrives later
    int impatient = 150;         ///< the deadline leaves no time to look for a lost reply
};

/// What has happened in one run.
struct fault_counts {
    std::size_t statements = 0;
    std::size_t refused = 0, requests_lost = 0, requests_late = 0, replies_lost = 0,
                replies_late = 0, commits_failed = 0, pauses = 0, crashes = 0,
                crashes_in_flight = 0;

    std::size_t all() const noexcept {
        return refused + requests_lost + requests_late + replies_lost + replies_late +
               commits_failed + pauses + crashes + crashes_in_flight;
    }
    fault_counts& operator+=(const fault_counts& other) noexcept;
};

struct simulation_options {
    fault_rates rates{};
    std::size_t most_faults = 12;                     ///< of one run: some have none, none has more
    std::chrono::milliseconds longest_pause{90'000};  ///< longer than the leases of the machine
    /// By when each job has to have ended, by the simulated clock.
    std::chrono::milliseconds time_limit{std::chrono::hours{6}};
    /// Puts a session between the clients and the database, such as one that breaks something on
    /// purpose.
    std::function<std::unique_ptr<session>(session&)> between{};
};

class scheduler;

/// A database that simulated clients share. One client runs at a time, and the seed decides which.
class [[gnu::visibility("default")]] world {
public:
    /// The connection of one client, which its faults come by.
    class [[gnu::visibility("default")]] link;

    /// What runs as a client: until it returns, and again from its beginning after a crash.
    using life = std::function<void(link&)>;

    world(std::uint64_t seed, simulation_options how);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    void add(std::string client, life lived);

    /// Until each client's life has returned, or the time is over.
    void run();

    /// Without faults, and not counted: to set up, and to look.
    sqlite::database& undisturbed() noexcept;
    history& seen() noexcept;
    const fault_counts& faults() const noexcept;
    timestamp now() const noexcept;

private:
    std::unique_ptr<scheduler> scheduler_;
};

/// A database for stores, as one client sees it.
class [[gnu::visibility("default")]] world::link {
public:
    static constexpr const statemachine::dialect& dialect = dialect_of_simulation;

    session& connection() noexcept { return *session_; }
    const std::string& client() const noexcept { return client_; }

    /// Lets the others run while this much time passes.
    void pass(std::chrono::milliseconds time);

    /// A number from 0 up to, not including, `below`, which the seed decides.
    std::uint64_t random(std::uint64_t below);

    /// Runs a query that no fault disturbs.
    void look(work body);

    /// What `database.transaction` takes, for one client.
    class [[gnu::visibility("default")]] transaction {
    public:
        static constexpr const statemachine::dialect& dialect = dialect_of_simulation;

        transaction(session & inside, sqlite3 * handle) noexcept
            : inside_(inside), handle_(handle) {}
        session& connection() noexcept { return inside_; }
        sqlite3* handle() const noexcept { return handle_; }

    private:
        session& inside_;
        sqlite3* handle_;
    };

    /// Calls and statements that commit together: as of `sqlite::database`.
    template <transaction_body<transaction> Body>
    result<ending> transact(Body && body) {
        return run_together(
            [&](transaction& inside) { return statemachine::detail::decide(body, inside); });
    }

    link(scheduler & runs_in, std::string client);
    ~link();

private:
    result<ending> run_together(function_ref<result<verdict>(transaction&)> body);

    scheduler& scheduler_;
    std::string client_;
    std::unique_ptr<session> session_;
};

}  // namespace statemachine::testing
