// Both databases for tests whose clients are processes.
#pragma once

#include "conformance/backend.hpp"
#include "local_roles.hpp"
#include "machine.hpp"

namespace faults {

/// A file, or a schema on the server of the run: migrated, and gone at the end.
template <class Backend>
struct own_place {
    static constexpr bool in_a_file = std::is_same_v<Backend, conformance::sqlite_backend>;
    using database = std::conditional_t<in_a_file, statemachine::sqlite::database,
                                        statemachine::postgres::database>;

    own_place() {
        at.backend = database::dialect.name;
        // What was written survives the death of a process; the machine lives on.
        at.sync = "off";
        if constexpr (in_a_file)
            at.where = held.where();
        else
            at.where = held.conninfo();
        database first = open();
        statemachine::store<work::machine>(first).migrate().value();
    }

    database open() const { return open_at<database>(at); }

    /// A worker there, as a role.
    std::vector<std::string> worker(const std::string& name, int threads,
                                    int milliseconds_of_a_job) const {
        auto role = at.words();
        role.insert(role.begin(), "worker");
        role.insert(role.end(),
                    {name, std::to_string(threads), std::to_string(milliseconds_of_a_job)});
        return role;
    }

    Backend held;
    place at;
};

}  // namespace faults
