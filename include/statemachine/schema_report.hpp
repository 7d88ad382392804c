// What a migration did, what a check found, and how the database runs a statement.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace statemachine {

/// How long a migration may take.
struct migrate_options {
    /// For the whole call, at most a year. It waits for indexes of large tables; a call that ran
    /// out of time is taken up again by the next one.
    std::chrono::milliseconds deadline = std::chrono::minutes(10);

    /// For one lock of a table, which makes writers wait behind it: at least a millisecond. The
    /// call tries again until its deadline.
    std::chrono::milliseconds lock_wait = std::chrono::seconds(1);
};

/// What a migration did.
struct migration {
    std::int64_t number = 0;           ///< how many declarations the tables have had, this included
    std::vector<std::string> changes;  ///< the statements that it ran; none where all fitted

    /// The tables have had this declaration and then a newer one: nothing was changed.
    bool superseded = false;
};

/// How the tables differ from the declaration.
struct schema_report {
    std::vector<std::string> differences;  ///< one sentence for each thing that has to be mended
    std::vector<std::string> remarks;      ///< what is there besides and does no harm

    bool fits() const noexcept { return differences.empty(); }
};

/// A statement of the machine and how the database would run it.
struct explained {
    std::string event;     ///< or what the library does: `submit`, `renew`, `expire`, `read`, ...
    std::string form;      ///< such as `by id`, `with token`, `log`; may be empty
    std::string_view sql;  ///< lives as long as the program
    std::string plan;      ///< the database's own words by lines; empty where nothing is searched
};

}  // namespace statemachine
