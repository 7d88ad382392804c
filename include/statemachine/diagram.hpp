// The life of a job as a picture, made from its declaration.
//
//     std::cout << sm::diagram<files::machine>();       // Mermaid, for a README or a dashboard
#pragma once

#include <statemachine/verify.hpp>

#include <string>

namespace statemachine {

namespace detail {
[[gnu::visibility("default")]] std::string diagram_of(const spec& declared);
}  // namespace detail

/// The machine as a Mermaid state diagram: events with their guards, leases with what happens when
/// they run out, retries with their delays, and what is emitted. Control events stand in brackets.
template <const auto& Machine>
std::string diagram() {
    static_assert(verify<Machine>());
    return detail::diagram_of(detail::described<Machine>::value);
}

}  // namespace statemachine
