// Hands back jobs whose lease ran out, ends those whose attempts are used up, and removes what is
// old: regularly, by any number of processes, of which one does the work of an interval.
//
//     sm::sweeper<transcode::machine> sweeper{db, {.interval = 30s}};
//     std::jthread sweeping{[&](const std::stop_token& stop) { ended = sweeper.run(stop); }};
//
// A machine that declares `.grace` needs a running sweeper: when sweeps have stopped for longer
// than the grace, nobody may have been able to renew, and leases are left alone for as long again.
#pragma once

#include <statemachine/detail/sweep_core.hpp>
#include <statemachine/store.hpp>

namespace statemachine {

/// All members may be called from several threads at once.
template <const auto& Machine>
class sweeper {
    static_assert(verify<Machine>());

public:
    using swept_type = detail::of_machine<Machine, swept>;

    /// @param database  outlives the sweeper
    template <database_like Database>
    explicit sweeper(Database& database, sweeper_options how = {})
        : core_(store<Machine>(database).core(),
                detail::sweep_catalog_of<Machine, Database::dialect>(), std::move(how)) {
        if constexpr (detail::described<Machine>::value.emits())
            core_.also_prune(detail::relay_catalog_of<Machine, Database::dialect>(),
                             database.connection());
    }

    /// Sweeps if a sweep is due: `not_due` tells that another one has swept within the interval.
    /// The work of one call is bounded; what is left is swept by the next. A job that the table
    /// refuses to change stops no other.
    /// @return the error of the database, if it cannot sweep at all
    result<swept_type> sweep_once() { return core_.sweep_once(); }

    /// Sweeps until the stop, with some jitter. While the database is busy or away it tries again.
    /// @return what was done in all; or the error that a person has to mend: it ended the sweeper
    result<swept_type> run(const std::stop_token& stop) { return core_.run(stop); }

private:
    detail::of_machine<Machine, detail::sweep_core> core_;
};

}  // namespace statemachine
