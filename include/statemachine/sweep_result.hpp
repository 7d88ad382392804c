// What a sweep did, and how a sweeper goes about it.
#pragma once

#include <statemachine/observer.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace statemachine {

/// What a sweep did. All counts are of rows.
struct swept {
    std::size_t expired = 0;    ///< handed back, their lease had run out
    std::size_t exhausted = 0;  ///< ended, their attempts were used up
    std::size_t removed = 0;    ///< jobs that were kept for long enough
    std::size_t forgotten = 0;  ///< tokens, log entries and events beyond their memory
    std::size_t refused = 0;  ///< jobs that a constraint or trigger of the table keeps as they are
    bool not_due = false;     ///< another sweeper has swept within the interval
    bool in_grace = false;    ///< after an outage: leases are left alone for a while
};

/// How a sweeper works. Times are by the database's clock, but for the rest between two looks.
struct sweeper_options {
    /// Between two sweeps, of all sweepers together. Shorter than the machine's grace, and better
    /// below a third of it: one sweep that comes late is then no outage. At most a day.
    std::chrono::milliseconds interval{30'000};
    std::size_t batch = 500;      ///< rows of one statement
    std::size_t rounds = 20;      ///< statements of each kind in one sweep
    std::string actor = "sweep";  ///< written to the log
    observer* watch = nullptr;    ///< is told of each sweep; it outlives the sweeper
};

}  // namespace statemachine
