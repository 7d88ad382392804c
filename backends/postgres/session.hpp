// A database as its callers see it: connections of a pool, one for each call, or a borrowed one.
#pragma once

#include "open.hpp"
#include "pool.hpp"

#include <statemachine/detail/meeting.hpp>
#include <statemachine/detail/own_pid.hpp>
#include <statemachine/postgres.hpp>
#include <statemachine/session.hpp>

namespace statemachine::postgres {

/// What runs in a transaction of the user's making: stores on `inside`, and the handle itself.
using joint_work = function_ref<result<verdict>(session& inside, PGconn* handle)>;

class pooled_session final : public session {
public:
    pooled_session(target where, const options& how);
    pooled_session(std::unique_ptr<connection> borrowed, const options& how);

    /// Makes sure that there is a connection.
    result<void> reach();

    using session::transact;
    steady_time call_deadline() const noexcept override {
        return std::chrono::steady_clock::now() + deadline_;
    }
    bool reconnects() const noexcept override { return reconnects_; }
    detail::meeting* meets() noexcept override;
    result<ending> transact(access need, steady_time by, work body) override;
    ending assure(steady_time by) override;

    /// Runs `body` in one transaction; its calls on the session that it is given are savepoints.
    result<ending> transact_together(joint_work body);

private:
    result<pool::loan> take(steady_time by);
    result<ending> run_longer(connection& on, access need, steady_time by, work body);
    result<ending> unless_on_standby(connection& on, steady_time by, result<ending> ended) const;

    const std::chrono::milliseconds deadline_;
    const bool reconnects_;
    const bool has_limits_;  // the server was told how long a call may take
    const bool wants_primary_;
    const pid_t opened_by_ = detail::own_pid();
    pool connections_;
    const bool merges_;
    detail::meeting meeting_;
};

}  // namespace statemachine::postgres
