// A session whose n-th step fails. Steps are: to begin a transaction, to run a statement, to
// commit.
#pragma once

#include <statemachine/session.hpp>

#include <functional>
#include <optional>

namespace steps {

namespace sm = statemachine;

/// How a step fails, and what of it the database did.
enum class failure {
    busy,
    deadlock,
    serialization,
    not_connected,
    constraint,
    disk_full,
    lost_before,  ///< the connection broke, and the step was not done
    lost_after,   ///< it was done, and the reply to it got lost
};
inline constexpr failure all_failures[] = {
    failure::busy,       failure::deadlock,  failure::serialization, failure::not_connected,
    failure::constraint, failure::disk_full, failure::lost_before,   failure::lost_after,
};

constexpr sm::errc code_of(failure how) {
    switch (how) {
        case failure::busy: return sm::errc::busy;
        case failure::deadlock: return sm::errc::deadlock;
        case failure::serialization: return sm::errc::serialization_failure;
        case failure::not_connected: return sm::errc::cannot_connect;
        case failure::constraint: return sm::errc::constraint_violated;
        case failure::disk_full: return sm::errc::disk_full;
        default: return sm::errc::connection_lost;
    }
}

/// Which step fails, of those of one call.
struct plan {
    int at = 0;  ///< from 1; 0: none
    failure how{};
    int taken = 0;
    bool failed = false;
    std::function<void()> when_it_failed{};

    /// Whether this step is the one.
    bool fails_here() {
        if (++taken != at) return false;
        failed = true;
        return true;
    }
    sm::error told() const { return {code_of(how), "the step failed on purpose"}; }
    void happened() const {
        if (when_it_failed) when_it_failed();
    }
};

class failing_session final : public sm::session {
public:
    failing_session(sm::session& inner, plan& what) : inner_(inner), plan_(what) {}

    using session::transact;
    sm::steady_time call_deadline() const noexcept override { return inner_.call_deadline(); }
    bool reconnects() const noexcept override { return inner_.reconnects(); }

    sm::result<sm::ending> transact(sm::access need, sm::steady_time until,
                                    sm::work body) override {
        if (plan_.fails_here()) {
            // A reply to BEGIN that got lost leaves nothing behind either.
            plan_.happened();
            return plan_.told();
        }
        // A single statement commits by itself on some databases: it fails before, or after all.
        bool lose_the_reply = false;
        auto ended = inner_.transact(need, until, [&](sm::executor& inner) {
            failing_executor inside(inner, plan_);
            auto decided = body(inside);
            if (!decided || decided.value() == sm::verdict::roll_back) return decided;
            if (need == sm::access::read || !plan_.fails_here()) return decided;
            lose_the_reply = plan_.how == failure::lost_after || need == sm::access::single;
            if (!lose_the_reply) return sm::result<sm::verdict>(plan_.told());
            return decided;
        });
        if (plan_.failed && !told_) {
            told_ = true;
            plan_.happened();
        }
        if (lose_the_reply && ended)
            return sm::error(sm::errc::connection_lost, "the reply to the commit got lost");
        return ended;
    }

private:
    class failing_executor final : public sm::executor {
    public:
        failing_executor(sm::executor& inner, plan& what) : inner_(inner), plan_(what) {}

        sm::result<std::size_t> execute(const sm::statement& what,
                                        std::span<const sm::value> parameters,
                                        sm::row_sink on_row) override {
            if (!plan_.fails_here()) return inner_.execute(what, parameters, on_row);
            if (plan_.how == failure::lost_after)
                static_cast<void>(inner_.execute(what, parameters, on_row));
            return plan_.told();
        }
        sm::timestamp now() const noexcept override { return inner_.now(); }

    private:
        sm::executor& inner_;
        plan& plan_;
    };

    sm::session& inner_;
    plan& plan_;
    bool told_ = false;
};

/// A database for stores, on the database of a place.
template <class Native>
class failing_database {
public:
    static constexpr const sm::dialect& dialect = Native::dialect;

    failing_database(Native& inner, plan& what) : session_(inner.connection(), what) {}
    sm::session& connection() noexcept { return session_; }

private:
    failing_session session_;
};

}  // namespace steps
