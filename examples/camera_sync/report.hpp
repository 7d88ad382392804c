// What a person reads: progress, one line per cycle, and what there is in the end.
#pragma once

#include "clip_sync.hpp"

#include <ostream>

namespace camera_sync {

/// Prints each step with the seconds since it was made. Thread-safe.
class progress {
public:
    explicit progress(std::ostream& out) : out_(out) {}
    void operator()(moment when, const std::string& what);

private:
    std::ostream& out_;
    std::mutex mutex_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// Such as: `cycle: drained, 2.57 s, pipelined; 12 downloads 2.41 s, 12 tails 1.73 s; all through`
std::string line_of(const cycle_report& cycle);

/// Counts by state, with a line for each clip that somebody should look at.
void print_summary(std::ostream& out, sm::store<machine>& jobs);

/// Seconds with two decimals.
std::string seconds_of(std::chrono::microseconds time);

}  // namespace camera_sync
