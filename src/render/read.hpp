// Reading: records, the log, and what tells the reason of a miss.
#pragma once

#include "claim.hpp"
#include "step.hpp"

namespace statemachine::detail {

// The library's part of a record, in this order; the user's columns follow.
inline constexpr std::array record_columns{
    std::string_view{"id"},          std::string_view{"state"},    std::string_view{"version"},
    std::string_view{"epoch"},       std::string_view{"attempts"}, std::string_view{"owner"},
    std::string_view{"lease_until"}, std::string_view{"run_at"},   std::string_view{"priority"},
    std::string_view{"key"},         std::string_view{"error"},    std::string_view{"created_at"},
    std::string_view{"changed_at"}};
inline constexpr std::array record_types{column_type::int64, column_type::text,  column_type::int64,
                                         column_type::int64, column_type::int32, column_type::text,
                                         column_type::time,  column_type::time,  column_type::int32,
                                         column_type::text,  column_type::text,  column_type::time,
                                         column_type::time};

inline constexpr std::array history_types{column_type::int64, column_type::text,  column_type::text,
                                          column_type::text,  column_type::int64, column_type::text,
                                          column_type::time,  column_type::time};

// What is looked at after a change missed its job.
inline constexpr std::array reason_types{
    column_type::text, column_type::int64,   column_type::int64,   column_type::int32,
    column_type::time, column_type::boolean, column_type::boolean, column_type::boolean};

// What a token stands for: event, fingerprint, version, time, from, to, epoch.
inline constexpr std::array token_types{column_type::text, column_type::text, column_type::int64,
                                        column_type::time, column_type::text, column_type::text,
                                        column_type::int64};

inline void write_record_columns(sql_writer& out, const spec& declared) {
    comma list(out);
    for (const std::string_view each : record_columns) list.next().name(each);
    for (const column& each : declared.columns) list.next().name(each.name);
}

inline void write_read(sql_writer& out, const spec& declared) {
    out << "SELECT ";
    write_record_columns(out, declared);
    out << " FROM ";
    write_row_of_id(out, declared);
}

// Walks the primary key: an operator's call, not worth an index that every transition would pay
// for.
inline void write_list(sql_writer& out, const spec& declared) {
    out << "SELECT ";
    write_record_columns(out, declared);
    out << " FROM ";
    out.name(declared.table) << " WHERE \"state\" = ";
    out.put(slot::state, column_type::text) << " AND \"id\" > ";
    out.put(slot::after, column_type::int64) << " ORDER BY \"id\" LIMIT ";
    out.put(slot::limit, column_type::int64);
}

inline void write_history(sql_writer& out, const spec& declared) {
    out << "SELECT \"version\", \"event\", \"from_state\", \"to_state\", \"epoch\", \"actor\", "
           "\"at\", \"lease_until\" FROM ";
    out.name(declared.table, "_log") << " WHERE \"job\" = ";
    out.put(slot::id, column_type::int64) << " AND \"version\" > ";
    out.put(slot::after, column_type::int64) << " ORDER BY \"version\" LIMIT ";
    out.put(slot::limit, column_type::int64);
}

// Read after a change that matched no row, in a statement of its own, which sees what made it miss.
inline void write_reason(sql_writer& out, const spec& declared, int event) {
    const bool claims = event != nowhere &&
                        declared.events[static_cast<std::size_t>(event)].kind == event_kind::claim;
    out << "SELECT \"state\", \"version\", \"epoch\", \"attempts\", \"run_at\", \"run_at\" <= ";
    out.search_now() << ", \"lease_until\" <= ";
    out.write_now();
    if (claims) write_no_grace(out, declared);
    out << ",\n  ";
    if (claims)
        write_claim_guard(out, declared, declared.claim_rule(event));
    else if (event != nowhere)
        write_any_rule(out, rules_of(declared, event));
    else
        write_states(out, declared, declared.leased_states());
    out << "\nFROM ";
    write_row_of_id(out, declared);
}

// Read after the job: a change that the job shows was made with a token that is there by then.
inline void write_find_token(sql_writer& out, const spec& declared) {
    out << "SELECT \"event\", \"fingerprint\", \"version\", \"at\", \"from_state\", \"to_state\", "
           "\"epoch\" FROM ";
    out.name(declared.table, "_tokens") << " WHERE \"job\" = ";
    out.put(slot::id, column_type::int64) << " AND \"token\" = ";
    out.put(slot::token, column_type::text);
}

}  // namespace statemachine::detail
