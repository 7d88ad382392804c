// The statements of one machine in one dialect. The library renders them when they are first needed
// and keeps them as long as the process runs: what is compiled with each program stays small.
#pragma once

#include <statemachine/detail/spec.hpp>
#include <statemachine/dialect.hpp>

#include <atomic>

namespace statemachine::detail {

struct catalog;           // of the store
struct relay_catalog;     // of the outbox
struct sweep_catalog;     // of a sweeper
struct overview_catalog;  // of an overview

// Where one is kept: whoever finds none renders one, and the first of several is taken. No one
// waits for another, so that a child that is forked meanwhile does not wait for ever.
template <class Catalog>
using place_of = std::atomic<const Catalog*>;

using job_maker = const void* (*)();  // a job as it is made by default

[[gnu::visibility("default")]] const catalog& rendered(place_of<catalog>& place,
                                                       const spec& declared, const dialect& speech,
                                                       job_maker make);
[[gnu::visibility("default")]] const relay_catalog& rendered(place_of<relay_catalog>& place,
                                                             const spec& declared,
                                                             const dialect& speech);
[[gnu::visibility("default")]] const sweep_catalog& rendered(place_of<sweep_catalog>& place,
                                                             const catalog& statements);
[[gnu::visibility("default")]] const overview_catalog& rendered(place_of<overview_catalog>& place,
                                                                const spec& declared,
                                                                const dialect& speech);

template <const auto& Machine>
const void* fresh_job() {
    static const typename described<Machine>::job_type fresh{};
    return &fresh;
}

template <const auto& Machine, const dialect& Speech>
const catalog& catalog_of() {
    static constinit place_of<catalog> place{nullptr};
    return rendered(place, described<Machine>::value, Speech, fresh_job<Machine>);
}

template <const auto& Machine, const dialect& Speech>
const relay_catalog& relay_catalog_of() {
    static constinit place_of<relay_catalog> place{nullptr};
    return rendered(place, described<Machine>::value, Speech);
}

template <const auto& Machine, const dialect& Speech>
const sweep_catalog& sweep_catalog_of() {
    static constinit place_of<sweep_catalog> place{nullptr};
    return rendered(place, catalog_of<Machine, Speech>());
}

template <const auto& Machine, const dialect& Speech>
const overview_catalog& overview_catalog_of() {
    static constinit place_of<overview_catalog> place{nullptr};
    return rendered(place, described<Machine>::value, Speech);
}

}  // namespace statemachine::detail
