#include "transactions.hpp"

#include <optional>
#include <string_view>

namespace statemachine::postgres {
namespace {

// Of one statement, when the schema changes each time.
constexpr int most_tries = 4;

constexpr const char* begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
// For statements of the user's own, to be planned as on any other connection.
constexpr const char* begin_for_user =
    "BEGIN ISOLATION LEVEL READ COMMITTED;SET LOCAL plan_cache_mode = DEFAULT;"
    "SET LOCAL enable_seqscan = DEFAULT;SET LOCAL jit = DEFAULT";
constexpr const char* begin_again = "ROLLBACK; BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr const char* savepoint = "SAVEPOINT statemachine";
constexpr const char* savepoint_again = "ROLLBACK TO SAVEPOINT statemachine";

/// Runs the statements of one call.
class statements final : public executor {
public:
    /// @param again  undoes a first statement that was refused, so that it can be sent once more;
    ///               null when nothing was begun
    statements(connection& on, access need, moment deadline, const char* again) noexcept
        : on_(on), need_(need), deadline_(deadline), again_(again) {}

    result<std::size_t> execute(const statement& what, std::span<const value> values,
                                row_sink on_row) override {
        if (need_ == access::single && ran_ > 0)
            return error{errc::unexpected, "A call that announced a single statement sent two."};
        ++ran_;
        const stake at_stake =
            need_ == access::single && again_ == nullptr ? stake::change : stake::nothing;
        for (int tries = 1;; ++tries) {
            auto rows = on_.execute(what, values, on_row, deadline_, at_stake);
            if (!rows && at_stake == stake::change && rows.error().code() == errc::undeclared_value)
                return error{errc::unreadable_change, rows.error().message()};
            if (rows || !on_.outdated() || tries == most_tries) return rows;
            if (!can_go_on())
                return error{errc::serialization_failure,
                             "The schema changed while the call ran: send it again.",
                             rows.error().native()};
        }
    }

    timestamp now() const noexcept override { return {}; }

    bool ran_any() const noexcept { return ran_ > 0; }

private:
    bool can_go_on() {
        if (again_ == nullptr) return true;
        return ran_ == 1 && on_.command(again_, deadline_, stake::nothing).has_value();
    }

    connection& on_;
    access need_;
    moment deadline_;
    const char* again_;
    int ran_ = 0;
};

ending committed_by(const connection& on) {
    return on.committed_locally() ? ending::committed_locally : ending::committed;
}

result<ending> run_alone(connection& on, access need, moment deadline, work body) {
    statements sent(on, need, deadline, nullptr);
    auto wanted = body(sent);
    if (!wanted) return std::move(wanted).error();
    const bool changed = need == access::single && sent.ran_any();
    // The statement of a single has committed by itself, whatever the body says afterwards.
    if (changed) return committed_by(on);
    return wanted.value() == verdict::commit ? ending::committed : ending::rolled_back;
}

// The server speaks up unasked when it closes the connection, and what was not sent by then cannot
// have been committed.
bool still_connected(const connection& on) {
    while (on.disturbed() && PQconsumeInput(on.handle()) == 1) {
    }
    return PQstatus(on.handle()) == CONNECTION_OK;
}

result<ending> commit(connection& on, moment deadline) {
    if (!still_connected(on)) return lost(stake::nothing);
    // A connection of the library's own is closed then, and with it the transaction.
    if (!on.is_borrowed() && std::chrono::steady_clock::now() >= deadline)
        return late(stake::nothing);
    auto done = on.command("COMMIT", deadline, stake::change);
    if (!done) return std::move(done).error();
    // A transaction that failed before answers COMMIT without an error, and rolls back.
    if (std::string_view(PQcmdStatus(done.value().get())) != "COMMIT")
        return error{errc::transaction_aborted,
                     "A statement of the transaction had failed, so it was rolled back: send the "
                     "call again."};
    return committed_by(on);
}

result<ending> in_transaction(connection& on, const char* first, moment deadline, step body) {
    if (auto begun = on.command(first, deadline, stake::nothing); !begun)
        return std::move(begun).error();
    result<ending> ended = ending::rolled_back;
    if (auto wanted = body(); !wanted)
        ended = std::move(wanted).error();
    else if (wanted.value() == verdict::commit)
        ended = commit(on, deadline);
    // Where nothing was committed. If this fails the connection is closed, which undoes as well.
    if (PQtransactionStatus(on.handle()) != PQTRANS_IDLE)
        (void)on.command("ROLLBACK", deadline, stake::nothing);
    return ended;
}

}  // namespace

result<ending> in_transaction_of_user(connection& on, moment deadline, step body) {
    return in_transaction(on, on.keeps_plans() ? begin_for_user : begin, deadline, body);
}

result<ending> in_savepoint(connection& on, moment deadline, step body) {
    if (auto set = on.command(savepoint, deadline, stake::nothing); !set)
        return std::move(set).error();
    result<ending> ended = ending::rolled_back;
    if (auto wanted = body(); !wanted) {
        ended = std::move(wanted).error();
    } else if (wanted.value() == verdict::commit) {
        auto kept = on.command("RELEASE SAVEPOINT statemachine", deadline, stake::nothing);
        if (kept) return ending::provisional;
        ended = std::move(kept).error();
    }
    auto undone = on.command("ROLLBACK TO SAVEPOINT statemachine; RELEASE SAVEPOINT statemachine",
                             deadline, stake::nothing);
    if (ended && !undone) return std::move(undone).error();
    return ended;
}

result<ending> run_on_idle(connection& on, access need, moment deadline, work body) {
    if (need != access::write) return run_alone(on, need, deadline, body);
    return in_transaction(on, begin, deadline, [&] {
        statements sent(on, need, deadline, begin_again);
        return body(sent);
    });
}

result<ending> run_in_open(connection& on, access need, moment deadline, work body) {
    return in_savepoint(on, deadline, [&] {
        statements sent(on, need, deadline, savepoint_again);
        return body(sent);
    });
}

result<void> check_in_transaction(PGconn* handle) {
    if (PQstatus(handle) != CONNECTION_OK) return lost(stake::nothing);
    const bool pipelining = PQpipelineStatus(handle) != PQ_PIPELINE_OFF;
    switch (pipelining ? PQTRANS_ACTIVE : PQtransactionStatus(handle)) {
        case PQTRANS_INTRANS: return success();
        case PQTRANS_INERROR:
            return error{errc::transaction_aborted,
                         "A statement of the transaction has failed: roll it back, and put what "
                         "may fail in a savepoint."};
        case PQTRANS_IDLE:
            return error{errc::transaction_aborted,
                         "The transaction has ended before its function did: leave COMMIT and "
                         "ROLLBACK to the library."};
        default: break;
    }
    return error{errc::nested_call,
                 "The connection still waits for the reply to a statement: read it first."};
}

}  // namespace statemachine::postgres
