// What a sweeper sends: taking its turn, handing back one job at a time where a batch is refused,
// and removing the jobs that are old.
#pragma once

#include "delivery.hpp"
#include "lease.hpp"

#include <algorithm>

namespace statemachine::detail {

inline constexpr std::array turn_types{column_type::boolean, column_type::time};
inline constexpr std::array candidate_types{column_type::int64};

inline void write_moment_before(sql_writer& out, std::int64_t milliseconds) {
    out.write_now() << " - ";
    write_milliseconds(out, milliseconds);
}

// Takes the turn that is due, and notices an outage: the moment is kept while turns go on, so that
// a crash loop does not put it off. Where they stopped for a grace meanwhile it is another outage.
// A turn of the future is one of a clock that was set back since.
inline void write_take_turn(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_sweeps") << " SET \"began_at\" = ";
    out.write_now() << ", \"actor\" = ";
    out.put(slot::actor, column_type::text) << ", \"noticed_at\" = ";
    if (declared.grace == 0) {
        out << "NULL";
    } else {
        out << "CASE WHEN \"ended_at\" > ";
        write_moment_before(out, declared.grace);
        out << " THEN NULL WHEN \"began_at\" > ";
        write_moment_before(out, declared.grace);
        out << " THEN coalesce(\"noticed_at\", ";
        out.write_now() << ") ELSE ";
        out.write_now() << " END";
    }
    out << "\nWHERE \"name\" = 'sweep' AND (\"began_at\" IS NULL OR \"began_at\" > ";
    out.write_now() << " OR \"began_at\" <= ";
    out.write_now() << " - ";
    out.put(slot::delay, column_type::int64)
        << out.speech().millisecond << ")\nRETURNING CASE WHEN ";
    if (declared.grace == 0) {
        out << "TRUE";
    } else {
        out << "\"ended_at\" > ";
        write_moment_before(out, declared.grace);
        out << " OR \"noticed_at\" <= ";
        write_moment_before(out, declared.grace);
    }
    out << " THEN TRUE ELSE FALSE END, \"began_at\"";
}

// Only by who still has the turn, and not by one that was frozen for longer than the grace.
inline void write_end_turn(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_sweeps") << " SET \"ended_at\" = ";
    out.write_now() << ", \"noticed_at\" = NULL\nWHERE \"name\" = 'sweep' AND \"began_at\" >= ";
    out.put(slot::since, column_type::time) << " AND \"began_at\" < ";
    out.put(slot::since, column_type::time) << " + 1" << out.speech().millisecond;
    if (declared.grace != 0) {
        out << " AND \"began_at\" > ";
        write_moment_before(out, declared.grace);
    }
    out << "\nRETURNING \"ended_at\"";
}

// ---- one by one, where a batch is refused: behind those that were looked at before

template <class Index, class Guard>
void write_candidates(sql_writer& out, const spec& declared, Index index, Guard guard) {
    write_found(out, declared, index, guard);
    out << " AND \"id\" > ";
    out.put(slot::after, column_type::int64) << "\nORDER BY \"id\" LIMIT ";
    out.put(slot::limit, column_type::int64);
}

inline void write_expired_candidates(sql_writer& out, const spec& declared) {
    write_candidates(
        out, declared, [&] { write_lease_index_name(out, declared); },
        [&] { write_expired_guard(out, declared); });
}

inline void write_used_up_candidates(sql_writer& out, const spec& declared, int event) {
    const rule_spec& claim = declared.claim_rule(event);
    write_candidates(
        out, declared, [&] { write_used_up_index_name(out, declared, claim); },
        [&] { write_used_up_guard(out, declared, claim); });
}

// ---- what is old

inline void write_kept_index(sql_writer& out, const spec& declared, int state) {
    out << "(\"changed_at\", \"id\") WHERE ";
    write_states(out, declared, only(state));
}
inline void write_kept_index_name(sql_writer& out, const spec& declared, int state) {
    sql_writer definition(out.speech());
    write_kept_index(definition, declared, state);
    write_index_name(out, declared, "", "kept", definition.hash());
}

inline void write_outlived(sql_writer& out, const spec& declared, int state) {
    write_states(out, declared, only(state));
    out << " AND \"changed_at\" <= ";
    out.search_now() << " - ";
    // Tokens go with their job: none before its own time.
    write_milliseconds(out,
                       std::max<std::int64_t>(declared.states[static_cast<std::size_t>(state)].keep,
                                              declared.memory.tokens.count()));
    if (const auto keys = declared.memory.keys.count(); keys > 0) {
        out << " AND CASE WHEN \"key\" IS NULL OR \"created_at\" <= ";
        out.search_now() << " - ";
        write_milliseconds(out, keys);
        out << " THEN TRUE ELSE FALSE END";
    }
    if (!declared.emits()) return;
    // As a CASE, so that it is looked up for each job and not joined with all that is emitted.
    out << "\n  AND CASE WHEN EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_outbox") << " WHERE ";
    out.name(declared.table, "_outbox") << ".\"job\" = ";
    out.name(declared.table) << ".\"id\" AND NOT ";
    write_settled_event(out, declared);
    out << ") THEN FALSE ELSE TRUE END";
}

inline void write_side_rows(sql_writer& out, const spec& declared, std::string_view suffix) {
    out << "DELETE FROM ";
    out.name(declared.table, suffix) << " WHERE \"job\" ";
}

inline void write_outlived_candidates(sql_writer& out, const spec& declared, int state) {
    write_candidates(
        out, declared, [&] { write_kept_index_name(out, declared, state); },
        [&] { write_outlived(out, declared, state); });
}

// The jobs of one state that have been kept for long enough, or one of them, with all that stands
// beside them.
inline void write_remove(sql_writer& out, const spec& declared, int state, bool by_id) {
    const bool whole = out.speech().one_statement;
    if (whole) out << "WITH \"gone\" AS (\n";
    out << "DELETE FROM ";
    out.name(declared.table) << " WHERE ";
    if (by_id) {
        out << "\"id\" = ";
        out.put(slot::id, column_type::int64);
    } else {
        write_id_in(out, [&] {
            write_found(
                out, declared, [&] { write_kept_index_name(out, declared, state); },
                [&] { write_outlived(out, declared, state); });
            out << "\nORDER BY \"changed_at\", \"id\" LIMIT ";
            out.put(slot::limit, column_type::int64) << out.speech().lock_candidates;
        });
    }
    out << "\n  AND ";
    write_rechecked(out, [&] { write_outlived(out, declared, state); });
    const bool apart = keeps_keys_apart(out, declared);
    out << "\nRETURNING \"id\"" << (apart ? ", \"key\"" : "");
    if (!whole) return;
    const auto beside = [&](std::string_view suffix) {
        out << "\n), \"gone" << suffix << "\" AS (\n";
        write_side_rows(out, declared, suffix);
        out << "IN (SELECT \"id\" FROM \"gone\")";
    };
    beside("_log");
    beside("_tokens");
    if (declared.emits()) beside("_outbox");
    if (apart) {
        out << "\n), \"gone_keys\" AS (\nDELETE FROM ";
        out.name(declared.table, "_keys") << " WHERE \"key\" IN (SELECT \"key\" FROM \"gone\")";
    }
    out << "\n)\nSELECT \"id\" FROM \"gone\"";
}

inline void write_remove_log(sql_writer& out, const spec& declared) {
    write_side_rows(out, declared, "_log");
    out << "= ";
    out.put(slot::id, column_type::int64);
}
inline void write_remove_tokens(sql_writer& out, const spec& declared) {
    write_side_rows(out, declared, "_tokens");
    out << "= ";
    out.put(slot::id, column_type::int64);
}
inline void write_remove_events(sql_writer& out, const spec& declared) {
    write_side_rows(out, declared, "_outbox");
    out << "= ";
    out.put(slot::id, column_type::int64);
}

}  // namespace statemachine::detail
