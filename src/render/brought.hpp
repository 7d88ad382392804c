// What a change brings back of its jobs: no more than the call does not know before. A column took
// 0.06 to 0.08 us of each job of a batch, in the server and libpq together.
#pragma once

#include "plans.hpp"
#include "sql_writer.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace statemachine::detail {

// A column of the library's own. The log keeps some as a change has left them.
struct job_column {
    std::string_view name;
    column_type type;
    std::string_view in_log{};
};

inline constexpr job_column id_column{"id", column_type::int64, "job"};
inline constexpr job_column version_column{"version", column_type::int64, "version"};
inline constexpr job_column epoch_column{"epoch", column_type::int64, "epoch"};
inline constexpr job_column state_column{"state", column_type::text, "to_state"};
inline constexpr job_column previous_column{"previous", column_type::text, "from_state"};
inline constexpr job_column rule_column{"rule", column_type::int32};
inline constexpr job_column attempts_column{"attempts", column_type::int32};
inline constexpr job_column run_at_column{"run_at", column_type::time};
inline constexpr job_column lease_column{"lease_until", column_type::time, "lease_until"};
inline constexpr job_column priority_column{"priority", column_type::int32};
inline constexpr job_column changed_at_column{"changed_at", column_type::time, "at"};

using job_columns = std::vector<job_column>;

// Of a claim, before the columns that are the user's. A job whose attempts are used up comes back
// without a lease: the claim has ended it.
inline constexpr std::array claim_columns{id_column,       version_column, epoch_column,
                                          attempts_column, lease_column,   priority_column};

// Of what a sweep changes: the rule tells whether the job was ended.
inline constexpr std::array swept_columns{id_column, rule_column};

inline change_shape shape_of(const spec& declared, int event) {
    change_shape shape;
    state_set sources = 0, reached = 0;
    for (const rule_spec& rule : declared.rules) {
        if (rule.event != event) continue;
        sources |= rule.from;
        reached |= only(rule.to);
    }
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (sources == only(state)) shape.from = state;
        if (reached == only(state)) shape.to = state;
    }
    shape.epoch = declared.events[static_cast<std::size_t>(event)].kind != event_kind::step;
    shape.lease = (reached & declared.leased_states()) != 0;
    return shape;
}

// In the order in which they are read.
inline job_columns columns_of(const change_shape& shape) {
    job_columns all{id_column, version_column, attempts_column, run_at_column, changed_at_column};
    if (shape.from == nowhere) all.push_back(previous_column);
    if (shape.to == nowhere) all.push_back(state_column);
    if (shape.epoch) all.push_back(epoch_column);
    if (shape.lease) all.push_back(lease_column);
    return all;
}

// What the event's change brings back, without the columns that are the user's.
inline job_columns columns_of_event(const spec& declared, int event) {
    if (declared.events[static_cast<std::size_t>(event)].kind == event_kind::claim)
        return {claim_columns.begin(), claim_columns.end()};
    return columns_of(shape_of(declared, event));
}

inline void write_columns(sql_writer& out, const job_columns& columns) {
    comma list(out);
    for (const job_column& each : columns) list.next().name(each.name);
}

inline void write_user_columns(sql_writer& out, const spec& declared) {
    for (const column& each : declared.columns) {
        out << ", ";
        out.name(each.name);
    }
}

}  // namespace statemachine::detail
