// How many commits a benchmark can afford: a disk that others write to may need ten times as long
// for each, and the run is to end.
#pragma once

#include "databases/by_hand.hpp"
#include "pairs.hpp"

#include <algorithm>

namespace bench {

/// Seconds of one commit by hand at full durability, measured once.
template <class Place>
double seconds_of_commit() {
    static const double each = [] {
        constexpr std::size_t count = 20;
        const Place at(durability::full);
        by_hand<Place>::make_table(at);
        by_hand<Place> hand(at);
        hand.submit("{}");
        return measured([&] {
                   for (std::size_t i = 0; i < count; ++i) hand.submit("{}");
               }).wall /
               count;
    }();
    return each;
}

/// @param commits  of each of the `wanted`, whoever does them
template <class Place>
std::size_t affordable(std::size_t wanted, double commits) {
    if (wanted_size() != size::shorter) return wanted;
    constexpr double seconds = 1.0;
    const auto can = static_cast<std::size_t>(seconds / (commits * seconds_of_commit<Place>()));
    return std::clamp(can, std::max<std::size_t>(wanted / 20, 2), wanted);
}

}  // namespace bench
