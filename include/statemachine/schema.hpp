// The tables of one machine: what they should be, what they are, and how one becomes the other.
//
//     auto tables = sm::schema<transcode::machine>{db};
//     auto done = tables.migrate().value();               // done.changes: what was run
//     auto report = tables.check().value();
//     for (auto& each : report.differences) log(each);
//     auto plans = tables.explain().value();
//     for (auto& each : plans) log(each.event, each.plan);
//
// A migration adds and never takes a job away. What it does for a declaration that changed:
//
//     a new column     is added; jobs that exist get the value that the member has in a job made by
//                      default, and so do jobs that older programs still submit
//     `formerly`       renames the column, or the state of each job; the log and the tokens keep
//                      the old name of a state and are read with the new one
//     a new state      is allowed from then on
//     a state removed  is refused with its name and count as long as a job is in it
//     a new claim      gets its indexes, beside writers where the database can; those that neither
//                      this declaration nor the one before it needs are dropped
//     another range    of a number that the database keeps in the same type, as SQLite does those
//                      of 32 and of 64 bits, is held from then on; refused as long as a job is
//                      beyond it
//     everything else  such as another type is refused in words
//
// A program with the declaration before goes on working beside the new one, unless something was
// renamed; jobs in states that it does not know it leaves alone, and reading one says
// `errc::undeclared_value`. When it migrates again it changes nothing: the tables remember which
// declarations they have had.
#pragma once

#include <statemachine/detail/schema_core.hpp>
#include <statemachine/store.hpp>

namespace statemachine {

/// The tables of `Machine` in one database. All members may be called from several threads, and
/// processes, at once.
template <const auto& Machine>
class schema {
    static_assert(verify<Machine>());

public:
    using migration_type = detail::of_machine<Machine, migration>;
    using report_type = detail::of_machine<Machine, schema_report>;
    using explained_type = detail::of_machine<Machine, explained>;

    /// @param database  outlives the schema; its type decides which statements are sent
    template <database_like Database>
    explicit schema(Database& database)
        : core_(detail::catalog_of<Machine, Database::dialect>(), database.connection()) {}

    /// The statements that make the tables where there are none.
    std::string_view ddl() const noexcept { return core_.ddl(); }

    /// Makes the tables fit the declaration. Sends nothing but reads where they do.
    /// @return what was done; `errc::schema_drifted` with a sentence about what cannot be changed,
    ///         before anything is; `busy` when the deadline came first; `invalid_argument` for
    ///         options out of range
    /// @note Takes effect in one transaction, except for indexes of a large table and the look at
    ///       its old rows, which follow without holding up writers, and are taken up again by the
    ///       next call where one was cut short.
    result<migration_type> migrate(const migrate_options& options = {}) {
        return core_.migrate(options);
    }

    /// Compares the tables with the declaration: columns, their types and ranges, whether they take
    /// NULL, the states allowed, indexes, and whether row level security would hide jobs from this
    /// role.
    result<report_type> check() { return core_.check(); }

    /// Each statement of the machine with its plan on this database as it is now, for sample
    /// values. Runs none of them.
    result<std::vector<explained_type>> explain() { return core_.explain(); }

private:
    detail::of_machine<Machine, detail::schema_core> core_;
};

}  // namespace statemachine
