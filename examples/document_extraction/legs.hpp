// The two legs of a document, each done by a worker of the library.
#pragma once

#include "machine.hpp"

#include <functional>

namespace extraction {

struct leg_options {
    std::string name;   // of the worker
    std::string inbox;  // the directory of the documents
    std::chrono::milliseconds poll{200};
    /// Called in the middle of a run and right after a leg's end: where the demo and the tests
    /// stop and kill workers. Both may be empty.
    std::function<void()> in_the_middle{}, after_the_end{};
};

/// Finds texts until the stop.
template <const times& Times>
sm::worker_summary find_texts(documents<Times>& jobs, const leg_options& how,
                              const std::stop_token& stop);
/// Refines what the first leg left: finds boxes until the stop.
template <const times& Times>
sm::worker_summary find_boxes(documents<Times>& jobs, const leg_options& how,
                              const std::stop_token& stop);

}  // namespace extraction
