// Cycle after cycle, as a service does it.
#pragma once

#include "report.hpp"

namespace camera_sync {

struct round_options {
    std::chrono::milliseconds every{1000};  ///< rest between two cycles
    bool until_done = false;                ///< end when no clip is left that could be done
};

/// Prints a line for each cycle. Throws what broke one, after its tails have ended.
void go_round(clip_sync& camera, sm::store<machine>& jobs, const std::stop_token& stop,
              const round_options& how, std::ostream& out);

}  // namespace camera_sync
