// What claims know of where due jobs stand, without the many claims that it takes.
#pragma once

#include <render/plans.hpp>
#include <statemachine/detail/catalog.hpp>
#include <statemachine/session.hpp>

namespace statemachine::tests {

template <const auto& Machine, class Database>
class known_front {
public:
    known_front(Database& database, std::string_view event)
        : known_(database.connection().fronts()), claim_(claim_of(event)) {}

    /// Claims begin there for a second.
    void set(const detail::front& begin) {
        const auto asked = known_.ask(claim_, std::chrono::steady_clock::now());
        known_.found(claim_, begin, asked.round);
    }

    /// The next claim looks for it.
    void let_look() {
        known_.ask(claim_, std::chrono::steady_clock::now() - std::chrono::hours(1));
        for (int i = 0; i < 100; ++i) known_.succeeded(claim_, 1);
    }

    /// As after so many jobs that were claimed from there on: the next claim looks for another.
    void pass_by(std::size_t jobs) { known_.succeeded(claim_, jobs); }

private:
    static const void* claim_of(std::string_view event) {
        const auto& statements = detail::catalog_of<Machine, Database::dialect>();
        return &statements
                    .events[static_cast<std::size_t>(statements.declared->event_named(event))];
    }

    detail::fronts& known_;
    const void* claim_;
};

}  // namespace statemachine::tests
