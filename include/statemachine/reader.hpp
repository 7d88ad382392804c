// Reads the jobs of one machine: all that a program does whose role may only read.
//
//     sm::reader<transcode::machine> jobs{db};
//     auto job = jobs.read(id).value();             // empty when there is none
//     auto past = jobs.history(id).value();         // what happened to it, oldest first
#pragma once

#include <statemachine/database.hpp>
#include <statemachine/detail/with_types.hpp>
#include <statemachine/verify.hpp>

namespace statemachine {

/// All members may be called from several threads at once.
template <const auto& Machine>
class reader {
    static_assert(verify<Machine>());
    using described = detail::described<Machine>;

public:
    using state_type = typename described::state_type;
    using job_type = typename described::job_type;
    using record_type = record<state_type, job_type>;
    using entry_type = detail::of_machine<Machine, log_entry>;

    /// @param database  outlives the reader; its type decides which statements are sent
    template <database_like Database>
    explicit reader(Database& database, const store_options& limits = {})
        : core_(detail::catalog_of<Machine, Database::dialect>(), database.connection(), limits) {}

    /// The job as it stands; empty when there is none with this id.
    result<std::optional<record_type>> read(std::int64_t id) {
        std::optional<record_type> found;
        auto done = core_.read(id, [&](const detail::raw_record& raw) -> void* {
            return &found.emplace(with_types::to_record(raw)).job;
        });
        if (!done) return done.error();
        return found;
    }

    /// Jobs in this state in order of their id. For operators: it walks the primary key.
    result<std::vector<record_type>> list(state_type state, const list_options& options = {}) {
        std::vector<record_type> found;
        auto done = core_.list(described::index_of(state), options,
                               [&](const detail::raw_record& raw) -> void* {
                                   return &found.emplace_back(with_types::to_record(raw)).job;
                               });
        if (!done) return done.error();
        return found;
    }

    /// What happened to the job, oldest first.
    result<std::vector<entry_type>> history(std::int64_t id, const history_options& options = {}) {
        return core_.history(id, options);
    }

    // What the library's own runtime works on.
    detail::store_core& core() noexcept { return core_; }

protected:
    using with_types = detail::with_types<Machine>;

    detail::of_machine<Machine, detail::store_core> core_;
};

}  // namespace statemachine
