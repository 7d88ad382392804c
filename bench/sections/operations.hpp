// The calls that are compared: through the library, and by hand.
#pragma once

#include "databases/by_hand.hpp"
#include "library.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// The rows that calls are about.
struct rows {
    std::vector<run_type> runs;
    std::vector<std::int64_t> ids;
    std::vector<held> leases;
};

/// One call, the i-th of a round, and what has to be there before.
template <class Place>
struct operation {
    std::string name;
    std::size_t jobs = 1;  ///< of each call
    std::function<void(library<Place>&, rows&, std::size_t)> prepare;
    std::function<void(library<Place>&, rows&, std::size_t)> call;
    std::function<void(by_hand<Place>&, rows&, std::size_t)> prepare_hand;
    std::function<void(by_hand<Place>&, rows&, std::size_t)> call_hand;
};

/// Those of one job.
template <class Place>
std::vector<operation<Place>> single_operations();

/// Those of a batch.
template <class Place>
std::vector<operation<Place>> batch_operations(std::size_t batch);

}  // namespace bench
