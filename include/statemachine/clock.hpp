// Where the time comes from on a database that has no clock of its own to trust (SQLite).
#pragma once

#include <statemachine/value.hpp>

namespace statemachine {

/// A source of time. Implementations must be thread-safe. PostgreSQL never asks it: there only the
/// server's clock decides.
class [[gnu::visibility("default")]] clock {
public:
    virtual ~clock() = default;
    virtual timestamp now() const noexcept = 0;
};

/// The machine's clock.
[[gnu::visibility("default")]] const clock& system_clock() noexcept;

}  // namespace statemachine
