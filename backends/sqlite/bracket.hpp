// The statements around a body of work, and what the body sees in between.
#pragma once

#include "connection.hpp"

#include <statemachine/clock.hpp>
#include <statemachine/session.hpp>

namespace statemachine::sqlite {

/// A transaction, or a savepoint in one, that is undone unless it was committed.
class bracket {
public:
    enum class kind : unsigned char { read, write, within };

    bracket(connection& on, kind what) noexcept : on_(on), kind_(what) {}
    ~bracket() {
        if (open_) undo();
        if (lined_up_) on_.waiting().leave();
    }
    bracket(const bracket&) = delete;
    bracket& operator=(const bracket&) = delete;

    result<void> begin();

    /// @return `provisional` for a savepoint
    result<ending> commit();

    /// The error of what ran inside, or what it means where it ended the caller's transaction.
    error told_whole(const error& cause) const;

private:
    void undo() noexcept;

    connection& on_;
    kind kind_;
    bool open_ = false;
    bool lined_up_ = false;
};

/// Runs the body, at the moment that it is; an error of its statements that it dropped counts.
result<verdict> run_body(connection& on, const clock& time, work body);

/// Begins, runs the body, and ends as it says. What the body throws rolls back, and goes on.
result<ending> run_in(bracket& around, connection& on, const clock& time, work body);

}  // namespace statemachine::sqlite
