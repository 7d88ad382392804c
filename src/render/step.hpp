// Leased steps and control events: all rules of an event in one UPDATE.
#pragma once

#include "change.hpp"

namespace statemachine::detail {

// What becomes of a job's lease and of the time at which it is due, by the state that a rule leads
// to. A job that goes on waiting where it waits is due no earlier for it.
enum class next_time : unsigned char { unchanged, now, now_if_moved, delayed, extended };

inline next_time next_time_of(const spec& declared, const rule_spec& rule) {
    if (rule.retry.first.count() != 0) return next_time::delayed;
    if (declared.leased(rule.to))
        return rule.lease != 0 ? next_time::extended : next_time::unchanged;
    if (declared.states[static_cast<std::size_t>(rule.to)].terminal) return next_time::unchanged;
    if (!contains(rule.from, rule.to)) return next_time::now;
    return rule.from == only(rule.to) ? next_time::unchanged : next_time::now_if_moved;
}

inline void write_extended_lease(sql_writer& out, const rule_spec& rule) {
    out << out.speech().greatest << "(\"lease_until\", ";
    out.write_now() << " + ";
    write_milliseconds(out, rule.lease);
    out << ")";
}

inline void write_step_lease(sql_writer& out, const spec& declared, const rules_of& rules) {
    const auto same = [&](const rule_spec& a, const rule_spec& b) {
        return declared.leased(a.to) == declared.leased(b.to) && a.lease == b.lease;
    };
    out << ", \"owner\" = ";
    write_choice(out, rules, same, [&](const rule_spec& rule) {
        out << (declared.leased(rule.to) ? "\"owner\"" : "NULL");
    });
    out << ", \"lease_until\" = ";
    write_choice(out, rules, same, [&](const rule_spec& rule) {
        if (!declared.leased(rule.to))
            out << "NULL";
        else if (rule.lease != 0)
            write_extended_lease(out, rule);
        else
            out << "\"lease_until\"";
    });
}

inline void write_step_time(sql_writer& out, const spec& declared, const rules_of& rules) {
    bool moves = false;
    for (std::size_t i = 0; i < rules.items.size(); ++i)
        moves |= next_time_of(declared, *rules.items[i]) != next_time::unchanged;
    if (!moves) return;
    const auto same = [&](const rule_spec& a, const rule_spec& b) {
        return next_time_of(declared, a) == next_time_of(declared, b) && a.lease == b.lease &&
               (a.to == b.to || next_time_of(declared, a) != next_time::now_if_moved) &&
               a.retry.first == b.retry.first && a.retry.cap == b.retry.cap &&
               a.retry.jitter == b.retry.jitter;
    };
    out << ", \"run_at\" = ";
    write_choice(out, rules, same, [&](const rule_spec& rule) {
        switch (next_time_of(declared, rule)) {
            case next_time::unchanged: out << "\"run_at\""; break;
            case next_time::now: out.write_now(); break;
            case next_time::now_if_moved:
                out << "CASE \"state\" WHEN ";
                out.literal(declared.states[static_cast<std::size_t>(rule.to)].name)
                    << " THEN \"run_at\" ELSE ";
                out.write_now() << " END";
                break;
            case next_time::delayed: write_backoff(out, rule.retry); break;
            case next_time::extended: write_extended_lease(out, rule); break;
        }
    });
}

inline void write_step_effects(sql_writer& out, const spec& declared, const rules_of& rules) {
    const auto write = [&](std::string_view name, auto effect_of, auto write_change) {
        bool touched = false;
        for (std::size_t i = 0; i < rules.items.size(); ++i)
            touched = touched || effect_of(*rules.items[i]);
        if (!touched) return;
        out << ", ";
        out.name(name) << " = ";
        write_choice(
            out, rules,
            [&](const rule_spec& a, const rule_spec& b) {
                return same_effect(effect_of(a), effect_of(b));
            },
            [&](const rule_spec& rule) { write_change(effect_of(rule)); });
    };
    write("error", effect_on_error, [&](const maybe<effect>& change) {
        if (change)
            write_operand(out, declared, change->content);
        else
            out << "\"error\"";
    });
    for (const column& each : declared.columns)
        write(
            each.name, [&](const rule_spec& rule) { return effect_on(rule, each.field); },
            [&](const maybe<effect>& change) { write_effect(out, declared, each, change); });
}

inline void write_step_update(sql_writer& out, const spec& declared, const rules_of& rules) {
    out << "UPDATE ";
    out.name(declared.table) << " SET \"previous\" = \"state\", \"state\" = ";
    write_choice(
        out, rules, [](const rule_spec& a, const rule_spec& b) { return a.to == b.to; },
        [&](const rule_spec& rule) {
            out.literal(declared.states[static_cast<std::size_t>(rule.to)].name);
        });
    out << ", \"rule\" = ";
    write_choice(
        out, rules, [](const rule_spec&, const rule_spec&) { return false; },
        [&](const rule_spec& rule) { out << rules.index_of(rule); });
    out << ", \"version\" = \"version\" + 1";
    bool counts = false;
    for (std::size_t i = 0; i < rules.items.size(); ++i)
        counts |= rules.items[i]->attempts != attempts::kept;
    if (counts) {
        out << ", \"attempts\" = ";
        write_choice(
            out, rules,
            [](const rule_spec& a, const rule_spec& b) { return a.attempts == b.attempts; },
            [&](const rule_spec& rule) {
                if (rule.attempts == attempts::restarted)
                    out << "0";
                else if (rule.attempts == attempts::kept)
                    out << "\"attempts\"";
                else
                    out << out.speech().greatest << "(\"attempts\" - 1, 0)";
            });
    }
    write_step_lease(out, declared, rules);
    write_step_time(out, declared, rules);
    write_step_effects(out, declared, rules);
    out << ", \"changed_at\" = ";
    out.write_now();
}

// Ends inside of the sub-query.
inline void write_token_unused(sql_writer& out, const spec& declared) {
    out << "NOT EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_tokens") << " WHERE \"job\" = ";
    out.put(slot::id, column_type::int64) << " AND \"token\" = ";
    out.put(slot::token, column_type::text);
}

// What each step of a batch brings for itself.
inline void gather_step(sql_writer& out, const spec& declared, const rules_of& rules,
                        bool with_token) {
    out.gather(slot::id, column_type::int64);
    out.gather(slot::epoch, column_type::int64);
    if (with_token) {
        out.gather(slot::token, column_type::text);
        out.gather(slot::inputs_fingerprint, column_type::text);
        out.gather(slot::actor, column_type::text);
    }
    const auto gather_input = [&](const node& part) {
        if (part.what == operation::read && !declared.column_of(part.field))
            out.gather(slot::input, part.field->type, part.field);
    };
    for (std::size_t i = 0; i < rules.items.size(); ++i) {
        const rule_spec& rule = *rules.items[i];
        if (rule.retry.jitter > 0) out.gather(slot::share, column_type::real);
        for (std::size_t part = 0; part < rule.when->size(); ++part)
            gather_input((*rule.when)[part]);
        for (const effect& each : *rule.then) gather_input(each.content);
    }
}

// A leased step is fenced by the epoch, a control event by the version that the caller read.
inline void write_step_guard(sql_writer& out, const rules_of& rules, fence guard_by) {
    if (guard_by == fence::epoch) {
        out << "\"epoch\" = ";
        out.put(slot::epoch, column_type::int64) << "\n  AND ";
        if (rules.declared.late == late_steps::refused) {
            out << "\"lease_until\" > ";
            out.write_now() << "\n  AND ";
        }
    }
    if (guard_by == fence::version) {
        out << "\"version\" = ";
        out.put(slot::version, column_type::int64) << "\n  AND ";
    }
    write_any_rule(out, rules);
}

inline change_form form_of_step(const spec& declared, int event) {
    return {.event = declared.events[static_cast<std::size_t>(event)].name,
            .brings = columns_of_event(declared, event),
            .emits = emitted_by_event(declared, event)};
}

inline void write_fire(sql_writer& out, const spec& declared, int event, fence guard_by,
                       bool with_token) {
    const rules_of rules(declared, event);
    change_form form = form_of_step(declared, event);
    form.with_token = with_token;
    form.one = true;
    write_change(out, declared, form, [&] {
        write_step_update(out, declared, rules);
        out << "\nWHERE \"id\" = ";
        out.put(slot::id, column_type::int64) << "\n  AND ";
        write_step_guard(out, rules, guard_by);
        if (!with_token) return;
        out << "\n  AND ";
        write_token_unused(out, declared);
        out << ")";
    });
}

// Leased steps of many runs, each with its token, or none.
inline void write_fire_many(sql_writer& out, const spec& declared, int event) {
    const rules_of rules(declared, event);
    change_form form = form_of_step(declared, event);
    form.with_token = true;
    form.first = write_held_rows;
    form.many = true;
    gather_step(out, declared, rules, true);
    write_change(out, declared, form, [&] {
        write_step_update(out, declared, rules);
        out << "\nFROM \"held\"\nWHERE ";
        write_held_id(out);
        out << "\n  AND ";
        write_rechecked(out, [&] { write_step_guard(out, rules, fence::epoch); });
        out << "\n  AND (";
        out.put(slot::token, column_type::text) << " IS NULL OR ";
        write_token_unused(out, declared);
        // With OFFSET it is looked for row by row, and no plan reads all tokens.
        out << " OFFSET 0))";
    });
}

// The same of runs without tokens and by one actor. It does not lock its jobs first, which together
// with their arrays took a fifth of the server's time, but waits for one that is locked.
inline void write_fire_many_plain(sql_writer& out, const spec& declared, int event) {
    const rules_of rules(declared, event);
    gather_step(out, declared, rules, false);
    write_change(out, declared, form_of_step(declared, event), [&] {
        write_step_update(out, declared, rules);
        out << "\nFROM ";
        out.rows() << "\nWHERE " << out.speech().waits_briefly << "\n  AND ";
        write_held_id(out);
        out << "\n  AND ";
        write_rechecked(out, [&] { write_step_guard(out, rules, fence::epoch); });
    });
}

}  // namespace statemachine::detail
