// The statements of one machine in one dialect. The library renders them when they are first needed
// and keeps them as long as the process runs: what is compiled with each program stays small.
#pragma once

#include <statemachine/detail/spec.hpp>
#include <statemachine/dialect.hpp>

namespace statemachine::detail {

struct catalog;           // of the store
struct relay_catalog;     // of the outbox
struct sweep_catalog;     // of a sweeper
struct overview_catalog;  // of an overview

using job_maker = const void* (*)();  // a job as it is made by default

[[gnu::visibility("default")]] const catalog& render_catalog(const spec& declared,
                                                             const dialect& speech, job_maker make);
[[gnu::visibility("default")]] const relay_catalog& render_relay_catalog(const spec& declared,
                                                                         const dialect& speech);
[[gnu::visibility("default")]] const sweep_catalog& render_sweep_catalog(const catalog& statements);
[[gnu::visibility("default")]] const overview_catalog& render_overview_catalog(
    const spec& declared, const dialect& speech);

template <const auto& Machine>
const void* fresh_job() {
    static const typename described<Machine>::job_type fresh{};
    return &fresh;
}

template <const auto& Machine, const dialect& Speech>
const catalog& catalog_of() {
    static const catalog& rendered =
        render_catalog(described<Machine>::value, Speech, fresh_job<Machine>);
    return rendered;
}

template <const auto& Machine, const dialect& Speech>
const relay_catalog& relay_catalog_of() {
    static const relay_catalog& rendered = render_relay_catalog(described<Machine>::value, Speech);
    return rendered;
}

template <const auto& Machine, const dialect& Speech>
const sweep_catalog& sweep_catalog_of() {
    static const sweep_catalog& rendered = render_sweep_catalog(catalog_of<Machine, Speech>());
    return rendered;
}

template <const auto& Machine, const dialect& Speech>
const overview_catalog& overview_catalog_of() {
    static const overview_catalog& rendered =
        render_overview_catalog(described<Machine>::value, Speech);
    return rendered;
}

}  // namespace statemachine::detail
