// All jobs in a state, read page by page.
#pragma once

#include <cstdint>
#include <vector>

namespace support {

template <class Store>
std::vector<typename Store::record_type> all(Store& jobs, typename Store::state_type state) {
    constexpr std::int64_t page_size = 1000;
    std::vector<typename Store::record_type> found;
    for (std::int64_t after = 0;; after = found.back().id) {
        const auto page = jobs.list(state, {.after = after, .limit = page_size}).value();
        found.insert(found.end(), page.begin(), page.end());
        if (page.size() < page_size) return found;
    }
}

}  // namespace support
