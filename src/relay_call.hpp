// What the statements of a relay may need, and how they are sent.
#pragma once

#include "render/plans.hpp"

#include <statemachine/detail/relay_core.hpp>

namespace statemachine::detail {

struct relay_values {
    std::string_view consumer{};
    std::string_view error{};
    std::optional<timestamp> starts_at{};
    std::int64_t job = 0;
    std::int64_t version = 0;
    std::int64_t part = 0;
    std::int64_t epoch = 0;
    std::int64_t tries = 0;
    std::int64_t generation = 0;
    std::int64_t delay = 0;
    std::int64_t limit = 0;
};

relay_values values_of(std::string_view group, const emission& event);
emission emission_of(const spec& declared, std::span<const value> row);

// Runs one statement inside a transaction.
result<std::size_t> send(executor& transaction, const compiled_statement& what,
                         const relay_values& values, row_sink on_row);

// Runs one statement in a transaction of its own.
result<std::size_t> send_alone(session& on, access need, const compiled_statement& what,
                               const relay_values& values, row_sink on_row);
result<std::size_t> send_alone(session& on, access need, const compiled_statement& what,
                               const relay_values& values);

// The next generation that events have; none behind the last.
result<std::optional<std::int64_t>> next_generation(session& on, const relay_catalog& statements,
                                                    std::int64_t behind);

}  // namespace statemachine::detail
