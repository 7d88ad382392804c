// The seam between the library and a database: run statements, in one transaction.
//
// A backend implements `session`; the store needs nothing else of it. A call moves through these
// stages, and each promises what the next one relies on:
//
//     waiting --(lock or connection, before the deadline)--> begun --> running --> ended
//        |                                                                 |
//        +-- errc::busy, pool_exhausted, cannot_connect: nothing was sent  +-- committed,
//        provisional
//                                                                          +-- rolled back
//                                                                          +-- error: fate_of(code)
//                                                                          tells
#pragma once

#include <statemachine/detail/fronts.hpp>
#include <statemachine/error.hpp>
#include <statemachine/function_ref.hpp>
#include <statemachine/value.hpp>
#include <statemachine/wakeup.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

namespace statemachine {

/// A statement as a session sees it. `text` and `results` have static storage duration when
/// `prepared` is true, and the address of the text identifies the statement in a session's cache.
struct statement {
    std::string_view text;
    std::span<const column_type> results;  ///< types of the columns it returns, in order
    bool prepared = true;                  ///< worth keeping; false for DDL and one-off texts
};

/// Called for each returned row; the values are valid until it returns.
using row_sink = function_ref<void(std::span<const value>)>;

/// Runs statements inside the transaction that `session::transact` opened.
class [[gnu::visibility("default")]] executor {
public:
    virtual ~executor() = default;

    /// Runs a statement to its end and hands each row to `on_row`.
    /// @param parameters  numbered from 1 in the text, in this order
    /// @return how many rows came back; of a prepared statement that returns none, how many it
    ///         inserted, updated or deleted
    /// @note After an error the only thing left to do is to return it from the work.
    virtual result<std::size_t> execute(const statement& what, std::span<const value> parameters,
                                        row_sink on_row) = 0;

    /// The moment for dialects whose `search_now` is empty, read after the write lock was taken.
    virtual timestamp now() const noexcept = 0;
};

/// What the work wants to become of its transaction.
enum class verdict : unsigned char { commit, roll_back };

/// How a transaction ended.
enum class ending : unsigned char {
    committed,    ///< durable as the session's settings say
    provisional,  ///< inside the caller's own transaction: true once that commits
    rolled_back,
    committed_locally,  ///< on the primary, while its synchronous standby did not confirm it
};

/// How much of a transaction the work needs.
enum class access : unsigned char {
    read,    ///< one or more reads
    single,  ///< exactly one statement that writes, atomic by itself
    write,   ///< several statements that commit together
};

/// The body of a transaction. It may run on another thread, and never more than once a call.
using work = function_ref<result<verdict>(executor&)>;

namespace detail {
class meeting;
}

/// The clock of deadlines: it only goes forward, and nothing that is stored comes from it.
using steady_time = std::chrono::steady_clock::time_point;

/// A database that can be shared by threads.
class [[gnu::visibility("default")]] session {
public:
    virtual ~session() = default;

    /// When a call that starts now has to return.
    virtual steady_time call_deadline() const noexcept = 0;

    /// Runs `body` in one transaction and ends it as the body says.
    /// @param until  when to return at the latest; a call that needs several transactions gives all
    ///               of them the deadline of its start
    /// @return how it ended, or the error; an error from `body` rolls back and is returned
    virtual result<ending> transact(access need, steady_time until, work body) = 0;

    /// Whether a call may go on over another connection when one was lost. False for the caller's
    /// own connection, which nothing can take the place of.
    virtual bool reconnects() const noexcept { return true; }

    /// Where callers meet whose changes may share a statement; null: each sends its own. It is
    /// asked by the caller's thread at each call, and is null where a call from there would be
    /// refused.
    virtual detail::meeting* meets() noexcept { return nullptr; }

    /// Waits until everything that can be read is as safe as a commit of the caller's own would be.
    /// @return committed_locally where that cannot be told: a fail-over may take it back
    virtual ending assure(steady_time /*until*/) { return ending::committed; }

    /// Rung after each commit that may have made a job due, for the workers of this process.
    wakeup& wakeups() noexcept { return wakeups_; }

    /// What the claims of this process know of where due jobs stand.
    detail::fronts& fronts() noexcept { return fronts_; }

    /// The same as a call of its own.
    result<ending> transact(access need, work body) {
        return transact(need, call_deadline(), body);
    }

private:
    wakeup wakeups_;
    detail::fronts fronts_;
};

}  // namespace statemachine
