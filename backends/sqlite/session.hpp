// Transactions on one connection that threads take turns on.
//
//     waiting --(turnstile)--> inside --(BEGIN or SAVEPOINT)--> begun --(work)--> decided --> ended
//        |                        |                               |                  |
//        busy, nested_call        busy                            +---- any error ---+--> rolled
//        back
//
// "inside" holds the turnstile; from "begun" on an own transaction that writes holds the file's
// write lock. Every way out of "begun" ends the transaction, also an exception of the work. Writes
// that wait on an owned connection are taken into the transaction of the one inside: sharing.hpp.
#pragma once

#include "bracket.hpp"
#include "connection.hpp"
#include "inheritance.hpp"
#include "turn.hpp"

#include <statemachine/clock.hpp>
#include <statemachine/session.hpp>
#include <statemachine/sqlite.hpp>

#include <sys/types.h>

#include <memory>

namespace statemachine::sqlite {

/// The moment from which on nobody waits any more.
steady_time deadline_of(const options& how) noexcept;

/// What runs in a transaction of the user's making: stores on `inside`, and the handle itself.
using joint_work = function_ref<result<verdict>(session& inside, sqlite3* handle)>;

class local_session final : public session {
public:
    local_session(std::unique_ptr<connection> on, open_file file, const options& how);
    ~local_session() override;

    using session::transact;
    steady_time call_deadline() const noexcept override { return deadline_of(how_); }
    result<ending> transact(access need, steady_time until, work body) override;

    /// Runs `body` in one transaction; its calls on the session that it is given are savepoints.
    result<ending> transact_together(joint_work body);

    /// How many callers wait for their turn.
    std::size_t waiting() const { return turnstile_.waiting(); }

private:
    result<void> check_process() const;
    bracket::kind kind_for(access need) const noexcept;

    std::unique_ptr<connection> connection_;
    open_file file_;
    turnstile turnstile_;
    options how_;
    const clock& clock_;
    pid_t process_;
};

}  // namespace statemachine::sqlite
