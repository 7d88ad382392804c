// Stores on PostgreSQL 12 or later: over connections of the library's own, or over one of yours.
//
//     auto db = sm::postgres::connect("host=db.example dbname=jobs").value();
//     auto jobs = sm::store<transcode::machine>{db};
//
//     PGconn* mine = ...;                                  // in a transaction of yours:
//     auto borrowed = sm::postgres::borrow(mine).value();  // what the store does commits with it
#pragma once

#include <statemachine/postgres_dialect.hpp>
#include <statemachine/session.hpp>
#include <statemachine/transaction.hpp>

#include <chrono>
#include <memory>
#include <string>

struct pg_conn;  // libpq's PGconn

namespace statemachine::postgres {

/// How a database is reached.
struct options {
    /// The time that each call has, waiting for a connection and connecting included. The server
    /// gets limits slightly below it for statements and locks, so that it usually answers first,
    /// and definitely; a call that was kept waiting before it was sent goes in a transaction, which
    /// leaves only its COMMIT in doubt. Looking up a host name is the one thing that the deadline
    /// cannot interrupt.
    std::chrono::milliseconds deadline{10'000};

    /// The most connections open at once. They are opened when needed and reused last in, first
    /// out; callers beyond the number wait in turn.
    int connections = 8;

    /// Whether submits in the name of one actor, leased steps, and claims of one job by one owner,
    /// that several threads make at the same time on one state machine share a statement, and so a
    /// commit and a connection. A call that finds no other under way is sent at once by itself;
    /// while one is, those that come wait for its end, but not for long, and are then sent
    /// together. After a shared statement the next calls wait until as many have come back: for at
    /// most half the time that it took, and less and less often where they do not. A step or submit
    /// that is refused, or that waits for a lock, goes on by itself and holds up no other; where
    /// most of a call's time has gone by then it is `retryable`. Of those who claim the same job by
    /// its id one asks for all. Claiming and finishing jobs of no work over a Unix socket, 2
    /// callers got through 1.15 times as many, 8 through 1.8 times and 32 through 3.6 times as
    /// many; one alone, or callers who are mostly at work on their jobs, through about as many. Not
    /// in transactions of yours, nor on a connection of yours; submits not with a deadline below
    /// 200 ms.
    bool merge_calls = true;

    /// For PgBouncer in transaction mode: no session settings, unnamed statements only. The
    /// server's own limits for statements and locks are then yours to set, per role.
    bool transaction_pooling = false;
};

class pooled_session;

/// What the function of `database::transaction` gets: a database for stores, and the connection for
/// statements of the caller's own. For the thread of the function, until it returns.
class [[gnu::visibility("default")]] transaction {
public:
    static constexpr const statemachine::dialect& dialect = dialect_of_postgres;

    transaction(session & inside, pg_conn * handle) noexcept : inside_(inside), handle_(handle) {}
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    session& connection() noexcept { return inside_; }

    /// Run statements on it, and read their replies; do not commit or roll back. Settings are kept
    /// for later callers unless they are SET LOCAL. After an error of a statement the transaction
    /// can only be rolled back, unless a SAVEPOINT of your own was set before.
    pg_conn* handle() const noexcept { return handle_; }

private:
    session& inside_;
    pg_conn* handle_;
};

/// A reachable PostgreSQL database.
///
/// Thread-safe, apart from moving and destroying. A process that was forked off may destroy it,
/// every other use there is errc::used_after_fork.
class [[gnu::visibility("default")]] database {
public:
    static constexpr const statemachine::dialect& dialect = dialect_of_postgres;

    /// Made by `connect` and `borrow`.
    explicit database(std::unique_ptr<pooled_session> opened) noexcept;
    ~database();
    database(database &&) noexcept;
    database& operator=(database&&) noexcept;

    /// Where statements run. Its address stays the same when the database is moved.
    session& connection() noexcept;

    /// Runs `body` in one transaction (READ COMMITTED), and commits when it returned success: see
    /// <statemachine/transaction.hpp>. All of it has the deadline of one call; once that has passed
    /// nothing is committed any more. On a borrowed connection that is in a transaction of the
    /// caller's it is a savepoint.
    /// @return how it ended, or the error: of the function, after which nothing is left of what it
    ///         did; `function_threw`; or of the commit, whose `what_is_known()` tells the rest.
    ///         A call on the database itself from inside is refused as `nested_call`
    template <transaction_body<postgres::transaction> Body>
    result<ending> transaction(Body && body) {
        return run_together(
            [&](postgres::transaction& inside) { return detail::decide(body, inside); });
    }

private:
    result<ending> run_together(function_ref<result<verdict>(postgres::transaction&)> body);

    std::unique_ptr<pooled_session> session_;
};

/// Opens a database, and makes a first connection to show that it can be reached.
///
/// @param conninfo  keyword=value pairs or a URI, as libpq takes them; TLS options, service and
///                  password files, and several hosts included. Each of several hosts gets its
///                  share of the deadline. A standby is passed over unless target_session_attrs is
///                  given.
/// @param how       the deadline counts for this call too
/// @return errc::cannot_connect, authentication_failed, cannot_open when there is no such
///         database, read_only when there are only standbys, misconfigured when the server is older
///         than 12, invalid_argument when conninfo or options make no sense
/// @note Keywords that conninfo leaves out get values of the library's: tcp_user_timeout,
///       keepalives and fallback_application_name. client_encoding is always UTF8.
[[gnu::visibility("default")]] result<database> connect(const std::string& conninfo,
                                                        options how = {});

/// Uses a connection of the caller's, in whatever transaction the caller has open on it.
///
/// Inside an open transaction each call is a savepoint and its outcome provisional; outside of one
/// it commits by itself. The connection is never closed and keeps its settings, blocking mode and
/// notice receiver; the library leaves no named statement on it.
///
/// @param connection  must outlive the database. While a call runs nothing else may use it;
///                    several threads that call through the database are served in turn.
/// @param how         only the deadline matters. After errc::deadline_passed the connection still
///                    waits for its reply and is of no use to anybody: close it.
/// @return errc::invalid_argument when there is no connection, cannot_connect when it is closed,
///         misconfigured when the server is older than 12
[[gnu::visibility("default")]] result<database> borrow(pg_conn* connection, options how = {});

}  // namespace statemachine::postgres
