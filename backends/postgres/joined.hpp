// The session of a transaction that a function of the user's fills.
#pragma once

#include "connection.hpp"

#include <statemachine/detail/own_pid.hpp>
#include <statemachine/session.hpp>

namespace statemachine::postgres {

/// For one thread, for as long as the transaction lasts.
class joined_session final : public session {
public:
    joined_session(connection& on, steady_time until) noexcept : on_(on), until_(until) {}

    using session::transact;
    steady_time call_deadline() const noexcept override { return until_; }
    bool reconnects() const noexcept override { return false; }
    result<ending> transact(access need, steady_time until, work body) override;

private:
    connection& on_;
    steady_time until_;
    pid_t opened_by_ = detail::own_pid();
    bool in_call_ = false;
};

/// Notes that this thread is inside a transaction of a session. A call on that session would take
/// another connection, and wait there for rows that this thread keeps locked.
class thread_inside {
public:
    explicit thread_inside(const session& of) noexcept : of_(of), outer_(innermost) {
        innermost = this;
    }
    ~thread_inside() { innermost = outer_; }
    thread_inside(const thread_inside&) = delete;
    thread_inside& operator=(const thread_inside&) = delete;

    static bool has_entered(const session& one) noexcept;

private:
    static thread_local const thread_inside* innermost;
    const session& of_;
    const thread_inside* outer_;
};

}  // namespace statemachine::postgres
