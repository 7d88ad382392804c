// What the tests share: a machine's store on a fresh place, and short names for answers.
#pragma once

#include "machines.hpp"
#include "typed.hpp"

#include <ostream>

namespace conformance {

/// Everything that is stored for one job, or for all.
struct snapshot {
    rows jobs, log, tokens;
    friend bool operator==(const snapshot&, const snapshot&) = default;
};

inline void PrintTo(const snapshot& stored, std::ostream* out) {
    *out << ::testing::PrintToString(stored.jobs) << "\nlog "
         << ::testing::PrintToString(stored.log) << "\ntokens "
         << ::testing::PrintToString(stored.tokens);
}

inline std::string told(const sm::error& cause) {
    return "error: " + std::string(to_string(cause.code()));
}
inline std::string told(const sm::outcome& got) {
    std::string text(to_string(got.status()));
    if (got.rejected()) text.append(": ").append(to_string(got.reason()));
    return text;
}
/// What a call said: `applied`, `rejected: stale_epoch`, `error: invalid_value`, `success`.
template <class Content>
std::string told(const sm::result<Content>& got) {
    if (!got) return told(got.error());
    if constexpr (std::is_base_of_v<sm::outcome, Content>)
        return told(static_cast<const sm::outcome&>(got.value()));
    else
        return "success";
}
inline std::string told(const sm::result<void>& got) { return got ? "success" : told(got.error()); }

/// A store of one machine on a fresh place.
template <class Backend, const auto& Machine>
class on_machine : public ::testing::Test {
public:
    using store_type = sm::store<Machine>;
    using run_type = typename store_type::run_type;
    using job_type = typename store_type::job_type;
    using state_type = typename store_type::state_type;
    using record_type = typename store_type::record_type;

    on_machine() { store.migrate().value(); }

    static std::string name_of(state_type state) {
        for (const auto& each : Machine.states)
            if (each.state == state) return each.name;
        return "undeclared";
    }

    std::int64_t submit(const job_type& job = {}, const sm::submit_options& options = {}) {
        return store.submit(job, options).value()->id;
    }
    run_type claim(const sm::event<>& on, std::int64_t id, std::string_view owner = "worker") {
        return *store.claim_by_id(on, id, {.owner = owner}).value();
    }
    record_type read(std::int64_t id) { return store.read(id).value().value(); }
    std::vector<sm::log_entry> history(std::int64_t id) { return store.history(id).value(); }

    void pass_time(std::int64_t id, std::chrono::milliseconds by) {
        place.pass_time(Machine.table, id, by);
    }

    snapshot stored(std::int64_t id) const {
        const std::string number = std::to_string(id);
        const std::string table = Machine.table;
        return {place.query("SELECT * FROM " + table + " WHERE id = " + number),
                place.query("SELECT * FROM " + table + "_log WHERE job = " + number +
                            " ORDER BY version"),
                place.query("SELECT * FROM " + table + "_tokens WHERE job = " + number +
                            " ORDER BY token")};
    }
    snapshot stored() const {
        const std::string table = Machine.table;
        return {place.query("SELECT * FROM " + table + " ORDER BY id"),
                place.query("SELECT * FROM " + table + "_log ORDER BY job, version"),
                place.query("SELECT * FROM " + table + "_tokens ORDER BY job, token")};
    }

    /// In how many transactions the changes of this event were made; SQLite cannot tell, and
    /// says 1.
    std::int64_t transactions_of(const std::string& event) const {
        if constexpr (std::is_same_v<Backend, sqlite_backend>)
            return 1;
        else
            return place.number("SELECT count(DISTINCT xmin::text) FROM " +
                                std::string(Machine.table) + "_log WHERE event = '" + event + "'");
    }

    Backend place;
    typename Backend::database database = place.open();
    store_type store = store_on<Machine>(database);
};

template <class Backend>
using on_queue = on_machine<Backend, queue::machine>;
template <class Backend>
using on_gate = on_machine<Backend, gate::machine>;
template <class Backend>
using on_retrying = on_machine<Backend, retrying::machine>;
template <class Backend>
using on_typed = on_machine<Backend, typed::machine>;

}  // namespace conformance
