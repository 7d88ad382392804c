// How a call becomes a transaction:
//
//     whose          state before   read, single          write               ending
//     the library's  idle           each statement alone  BEGIN ... COMMIT    committed
//     the library's  in one that    SAVEPOINT ... RELEASE                     provisional
//                    a function fills
//     borrowed       idle           each statement alone  BEGIN ... COMMIT    committed
//     borrowed       in one         SAVEPOINT ... RELEASE                     provisional
//
// Each statement of a read sees its own snapshot: reads need no BEGIN, which would cost two round
// trips. Until COMMIT is sent nothing can have happened, so whatever is lost before may be sent
// again; a lost reply to COMMIT, or to the statement of a single, leaves the fate unknown.
#pragma once

#include "connection.hpp"

#include <statemachine/session.hpp>

namespace statemachine::postgres {

/// What is done between the beginning and the end of a transaction or a savepoint.
using step = function_ref<result<verdict>()>;

/// BEGIN, a step with statements of the user's own, and COMMIT or ROLLBACK.
result<ending> in_transaction_of_user(connection& on, moment deadline, step body);

/// SAVEPOINT, the step, and RELEASE or ROLLBACK TO: the transaction around it goes on in any case.
result<ending> in_savepoint(connection& on, moment deadline, step body);

/// The body on an idle connection, with a transaction where it needs one.
result<ending> run_on_idle(connection& on, access need, moment deadline, work body);

/// The body in a savepoint of the transaction that is open.
result<ending> run_in_open(connection& on, access need, moment deadline, work body);

/// Why a connection that has to be in a transaction cannot take a call now.
result<void> check_in_transaction(PGconn* handle);

/// Sets whether libpq's calls wait, and puts back what was set before.
class waiting_mode {
public:
    waiting_mode(PGconn* handle, bool waits) noexcept
        : handle_(handle), waited_(PQisnonblocking(handle) == 0) {
        PQsetnonblocking(handle_, waits ? 0 : 1);
    }
    ~waiting_mode() { PQsetnonblocking(handle_, waited_ ? 0 : 1); }
    waiting_mode(const waiting_mode&) = delete;
    waiting_mode& operator=(const waiting_mode&) = delete;

    bool waited_before() const noexcept { return waited_; }

private:
    PGconn* handle_;
    bool waited_;
};

}  // namespace statemachine::postgres
