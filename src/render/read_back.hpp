// Statements that stand beside the change of one job, where RETURNING costs more than they do: what
// finds the job before, and what reads afterwards what became of it.
#pragma once

#include "claim.hpp"
#include "lease.hpp"
#include "submit.hpp"

namespace statemachine::detail {

inline constexpr std::array found_types{column_type::int64};

void write_of_changed(sql_writer& out, const spec& declared, auto id) {
    out << " FROM ";
    out.name(declared.table) << " WHERE \"id\" = ";
    id();
}

inline void write_changed(sql_writer& out, const spec& declared, int event) {
    out << "SELECT ";
    write_columns(out, columns_of_event(declared, event));
    if (declared.events[static_cast<std::size_t>(event)].kind == event_kind::claim)
        write_user_columns(out, declared);
    write_of_changed(out, declared, [&] { out.put(slot::id, column_type::int64); });
}

inline void write_submitted(sql_writer& out, const spec& declared) {
    out << "SELECT " << submitted_columns;
    write_of_changed(out, declared, [&] { out << out.speech().inserted_id; });
}

inline void write_renewed(sql_writer& out, const spec& declared) {
    out << "SELECT " << renewal_columns;
    write_of_changed(out, declared, [&] { out.put(slot::id, column_type::int64); });
}

inline void write_next_due(sql_writer& out, const spec& declared, int event) {
    write_due_candidates(out, declared, declared.claim_rule(event));
}

}  // namespace statemachine::detail
