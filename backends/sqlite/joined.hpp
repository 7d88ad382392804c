// The session of a transaction that is open already: each call of it is a savepoint.
#pragma once

#include "connection.hpp"

#include <statemachine/clock.hpp>
#include <statemachine/detail/own_pid.hpp>
#include <statemachine/session.hpp>

namespace statemachine::sqlite {

/// For one thread, for as long as the transaction lasts.
class joined_session final : public session {
public:
    joined_session(connection& on, const clock& time, steady_time until) noexcept
        : on_(on), time_(time), until_(until) {}

    using session::transact;
    steady_time call_deadline() const noexcept override { return until_; }
    bool reconnects() const noexcept override { return false; }
    result<ending> transact(access need, steady_time until, work body) override;

private:
    connection& on_;
    const clock& time_;
    steady_time until_;
    pid_t opened_by_ = detail::own_pid();
    bool in_call_ = false;
};

/// For a transaction that its user ended, or that SQLite rolled back under it.
error no_longer_open();

}  // namespace statemachine::sqlite
