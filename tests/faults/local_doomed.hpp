// A database on which the process kills itself at a step of a call. Steps are: to begin a
// transaction, before and after each statement, before and after the commit.
#pragma once

#include <statemachine/dialect.hpp>
#include <statemachine/session.hpp>

#include <csignal>

namespace faults {

namespace sm = statemachine;

/// At which step it ends.
struct doom {
    int at = 0;
    int taken = 0;

    void step() {
        if (++taken == at) std::raise(SIGKILL);
    }
};

class doomed_session final : public sm::session {
public:
    doomed_session(sm::session& inner, doom& by) : inner_(inner), by_(by) {}

    using session::transact;
    sm::steady_time call_deadline() const noexcept override { return inner_.call_deadline(); }
    bool reconnects() const noexcept override { return inner_.reconnects(); }

    sm::result<sm::ending> transact(sm::access need, sm::steady_time until,
                                    sm::work body) override {
        by_.step();
        auto ended = inner_.transact(need, until, [&](sm::executor& inner) {
            doomed_executor inside(inner, by_);
            auto decided = body(inside);
            by_.step();
            return decided;
        });
        by_.step();
        return ended;
    }

private:
    class doomed_executor final : public sm::executor {
    public:
        doomed_executor(sm::executor& inner, doom& by) : inner_(inner), by_(by) {}

        sm::result<std::size_t> execute(const sm::statement& what,
                                        std::span<const sm::value> parameters,
                                        sm::row_sink on_row) override {
            by_.step();
            auto done = inner_.execute(what, parameters, on_row);
            by_.step();
            return done;
        }
        sm::timestamp now() const noexcept override { return inner_.now(); }

    private:
        sm::executor& inner_;
        doom& by_;
    };

    sm::session& inner_;
    doom& by_;
};

/// A database for stores, on one of the library.
template <class Native>
class doomed_database {
public:
    static constexpr const sm::dialect& dialect = Native::dialect;

    doomed_database(Native& inner, doom& by) : session_(inner.connection(), by) {}
    sm::session& connection() noexcept { return session_; }

private:
    doomed_session session_;
};

}  // namespace faults
