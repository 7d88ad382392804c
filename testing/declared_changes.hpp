// What a declaration allows the log to show, as sets of names for queries.
#pragma once

#include <statemachine/detail/spec.hpp>

#include <set>
#include <string>
#include <tuple>

namespace statemachine::testing {

using names = std::set<std::string>;

/// `('', 'a', 'b')`
std::string list_of(const names& all);

/// Event, from, to; `null` before a submit.
using changed = std::tuple<std::string, std::string, std::string>;

struct allowed {
    explicit allowed(const detail::spec& declared);

    names states, terminal, leased, claims, controls;
    std::set<changed> changes;
    std::set<changed> emitting;   ///< that emit by each rule which makes this change
    std::set<changed> silent;     ///< that emit by none
    int most_attempts = 0;        ///< 0: no limit
    bool forgets_events = false;  ///< they are deleted when they are old and delivered

    /// The quoted table with this ending.
    std::string table(std::string_view ending = {}) const;

private:
    void add(std::string_view event, std::string_view from, int to, bool emits);
    void add_ends_of_leases(int from);

    const detail::spec& declared_;
    std::set<changed> emitted_, unemitted_;
};

}  // namespace statemachine::testing
