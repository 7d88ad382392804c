// What holds for the rows and the log of any machine after whatever happened to them.
#pragma once

#include "backend.hpp"

#include <statemachine/testing/check.hpp>

namespace conformance {

/// The promises that the rows of this machine break, each with the rows that show it; empty when
/// all hold.
template <const auto& Machine, class Backend>
std::vector<std::string> breaches(const Backend& place) {
    std::vector<std::string> all;
    const auto read = [&](const std::string& sql, std::size_t) { return place.query(sql); };
    // Tests let time pass by moving it in the rows, and use up attempts there.
    for (const auto& each :
         statemachine::testing::check_rows(statemachine::detail::described<Machine>::value, read,
                                           statemachine::testing::row_edits::times_and_attempts))
        all.push_back(each.text());
    return all;
}

}  // namespace conformance
