// One connection of libpq, with a deadline on whatever it does.
//
//     silent --(PQsend...)--> waiting --(every reply read)--> silent
//                                |
//                                +--(deadline, loss)--> in doubt: closed, and never used again
//
// A reply counts only when all replies up to ReadyForQuery are in: outside a transaction the server
// commits after it has sent the rows, and may still refuse then.
#pragma once

#include "errors.hpp"
#include "wire.hpp"

#include <statemachine/detail/own_pid.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace statemachine::postgres {

using moment = std::chrono::steady_clock::time_point;

struct clears_reply {
    void operator()(PGresult* reply) const noexcept { PQclear(reply); }
};
using reply = std::unique_ptr<PGresult, clears_reply>;

/// Waits until the socket can be used, or the deadline.
/// @param events  of poll(2)
/// @return which of the events came, or all of them when the socket failed; 0 at the deadline
short wait_for_socket(int socket, short events, moment deadline) noexcept;

/// Whose the PGconn is, and which statements it may keep.
enum class kind : unsigned char {
    keeping,    ///< the library's own: statements are prepared once and kept
    forgetful,  ///< the library's own behind a transaction pooler: nothing is kept
    borrowed,   ///< the caller's: left as it was found
};

/// Not thread-safe; a pool lends it to one thread at a time.
class connection {
public:
    /// @param handle  connected; closed by the destructor unless it is borrowed
    connection(PGconn* handle, kind what) noexcept;
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Runs a statement with parameters, preparing it first where that pays.
    result<std::size_t> execute(const statement& what, std::span<const value> values,
                                row_sink on_row, moment deadline, stake at_stake);

    /// Runs a text of one or several commands without parameters; the last one's reply is returned.
    result<reply> command(const char* text, moment deadline, stake at_stake);

    /// Whether the last `execute` failed only because its kept statement no longer fits the schema,
    /// or is gone. It was not run, and the next `execute` prepares it anew.
    bool outdated() const noexcept { return outdated_; }

    /// Whether the last commit did not wait for the synchronous standby that it should wait for.
    bool committed_locally() const noexcept { return committed_locally_; }

    /// Whether it can be lent to a next caller.
    bool reusable() const noexcept;

    /// Has it closed when it is given back.
    void retire() noexcept { in_doubt_ = true; }

    /// Whether the server closed it, or said anything, since its last use. Asking the kernel costs
    /// as much as a fiftieth of a fast call, so one that answered within the last millisecond is
    /// trusted.
    bool disturbed() const noexcept;

    bool is_borrowed() const noexcept { return kind_ == kind::borrowed; }

    /// Whether its session was told to plan each statement once.
    bool keeps_plans() const noexcept { return kind_ == kind::keeping; }
    PGconn* handle() const noexcept { return handle_; }

private:
    result<reply> send(const statement& what, moment deadline, stake at_stake);
    result<reply> send_kept(const statement& what, moment deadline, stake at_stake);
    result<reply> exchange(bool sent, moment deadline, stake at_stake);
    bool wait_until_sent(moment deadline);
    bool wait_until_answered(moment deadline);
    error give_up(error cause) noexcept;
    static void on_notice(void* self, const PGresult* notice);

    PGconn* handle_;
    kind kind_;
    pid_t opened_by_ = detail::own_pid();
    bool in_doubt_ = false;
    bool outdated_ = false;
    bool committed_locally_ = false;
    moment answered_at_{};

    std::unordered_map<const char*, std::string> kept_;
    std::string name_;
    unsigned long names_used_ = 0;
    std::string text_;
    parameters parameters_;
    std::vector<value> row_;
};

}  // namespace statemachine::postgres
