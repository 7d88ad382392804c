// A real database whose replies get lost on order.
#pragma once

#include "backend.hpp"

#include <atomic>

namespace conformance {

/// Which transactions meet with an accident. `read` ones are counted, and fail only while it is
/// away.
class accidents {
public:
    std::atomic<bool> away{false};      ///< nothing can be sent
    std::atomic<int> lose_replies{0};   ///< of the next writes: done, and not answered
    std::atomic<int> lose_requests{0};  ///< of the next writes: not done, and not answered
    std::atomic<int> writes{0};         ///< sent so far
    std::atomic<int> happened{0};       ///< accidents so far
};

class faulty_session final : public statemachine::session {
public:
    faulty_session(statemachine::session& real, accidents& order) : real_(real), order_(order) {}

    statemachine::steady_time call_deadline() const noexcept override {
        return real_.call_deadline();
    }
    // As if each accident lasted to the deadline of its call: what a store settles within a call is
    // shown elsewhere.
    bool reconnects() const noexcept override { return false; }
    using session::transact;
    statemachine::result<statemachine::ending> transact(statemachine::access need,
                                                        statemachine::steady_time until,
                                                        statemachine::work body) override {
        using statemachine::errc;
        const auto happens = [&](errc code) {
            ++order_.happened;
            return statemachine::error(code, "an accident on order");
        };
        if (order_.away) return happens(errc::cannot_connect);
        if (need == statemachine::access::read) return real_.transact(need, until, body);
        ++order_.writes;
        if (take(order_.lose_requests)) return happens(errc::connection_lost);
        auto did = real_.transact(need, until, body);
        if (did && take(order_.lose_replies)) return happens(errc::connection_lost);
        return did;
    }

private:
    static bool take(std::atomic<int>& left) {
        int seen = left.load();
        while (seen > 0)
            if (left.compare_exchange_weak(seen, seen - 1)) return true;
        return false;
    }

    statemachine::session& real_;
    accidents& order_;
};

template <class Database>
class faulty_database {
public:
    static constexpr const statemachine::dialect& dialect = Database::dialect;
    faulty_database(Database& real, accidents& order) : session_(real.connection(), order) {}
    statemachine::session& connection() noexcept { return session_; }

private:
    faulty_session session_;
};

}  // namespace conformance
