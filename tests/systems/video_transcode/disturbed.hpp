// A database whose transactions can be watched, held, failed or killed at any of their statements.
#pragma once

#include <statemachine/session.hpp>

#include <functional>
#include <optional>
#include <string>

namespace systems {

namespace sm = statemachine;

/// What happens inside transactions. An error is what the statement, or the commit, ends with.
struct disturbance {
    using at_statement = std::function<std::optional<sm::error>(std::string_view text)>;

    at_statement before_statement = [](std::string_view) { return std::nullopt; };
    at_statement after_statement = [](std::string_view) { return std::nullopt; };
    std::function<std::optional<sm::error>()> before_commit = [] { return std::nullopt; };
    std::function<void()> after_commit = [] {};
};

class disturbed_executor final : public sm::executor {
public:
    disturbed_executor(sm::executor& inner, const disturbance& by) : inner_(inner), by_(by) {}

    sm::result<std::size_t> execute(const sm::statement& what,
                                    std::span<const sm::value> parameters,
                                    sm::row_sink on_row) override {
        if (auto wrong = by_.before_statement(what.text)) return *std::move(wrong);
        auto done = inner_.execute(what, parameters, on_row);
        if (!done) return done;
        if (auto wrong = by_.after_statement(what.text)) return *std::move(wrong);
        return done;
    }
    sm::timestamp now() const noexcept override { return inner_.now(); }

private:
    sm::executor& inner_;
    const disturbance& by_;
};

class disturbed_session final : public sm::session {
public:
    disturbed_session(sm::session& inner, const disturbance& by) : inner_(inner), by_(by) {}

    using session::transact;
    sm::steady_time call_deadline() const noexcept override { return inner_.call_deadline(); }
    bool reconnects() const noexcept override { return inner_.reconnects(); }
    sm::result<sm::ending> transact(sm::access need, sm::steady_time until,
                                    sm::work body) override {
        return inner_.transact(need, until, [&](sm::executor& inner) -> sm::result<sm::verdict> {
            disturbed_executor disturbed(inner, by_);
            return body(disturbed);
        });
    }

private:
    sm::session& inner_;
    const disturbance& by_;
};

/// Calls outside of transactions go through undisturbed.
template <class Native>
class disturbed_database {
public:
    static constexpr const sm::dialect& dialect = Native::dialect;

    struct transaction_type {
        static constexpr const sm::dialect& dialect = Native::dialect;
        disturbed_session inside;
        sm::session& connection() noexcept { return inside; }
    };

    disturbed_database(Native native, const disturbance& by)
        : native_(std::move(native)), by_(by) {}

    sm::session& connection() noexcept { return native_.connection(); }

    template <class Body>
    sm::result<sm::ending> transaction(Body&& body) {
        auto ended = native_.transaction([&](auto& inside) -> sm::result<void> {
            transaction_type disturbed{{inside.connection(), by_}};
            auto done = body(disturbed);
            if (!done) return done;
            if (auto wrong = by_.before_commit()) return *std::move(wrong);
            return done;
        });
        if (ended) by_.after_commit();
        return ended;
    }

private:
    Native native_;
    const disturbance& by_;
};

}  // namespace systems
