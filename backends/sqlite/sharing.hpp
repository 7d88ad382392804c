// Callers of one process that share a commit.
//
//     BEGIN IMMEDIATE
//       the leader's body                                   - undone: ROLLBACK, and nobody else ran
//       SAVEPOINT, the body of one that waits, RELEASE      - undone: ROLLBACK TO, for that one
//       only
//       ... until nobody waits, or it took long enough
//     COMMIT                                                - fails: it answers all
//
// A commit costs one fsync, however many changes are in it. The leader is one of the callers, and
// those who come while it is at work wait for the next.
#pragma once

#include "connection.hpp"
#include "turn.hpp"

#include <statemachine/clock.hpp>
#include <statemachine/session.hpp>

#include <exception>
#include <optional>

namespace statemachine::sqlite {

/// A call whose body may run in the transaction, and on the thread, of another caller.
struct shared_call {
    work body;
    std::optional<result<ending>> answer{};
    std::exception_ptr thrown{};
};

/// Runs `own` in a transaction on an owned connection, and takes in what waits at the turnstile,
/// which the caller is inside of. All that was taken has its answer afterwards.
result<ending> lead(turnstile& at, connection& on, const clock& time, work own);

}  // namespace statemachine::sqlite
