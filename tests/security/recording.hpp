// A database that notes every statement on its way, and can lose a reply or refuse a statement.
#pragma once

#include "conformance/backend.hpp"

#include <statemachine/session.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace security {

namespace sm = statemachine;

/// What crossed the seam between the library and its database.
struct statements_seen {
    std::set<std::string> texts{};
    std::size_t count = 0;
    std::size_t longest_value = 0;  ///< of all parameters

    void note(const sm::statement& what, std::span<const sm::value> parameters) {
        ++count;
        texts.emplace(what.text);
        for (const sm::value& each : parameters) {
            longest_value = std::max(longest_value, each.text().size());
            for (const sm::value& element : each.elements())
                longest_value = std::max(longest_value, element.text().size());
        }
    }
};

/// What goes wrong next.
struct next_fault {
    bool loses_reply = false;      ///< of a transaction, which is committed; it happens once
    bool refuses_batches = false;  ///< of a sweep: its jobs are then taken one by one
    bool happened = false;

    bool refuses(std::string_view text) const {
        return refuses_batches && text.find("LIMIT") != text.npos &&
               (text.find("UPDATE \"letters\" SET") != text.npos ||
                text.find("DELETE FROM \"letters\"") != text.npos);
    }
};

class recording_executor final : public sm::executor {
public:
    recording_executor(sm::executor& inner, statements_seen& seen, next_fault& next)
        : inner_(inner), seen_(seen), next_(next) {}

    sm::result<std::size_t> execute(const sm::statement& what,
                                    std::span<const sm::value> parameters,
                                    sm::row_sink on_row) override {
        seen_.note(what, parameters);
        if (next_.refuses(what.text)) {
            next_.happened = true;
            return sm::error{sm::errc::constraint_violated, "the table refuses the row"};
        }
        return inner_.execute(what, parameters, on_row);
    }
    sm::timestamp now() const noexcept override { return inner_.now(); }

private:
    sm::executor& inner_;
    statements_seen& seen_;
    next_fault& next_;
};

class recording_session final : public sm::session {
public:
    recording_session(sm::session& inner, statements_seen& seen, next_fault& next)
        : inner_(inner), seen_(seen), next_(next) {}

    using session::transact;
    sm::steady_time call_deadline() const noexcept override { return inner_.call_deadline(); }
    bool reconnects() const noexcept override { return inner_.reconnects(); }

    sm::result<sm::ending> transact(sm::access need, sm::steady_time until,
                                    sm::work body) override {
        auto ended = inner_.transact(need, until, [&](sm::executor& inner) {
            recording_executor recorded(inner, seen_, next_);
            return body(recorded);
        });
        if (!ended || !next_.loses_reply || need == sm::access::read) return ended;
        next_.loses_reply = false;
        next_.happened = true;
        return sm::error{sm::errc::connection_lost, "the reply got lost"};
    }

private:
    sm::session& inner_;
    statements_seen& seen_;
    next_fault& next_;
};

/// A transaction of it.
template <class Native>
class recording_transaction {
public:
    static constexpr const sm::dialect& dialect = Native::dialect;

    recording_transaction(Native& native, statements_seen& seen, next_fault& next)
        : session_(native.connection(), seen, next) {}
    sm::session& connection() noexcept { return session_; }

private:
    recording_session session_;
};

template <class Native>
class recording_database {
public:
    static constexpr const sm::dialect& dialect = Native::dialect;

    explicit recording_database(Native& native)
        : native_(native), session_(native.connection(), seen, next) {}

    sm::session& connection() noexcept { return session_; }

    template <class Body>
    sm::result<sm::ending> transaction(Body&& body) {
        return native_.transaction([&](auto& inside) {
            recording_transaction<std::remove_reference_t<decltype(inside)>> recorded(inside, seen,
                                                                                      next);
            return body(recorded);
        });
    }

    statements_seen seen;
    next_fault next;

private:
    Native& native_;
    recording_session session_;
};

}  // namespace security
