// Carries wake-ups between processes over LISTEN and NOTIFY: a submit in one process ends the wait
// of a worker in another.
//
//     sm::postgres::listener bell{"host=db.example dbname=jobs"};
//     bell.ring_for(db).value();
//     std::jthread thread([&](std::stop_token stop) { (void)bell.run(stop); });
//
// It has a connection of its own, so a call that changes a job pays nothing for it, and no NOTIFY
// is ever part of a transaction that does work. It shortens waits and carries nothing: while it has
// no connection, whoever waits for work finds it by looking again.
#pragma once

#include <statemachine/postgres.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace statemachine::postgres {

struct listener_options {
    /// Those who use the same channel of a database wake each other: `[a-z_][a-z0-9_]*`, at most 63
    /// bytes. Stores of different tables may share one; a ring too many costs one look for work.
    std::string channel = "statemachine";

    /// The least time between two NOTIFYs. The first ring is passed on at once, those that come
    /// within this time after it together at its end.
    std::chrono::milliseconds interval{50};

    /// The time that connecting, and each NOTIFY, may take; also how late a stop may be noticed.
    std::chrono::milliseconds deadline{2'000};

    /// The longest wait between two tries to connect; the first is a fiftieth of it.
    std::chrono::milliseconds longest_wait{2'000};
};

/// What a listener did so far.
struct listener_counts {
    std::uint64_t connected = 0;  ///< connections that began to listen
    std::uint64_t sent = 0;       ///< NOTIFYs
    std::uint64_t heard = 0;      ///< notifications of others
};

/// Passes on the rings of databases in this process, and rings them for those of other processes.
///
/// `run` is for one thread; everything else is thread-safe.
class [[gnu::visibility("default")]] listener {
public:
    /// @param conninfo  as `connect` takes it. LISTEN needs a session: lead it past a pooler in
    ///                  transaction mode.
    explicit listener(std::string conninfo, listener_options how = {});
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Rings this database's waiters, and passes on what it rings. Takes effect at once.
    /// @param database  outlives the listener
    /// @return errc::nested_call when another listener does so already
    result<void> ring_for(database & database) { return ring_for(database.connection()); }
    result<void> ring_for(session & database);

    /// Listens until the stop. A lost connection is made anew, with growing waits in between, and
    /// after that everybody is rung once, for what was missed.
    /// @return success after a stop; errc::invalid_argument for options or a conninfo that make no
    ///         sense, nested_call when it runs already; what only a person can mend, such as
    ///         authentication_failed, when the first connection meets it
    result<void> run(const std::stop_token& stop);

    listener_counts counts() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace statemachine::postgres
