// A machine's rows in an SQLite file: opened by the library, or on a handle that is the caller's.
//
//     auto db = sm::sqlite::open("jobs.db").value();
//     auto jobs = sm::store<transcode::machine>{db};
//
// Threads share one `database`: its calls take turns on one connection. Processes share the file.
#pragma once

#include <statemachine/clock.hpp>
#include <statemachine/error.hpp>
#include <statemachine/session.hpp>
#include <statemachine/sqlite_dialect.hpp>
#include <statemachine/transaction.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;

namespace SQLite {
class Database;
}

namespace statemachine::sqlite {

/// What a commit survives. All of them survive the death of the process.
enum class durability : unsigned char {
    full,    ///< power loss too: the only one under which an acknowledged commit is never lost
    normal,  ///< not power loss: the last commits may be gone, and an epoch be handed out twice
    off,     ///< not power loss, which may also damage the file: for tests and caches
};

/// How to open a database.
struct options {
    durability sync = durability::full;

    /// The longest that one call waits, for other threads and for other processes together.
    std::chrono::milliseconds deadline{10'000};

    /// Makes the file, with mode 0600, when there is none.
    bool create = true;

    /// Takes a file on nfs, cifs, 9p, sshfs and the like, where locks may not hold and one write
    /// may stall for the whole deadline.
    bool allow_network_file_system = false;

    /// Tells the time; nullptr means `system_clock()`. It must outlive the database.
    const clock* time = nullptr;
};

class local_session;

/// What the function of `database::transaction` gets: a database for stores, and the handle for
/// statements of the caller's own. For the thread of the function, until it returns.
class [[gnu::visibility("default")]] transaction {
public:
    static constexpr const statemachine::dialect& dialect = dialect_of_sqlite;

    transaction(session & inside, sqlite3 * handle) noexcept : inside_(inside), handle_(handle) {}
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    session& connection() noexcept { return inside_; }

    /// Run statements on it, and finalize them; change no settings, and do not commit or roll back.
    sqlite3* handle() const noexcept { return handle_; }

private:
    session& inside_;
    sqlite3* handle_;
};

/// An SQLite database. Every call on its session is thread-safe; moving it is not, and leaves the
/// session where it is, so that stores stay valid.
///
/// It belongs to the process that opened it. After fork() the child gets `errc::used_after_fork`
/// from every call, and its copy is abandoned unclosed, because SQLite allows the child neither to
/// use nor to close it.
class [[gnu::visibility("default")]] database {
public:
    static constexpr const statemachine::dialect& dialect = dialect_of_sqlite;

    /// Made by `open` and `borrow`.
    explicit database(std::unique_ptr<local_session> opened) noexcept;
    ~database();
    database(database &&) noexcept;
    database& operator=(database&&) noexcept;

    session& connection() noexcept;

    /// Runs `body` in one transaction (BEGIN IMMEDIATE), and commits when it returned success: see
    /// <statemachine/transaction.hpp>. The deadline of one call bounds the wait for the lock; from
    /// then on all other threads and processes that write wait for the function. On a borrowed
    /// handle that is in a transaction of the caller's it is a savepoint.
    /// @return how it ended, or the error: of the function, after which nothing is left of what it
    ///         did; `function_threw`; or of the commit, whose `what_is_known()` tells the rest.
    ///         A call on the database itself from inside is refused as `nested_call`
    template <transaction_body<sqlite::transaction> Body>
    result<ending> transaction(Body && body) {
        return run_together(
            [&](sqlite::transaction& inside) { return detail::decide(body, inside); });
    }

private:
    result<ending> run_together(function_ref<result<verdict>(sqlite::transaction&)> body);

    std::unique_ptr<local_session> session_;
};

/// Opens a file, or makes it. Write-ahead logging, the durability asked for, foreign keys, and the
/// defences of SQLite (defensive, no trusted schema, no double-quoted strings, no extensions) are
/// set and read back.
///
/// @param file  its directory must be writable, for the files `-wal` and `-shm` beside it;
///              `:memory:` is a database of its own that ends with the handle
/// @return `cannot_open`, `permission_denied`, `read_only`, `network_file_system`, `corrupt`,
///         `misconfigured`, `busy`, or `used_after_fork` when the parent process had the same file
///         open at the fork: its copied state makes SQLite skip locks in the child, and the child's
///         commits could be lost
[[gnu::visibility("default")]] result<database> open(const std::string& file, options how = {});

/// Runs on a handle of the caller, inside the caller's transaction when there is one: each call is
/// then a savepoint, and its answer is provisional. Outside of one each call is a transaction.
///
/// No setting of the handle is changed, and no statement is left on it, so that it can be closed
/// after any call. Of the options, `deadline` bounds the wait for other threads of this library and
/// `time` tells the time; how long SQLite waits for a lock is the handle's own busy setting.
///
/// @param handle  must outlive the database and not be used by another thread during a call
/// @return `invalid_argument` for a null handle
[[gnu::visibility("default")]] result<database> borrow(sqlite3* handle, options how = {});

/// The same for a handle of SQLiteCpp.
[[gnu::visibility("default")]] result<database> borrow(SQLite::Database& handle, options how = {});

/// Moves a database to another file, also while processes have it open and write: off a network
/// volume, for instance. Every commit that was ever acknowledged is in the new file. The old one
/// can be read from then on, and whoever writes to it gets `cannot_open` until the new one is
/// opened instead; then it may be deleted.
///
/// Writers wait while the file is copied. A call that was interrupted is taken up by the next one.
///
/// @param how  `deadline` bounds the wait for the lock; `allow_network_file_system` is about the
///             new file
/// @return what `open` returns, for either file; `already_exists` when there is another file at the
///         new place; `cannot_open` when the old one was moved elsewhere
[[gnu::visibility("default")]] result<void> relocate(const std::string& from, const std::string& to,
                                                     options how = {});

/// Tells whether the SQLite that this process is linked with is known to damage a database in
/// write- ahead mode (versions 3.7.0 to 3.51.2, except 3.44.6 and 3.50.7 and later of those
/// series).
/// @return one sentence for the log, or nothing. Thread-safe.
[[gnu::visibility("default")]] std::string_view known_defect() noexcept;

}  // namespace statemachine::sqlite
