// Claims: of one job, or of the next n that are due.
#pragma once

#include "change.hpp"

namespace statemachine::detail {

inline state_set claimable(const spec& declared, const rule_spec& claim) {
    return claim.from | declared.reclaimable(claim);
}
inline void write_due_index(sql_writer& out, const spec& declared, const rule_spec& claim) {
    out << "(\"priority\" DESC, \"run_at\", \"id\") WHERE ";
    write_states(out, declared, claimable(declared, claim));
}
inline void write_due_index_name(sql_writer& out, const spec& declared, const rule_spec& claim) {
    sql_writer definition(out.speech());
    write_due_index(definition, declared, claim);
    const std::string_view event = declared.events[static_cast<std::size_t>(claim.event)].name;
    write_index_name(out, declared, event, "due", definition.hash());
}

// Due and not held: in a waiting state at its time, or leased and run out.
inline void write_claim_guard(sql_writer& out, const spec& declared, const rule_spec& claim) {
    out << "((";
    write_states(out, declared, claim.from);
    out << " AND \"run_at\" <= ";
    out.search_now() << ")";
    if (declared.reclaimable(claim) != 0) {
        out << " OR (";
        write_states(out, declared, declared.reclaimable(claim));
        out << " AND \"lease_until\" <= ";
        out.search_now();
        write_no_grace(out, declared);
        out << ")";
    }
    out << ")";
    if (claim.when->always()) return;
    // A used-up job is ended whether or not the condition holds for it.
    out << " AND (";
    if (claim.max_attempts > 0)
        out << "\"attempts\" >= " << std::int64_t{claim.max_attempts} << " OR ";
    write_condition(out, declared, *claim.when);
    out << ")";
}

// Writes `granted` for a job with attempts left and `used_up` for one without.
template <class Granted, class UsedUp>
void write_if_left(sql_writer& out, const rule_spec& claim, Granted granted, UsedUp used_up) {
    if (claim.max_attempts == 0) {
        granted();
        return;
    }
    out << "CASE WHEN \"attempts\" < " << static_cast<std::int64_t>(claim.max_attempts) << " THEN ";
    granted();
    out << " ELSE ";
    used_up();
    out << " END";
}

inline void write_claim_update(sql_writer& out, const rules_of& rules) {
    const spec& declared = rules.declared;
    const rule_spec& claim = *rules.items[0];
    const auto choose = [&](std::string_view name, auto granted, auto used_up) {
        out << ", ";
        out.name(name) << " = ";
        write_if_left(out, claim, granted, used_up);
    };
    const auto keep = [&](std::string_view name) { return [&out, name] { out.name(name); }; };
    const auto nothing = [&] { out << "NULL"; };
    const auto state = [&](int index) {
        return [&, index] { out.literal(declared.states[static_cast<std::size_t>(index)].name); };
    };
    const auto lease_end = [&] {
        out.write_now() << " + ";
        write_milliseconds(out, claim.lease);
    };
    out << "UPDATE ";
    out.name(declared.table) << " SET \"previous\" = \"state\"";
    choose("state", state(claim.to), state(claim.exhausted));
    choose(
        "rule", [&] { out << rules.index_of(claim); }, [&] { out << rule_exhausted; });
    out << ", \"version\" = \"version\" + 1";
    choose(
        "epoch", [&] { out << "\"epoch\" + 1"; }, keep("epoch"));
    const bool restarts = claim.attempts == attempts::restarted;
    choose(
        "attempts", [&] { out << (restarts ? "1" : "\"attempts\" + 1"); }, keep("attempts"));
    choose(
        "owner", [&] { out.put(slot::actor, column_type::text); }, nothing);
    choose("lease_until", lease_end, nothing);
    choose("run_at", lease_end, keep("run_at"));
    const maybe<effect> set = effect_on_error(claim);
    if (claim.max_attempts > 0 || set) {
        choose(
            "error", [&] { set ? write_operand(out, declared, set->content) : keep("error")(); },
            [&] { write_used_up_error(out); });
    }
    for (const column& each : declared.columns)
        if (const maybe<effect> change = effect_on(claim, each.field))
            choose(
                each.name, [&] { write_effect(out, declared, each, change); }, keep(each.name));
    out << ", \"changed_at\" = ";
    out.write_now();
}

// The search for due jobs, level by level of their priorities.
struct due_search {
    sql_writer& out;
    const spec& declared;
    const rule_spec& claim;

    bool pins() const { return out.speech().pins_indexes; }
    bool has_front() const { return out.speech().keeps_dead_entries; }

    void write_table(std::string_view alias) const {
        out.name(declared.table) << alias;
        if (!pins()) return;
        out << " INDEXED BY ";
        write_due_index_name(out, declared, claim);
    }
    void write_in_index() const { write_states(out, declared, claimable(declared, claim)); }
    void write_front() const {
        out << "CAST(";
        out.put(slot::front_priority, column_type::int32)
            << " AS " << out.speech().int32_type << ")";
    }
    // An aggregate might be planned for an empty table, and then read all there is.
    template <class Bound>
    void write_highest(Bound bound) const {
        out << "(SELECT " << (pins() ? "max(\"priority\")" : "\"priority\"") << " FROM ";
        write_table("");
        out << " WHERE ";
        write_in_index();
        bound();
        out << (pins() ? ")" : " ORDER BY \"priority\" DESC LIMIT 1)");
    }
    void write_first_level() const {
        if (!has_front()) {
            write_highest([] {});
            return;
        }
        out << "coalesce(";
        write_highest([&] {
            out << " AND \"priority\" > ";
            write_front();
        });
        out << ", ";
        write_front();
        out << ")";
    }
    // From above the front down to it, over nothing that was claimed before.
    void write_next_level() const {
        const auto if_above = [&](std::string_view otherwise) {
            out << "CASE WHEN \"level$at\" > ";
            write_front();
            out << " THEN ";
            write_front();
            out << otherwise << " END";
        };
        if (has_front()) out << "coalesce(";
        write_highest([&] {
            out << " AND \"priority\" < \"level$at\"";
            if (!has_front()) return;
            out << " AND \"priority\" > ";
            if_above(" ELSE -2147483649");
        });
        if (!has_front()) return;
        out << ", ";
        if_above("");
        out << ")";
    }
};

// The first n due jobs, high priority first. Walking the priorities one by one keeps every step on
// the index: a plain ORDER BY would read all jobs of a higher priority that are not due yet.
//
// Where an index keeps entries of rows that are gone until a vacuum, the search begins at the front
// that the call knows of, and passes by what was claimed before.
inline void write_due_candidates(sql_writer& out, const spec& declared, const rule_spec& claim,
                                 bool locks = true) {
    const due_search search{out, declared, claim};
    out << "WITH RECURSIVE \"level\" (\"level$at\") AS (\n  SELECT ";
    search.write_first_level();
    out << "\n  UNION ALL\n  SELECT ";
    search.write_next_level();
    out << " FROM \"level\" WHERE \"level$at\" IS NOT NULL\n)\nSELECT \"due\".\"id\" FROM "
           "\"level\" CROSS JOIN ";
    if (!search.pins()) out << "LATERAL (\n  SELECT \"id\" FROM ";
    search.write_table(search.pins() ? " AS \"due\"" : "");
    out << " WHERE ";
    search.write_in_index();
    out << " AND \"priority\" = \"level$at\" AND \"run_at\" <= ";
    out.search_now() << " AND ";
    write_rechecked(out, [&] { write_claim_guard(out, declared, claim); });
    if (search.has_front()) {
        out << " AND \"run_at\" >= coalesce(CASE WHEN \"level$at\" = ";
        search.write_front();
        out << " THEN ";
        out.put(slot::front_run_at, column_type::time) << " END, '-infinity')";
    }
    if (!search.pins()) {
        out << "\n  ORDER BY \"run_at\", \"id\" LIMIT ";
        out.put(slot::limit, column_type::int64);
        if (locks) out << out.speech().lock_candidates;
        out << ") AS \"due\"";
    }
    out << "\nLIMIT ";
    out.put(slot::limit, column_type::int64);
}

inline constexpr std::array front_types{column_type::int32, column_type::time};

// Where the first n due jobs stand, whoever has locked them.
inline void write_front(sql_writer& out, const spec& declared, int event) {
    const rules_of rules(declared, event);
    const rule_spec& claim = *rules.items[0];
    out << "SELECT \"priority\", \"run_at\" FROM ";
    out.name(declared.table) << "\nWHERE ";
    write_id_in(out, [&] { write_due_candidates(out, declared, claim, false); });
}

inline void write_claim(sql_writer& out, const spec& declared, int event, bool by_id) {
    const rules_of rules(declared, event);
    const rule_spec& claim = *rules.items[0];
    const change_form form{.event = declared.events[static_cast<std::size_t>(event)].name,
                           .brings = columns_of_event(declared, event),
                           .can_exhaust = claim.max_attempts > 0,
                           .with_job = true,
                           .emits = emitted_by_event(declared, event),
                           .one = by_id};
    write_change(out, declared, form, [&] {
        write_claim_update(out, rules);
        out << "\nWHERE ";
        if (by_id) {
            out << "\"id\" = ";
            out.put(slot::id, column_type::int64);
        } else {
            write_id_in(out, [&] { write_due_candidates(out, declared, claim); });
        }
        out << "\n  AND ";
        if (by_id)
            write_claim_guard(out, declared, claim);
        else
            write_rechecked(out, [&] { write_claim_guard(out, declared, claim); });
    });
}

}  // namespace statemachine::detail
