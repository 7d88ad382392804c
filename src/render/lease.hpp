// Renewals and sweeps: leases that move forward, and leases that ran out.
#pragma once

#include "step.hpp"

namespace statemachine::detail {

// What a renewal brings back, in this order.
inline constexpr std::array renewal_types{column_type::int64, column_type::int64,
                                          column_type::time};

inline void write_renewed_lease(sql_writer& out, const spec& declared) {
    const state_set leased = declared.leased_states();
    out << out.speech().greatest << "(\"lease_until\", ";
    out.write_now() << " + ";
    std::int64_t shared = 0;
    bool differ = false;
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        if (!contains(leased, static_cast<int>(i))) continue;
        const std::int64_t own = declared.lease_rule(static_cast<int>(i)).lease;
        differ = differ || (shared != 0 && shared != own);
        shared = own;
    }
    if (!differ) {
        out << shared << out.speech().millisecond << ")";
        return;
    }
    out << "CASE \"state\"";
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        if (!contains(leased, static_cast<int>(i))) continue;
        out << " WHEN ";
        out.literal(declared.states[i].name)
            << " THEN " << declared.lease_rule(static_cast<int>(i)).lease;
    }
    out << " END" << out.speech().millisecond << ")";
}

inline void write_renewed_times(sql_writer& out, const spec& declared) {
    out << "\"lease_until\" = ";
    write_renewed_lease(out, declared);
    out << ", \"run_at\" = ";
    write_renewed_lease(out, declared);
}

inline constexpr std::string_view renewal_columns = R"("id", "epoch", "lease_until")";

inline void write_renewal_tail(sql_writer& out, const spec& declared, bool returns) {
    if (declared.late == late_steps::refused) {
        out << "\n  AND \"lease_until\" > ";
        out.write_now();
    }
    if (returns) out << "\nRETURNING " << renewal_columns;
}

// `event` is nowhere for a plain renewal, or a renewal event that carries effects.
inline void write_renew(sql_writer& out, const spec& declared, int event) {
    out << "UPDATE ";
    out.name(declared.table) << " SET ";
    write_renewed_times(out, declared);
    if (event != nowhere) write_step_effects(out, declared, rules_of(declared, event));
    out << "\nWHERE \"id\" = ";
    out.put(slot::id, column_type::int64) << "\n  AND \"epoch\" = ";
    out.put(slot::epoch, column_type::int64) << "\n  AND ";
    if (event != nowhere)
        write_any_rule(out, rules_of(declared, event));
    else
        write_states(out, declared, declared.leased_states());
    write_renewal_tail(out, declared, !out.speech().reads_back);
}

inline void write_renew_many(sql_writer& out, const spec& declared) {
    out.gather(slot::id, column_type::int64);
    out.gather(slot::epoch, column_type::int64);
    out << "WITH ";
    write_held(out, declared, locked::awaited);
    out << "\nUPDATE ";
    out.name(declared.table) << " SET ";
    write_renewed_times(out, declared);
    out << "\nFROM \"held\"\nWHERE ";
    write_held_id(out);
    out << "\n  AND ";
    write_rechecked(out, [&] {
        out << "\"epoch\" = ";
        out.put(slot::epoch, column_type::int64) << "\n  AND ";
        write_states(out, declared, declared.leased_states());
    });
    write_renewal_tail(out, declared, true);
}

// ---- sweep

inline void write_lease_index(sql_writer& out, const spec& declared) {
    out << "(\"lease_until\", \"id\") WHERE ";
    write_states(out, declared, declared.leased_states());
}
inline void write_lease_index_name(sql_writer& out, const spec& declared) {
    sql_writer definition(out.speech());
    write_lease_index(definition, declared);
    write_index_name(out, declared, "", "leases", definition.hash());
}

// Writes, for each leased state, what `expired` says for a job with attempts left and what
// `exhausted` says for one without.
template <class Expired, class Exhausted>
void write_by_lease(sql_writer& out, const spec& declared, Expired expired, Exhausted exhausted) {
    out << "CASE";
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        if (!declared.leased(static_cast<int>(i))) continue;
        const rule_spec& terms = declared.lease_rule(static_cast<int>(i));
        if (terms.max_attempts > 0) {
            out << " WHEN \"state\" = ";
            out.literal(declared.states[i].name)
                << " AND \"attempts\" >= " << static_cast<std::int64_t>(terms.max_attempts)
                << " THEN ";
            exhausted(terms);
        }
        out << " WHEN \"state\" = ";
        out.literal(declared.states[i].name) << " THEN ";
        expired(terms);
    }
    out << " END";
}

inline void write_expired_guard(sql_writer& out, const spec& declared) {
    write_states(out, declared, declared.leased_states());
    out << " AND \"lease_until\" <= ";
    out.search_now();
    write_no_grace(out, declared);
}

// The next jobs whose lease ran out, or one of them.
inline void write_expire(sql_writer& out, const spec& declared, bool by_id) {
    const auto state = [&](int index) {
        out.literal(declared.states[static_cast<std::size_t>(index)].name);
    };
    const change_form form{.event = "expire",
                           .brings = {swept_columns.begin(), swept_columns.end()},
                           .can_exhaust = true,
                           .emits = emitted_by_expiry(declared)};
    write_change(out, declared, form, [&] {
        out << "UPDATE ";
        out.name(declared.table) << " SET \"previous\" = \"state\", \"state\" = ";
        write_by_lease(
            out, declared, [&](const rule_spec& terms) { state(terms.expired); },
            [&](const rule_spec& terms) { state(terms.exhausted); });
        out << ", \"rule\" = ";
        write_by_lease(
            out, declared, [&](const rule_spec&) { out << rule_expired; },
            [&](const rule_spec&) { out << rule_exhausted; });
        out << ", \"version\" = \"version\" + 1, \"owner\" = NULL, \"lease_until\" = NULL, "
               "\"error\" = ";
        write_by_lease(
            out, declared, [&](const rule_spec&) { out << "\"error\""; },
            [&](const rule_spec&) { write_used_up_error(out); });
        out << ", \"changed_at\" = ";
        out.write_now() << "\nWHERE ";
        if (by_id) {
            out << "\"id\" = ";
            out.put(slot::id, column_type::int64) << "\n  AND ";
            write_expired_guard(out, declared);
            return;
        }
        write_id_in(out, [&] {
            write_found(
                out, declared, [&] { write_lease_index_name(out, declared); },
                [&] { write_expired_guard(out, declared); });
            out << "\nORDER BY \"lease_until\", \"id\" LIMIT ";
            out.put(slot::limit, column_type::int64) << out.speech().lock_candidates;
        });
        out << "\n  AND ";
        write_rechecked(out, [&] { write_expired_guard(out, declared); });
    });
}

// Jobs that wait for this claim with no attempt left.
inline void write_used_up_guard(sql_writer& out, const spec& declared, const rule_spec& claim) {
    write_states(out, declared, claim.from);
    out << " AND \"attempts\" >= " << static_cast<std::int64_t>(claim.max_attempts);
}
inline void write_used_up_index(sql_writer& out, const spec& declared, const rule_spec& claim) {
    out << "(\"id\") WHERE ";
    write_used_up_guard(out, declared, claim);
}
inline void write_used_up_index_name(sql_writer& out, const spec& declared,
                                     const rule_spec& claim) {
    sql_writer definition(out.speech());
    write_used_up_index(definition, declared, claim);
    const std::string_view event = declared.events[static_cast<std::size_t>(claim.event)].name;
    write_index_name(out, declared, event, "used_up", definition.hash());
}

inline void write_used_up(sql_writer& out, const spec& declared, int event, bool by_id) {
    const rule_spec& claim = declared.claim_rule(event);
    const change_form form{.event = "exhaust",
                           .brings = {swept_columns.begin(), swept_columns.end()},
                           .emits = emitted_by_exhaustion(declared, event)};
    write_change(out, declared, form, [&] {
        out << "UPDATE ";
        out.name(declared.table) << " SET \"previous\" = \"state\", \"state\" = ";
        out.literal(declared.states[static_cast<std::size_t>(claim.exhausted)].name)
            << ", \"rule\" = " << rule_exhausted << ", \"version\" = \"version\" + 1, \"error\" = ";
        write_used_up_error(out);
        out << ", \"changed_at\" = ";
        out.write_now() << "\nWHERE ";
        if (by_id) {
            out << "\"id\" = ";
            out.put(slot::id, column_type::int64) << "\n  AND ";
            write_used_up_guard(out, declared, claim);
            return;
        }
        write_id_in(out, [&] {
            write_found(
                out, declared, [&] { write_used_up_index_name(out, declared, claim); },
                [&] { write_used_up_guard(out, declared, claim); });
            out << "\nORDER BY \"id\" LIMIT ";
            out.put(slot::limit, column_type::int64) << out.speech().lock_candidates;
        });
        out << "\n  AND ";
        write_rechecked(out, [&] { write_used_up_guard(out, declared, claim); });
    });
}

}  // namespace statemachine::detail
