// What a transaction sends, kept beyond its call, so that it can arrive late.
#pragma once

#include <statemachine/session.hpp>

#include <string>
#include <vector>

namespace statemachine::testing {

struct request {
    struct part {
        statement what;
        std::vector<value> parameters;
        std::vector<std::string> texts;  // what the views of the parameters show
    };
    std::vector<part> parts;
    std::vector<std::int64_t> ids;  // of the rows that the first statement would have changed
    timestamp bound_at{};
};

/// Passes statements on, and keeps a copy of each.
class request_copy final : public executor {
public:
    explicit request_copy(executor& inner) : inner_(inner) { kept_.bound_at = inner.now(); }

    result<std::size_t> execute(const statement& what, std::span<const value> parameters,
                                row_sink on_row) override;
    timestamp now() const noexcept override { return inner_.now(); }

    request take() { return std::move(kept_); }

private:
    executor& inner_;
    request kept_;
    bool missed_ = false;  // the change found nothing
};

/// Whether it is one change with what follows from it: all of it travels at once.
bool travels_at_once(const request& sent);

/// Runs it at the moment that it is now, with its followers for each row that it changes by then.
result<verdict> arrive(const request& sent, executor& transaction);

}  // namespace statemachine::testing
