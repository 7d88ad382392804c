// One caller at a time on a connection, and nobody waits beyond a deadline.
//
//     waiting --(nobody is inside, or handed over)--> inside --> left
//        |
//        +--(its work is taken by the one inside)--> taken --> served
//        +--(deadline)--> left: its work is never begun
#pragma once

#include <statemachine/detail/bells.hpp>
#include <statemachine/session.hpp>

#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace statemachine::sqlite {

struct shared_call;

/// What `std::timed_mutex` is, built on conditions because ThreadSanitizer of GCC 12 does not see
/// the lock that `try_lock_until` takes; able to tell a thread that it waits for itself, and to let
/// the one inside do the work of those who wait.
class turnstile {
public:
    enum class entry : unsigned char { taken, nested, too_late, served };

    /// Somebody who wants in, on the stack of its thread.
    class caller {
    public:
        /// @param work  may be done by whoever is inside; null: only by the caller itself
        explicit caller(steady_time until, shared_call* work = nullptr) noexcept
            : until_(until), work_(work) {}

    private:
        friend class turnstile;
        enum class place : unsigned char { waiting, inside, taken, served };

        steady_time until_;
        shared_call* work_;
        std::thread::id thread_ = std::this_thread::get_id();
        place place_ = place::waiting;
        steady_time since_{};
        detail::bell* bell_ = nullptr;
    };

    /// Waits until it is inside, or its work was done.
    entry enter(caller& self);

    /// For the one inside: the work of the next caller that waits, unless its deadline has passed.
    /// That caller then waits until `leave`.
    shared_call* take_work(steady_time now);

    /// For the one inside: what it has taken so far.
    std::span<shared_call* const> taken() const noexcept { return taken_work_; }

    /// Lets the next one in, and then tells those whose work was taken. It has been answered.
    void leave() noexcept;

    /// How many wait, without those whose work was taken.
    std::size_t waiting() const;

private:
    struct guest {
        caller* who;
        detail::bell* bell;
    };

    mutable std::mutex mutex_;
    std::thread::id inside_;
    std::deque<caller*> waiting_;
    std::vector<guest> taken_;
    std::vector<shared_call*> taken_work_;
    detail::bells bells_;
};

/// Leaves the turnstile at the end of a scope, if it was taken.
class turn {
public:
    turn(turnstile& at, turnstile::caller& self) : at_(at), how_(at.enter(self)) {}
    ~turn() {
        if (how_ == turnstile::entry::taken) at_.leave();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    turnstile::entry how() const noexcept { return how_; }

private:
    turnstile& at_;
    turnstile::entry how_;
};

}  // namespace statemachine::sqlite
