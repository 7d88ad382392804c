// Whether what happened keeps the promises: by the rows and the log, and by what callers were told.
#pragma once

#include <statemachine/database.hpp>
#include <statemachine/detail/spec.hpp>
#include <statemachine/testing/history.hpp>

#include <functional>

namespace statemachine::testing {

/// The rows of a query, each value as text; "null" where there is none.
using table_rows = std::vector<std::vector<std::string>>;

/// Brings the rows of a query that has this many columns, all of them text. Throws `failure`.
using table_reader = std::function<table_rows(const std::string& sql, std::size_t columns)>;

/// Reads by this session, which outlives the reader.
[[gnu::visibility("default")]] table_reader reader_of(session& database);

/// A promise that was broken.
struct breach {
    int invariant = 0;  ///< 1 state and log, 2 one winner, 3 acknowledgement, 4 token, 5 key,
                        ///< 6 none lost, 7 events, 8 sweep and batch, 9 an end of each job
    std::string promise{};
    std::vector<std::string> shown_by{};  ///< the rows and records that show it, the first few

    std::string text() const;
};

/// What a test wrote into rows by itself, so that they no longer fit the log in that.
enum class row_edits : unsigned char { none, times_and_attempts };

/// What the rows and the log break by themselves, whatever has happened. It knows nothing of rows
/// that were pruned: leave `memory` and `keep` out of the machine, or the sweeper.
[[gnu::visibility("default")]] std::vector<breach> check_rows(const detail::spec& declared,
                                                              const table_reader& read,
                                                              row_edits made = row_edits::none);

/// What the answers in the history break. It wants all calls recorded, each client under a name of
/// its own, that have changed the rows, but for those of sweeps; a token of one job is not to be
/// used for two changes on purpose. Provisional answers count as unsettled.
[[gnu::visibility("default")]] std::vector<breach> check_history(
    const detail::spec& declared, const dialect& speech, const table_reader& read,
    const std::vector<call_record>& calls);

/// Both.
template <const auto& Machine, database_like Database>
std::vector<breach> check(Database& database, const history& seen) {
    const detail::spec& declared = detail::described<Machine>::value;
    const table_reader read = reader_of(database.connection());
    std::vector<breach> all = check_rows(declared, read);
    for (breach& each : check_history(declared, Database::dialect, read, seen.calls()))
        all.push_back(std::move(each));
    return all;
}

}  // namespace statemachine::testing
