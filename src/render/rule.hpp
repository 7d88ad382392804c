// The parts of an UPDATE that a rule decides: its condition, and what it writes.
#pragma once

#include "plans.hpp"
#include "sql_writer.hpp"

namespace statemachine::detail {

inline void write_states(sql_writer& out, const spec& declared, state_set states,
                         std::string_view column = "state") {
    out.name(column) << " IN (";
    comma list(out);
    for (std::size_t i = 0; i < declared.states.size(); ++i)
        if (contains(states, static_cast<int>(i))) list.next().literal(declared.states[i].name);
    out << ")";
}

inline void write_operand(sql_writer& out, const spec& declared, const node& part) {
    if (part.what == operation::constant) {
        out.put({slot::constant, part.constant.type(), nullptr, part.constant});
    } else if (const maybe<column> column = declared.column_of(part.field)) {
        out.name(column->name);
    } else {
        out.put({slot::input, part.field->type, part.field, {}});
    }
}

inline bool can_be_null(const node& part) {
    return part.what == operation::constant ? part.constant.is_null() : part.field->optional;
}
inline column_type type_of(const node& part) {
    return part.what == operation::constant ? part.constant.type() : part.field->type;
}

inline std::string_view sign_of(operation what) {
    switch (what) {
        case operation::equal: return " = ";
        case operation::unequal: return " <> ";
        case operation::less: return " < ";
        case operation::at_most: return " <= ";
        case operation::more: return " > ";
        default: return " >= ";
    }
}

// A comparison with NULL is neither true nor false in SQL; `coalesce` makes it false, so that the
// negation of a condition holds exactly when the condition does not.
inline std::size_t write_condition(sql_writer& out, const spec& declared, const guard& when,
                                   std::size_t at = 0) {
    const node& part = when[at];
    switch (part.what) {
        case operation::both:
        case operation::either: {
            out << "(";
            std::size_t next = write_condition(out, declared, when, at + 1);
            out << (part.what == operation::both ? " AND " : " OR ");
            next = write_condition(out, declared, when, next);
            out << ")";
            return next;
        }
        case operation::negated: {
            out << "(NOT ";
            const std::size_t next = write_condition(out, declared, when, at + 1);
            out << ")";
            return next;
        }
        case operation::empty:
            out << "(";
            write_operand(out, declared, when[at + 1]);
            out << " IS NULL)";
            return at + 2;
        case operation::read:
            out << (part.field->optional ? "coalesce(" : "(");
            write_operand(out, declared, part);
            out << (part.field->optional ? ", FALSE)" : ")");
            return at + 1;
        default: {
            const node& left = when[at + 1];
            const node& right = when[at + 2];
            const bool nullable = can_be_null(left) || can_be_null(right);
            const bool ordered = part.what != operation::equal && part.what != operation::unequal;
            out << (nullable ? "coalesce(" : "(");
            write_operand(out, declared, left);
            if (ordered && type_of(left) == column_type::text) out << out.speech().bytewise;
            out << sign_of(part.what);
            write_operand(out, declared, right);
            out << (nullable ? ", FALSE)" : ")");
            return at + 3;
        }
    }
}

// The states of a rule, and attempts left where it retries.
inline void write_sources(sql_writer& out, const spec& declared, const rule_spec& rule) {
    if (rule.retry.first.count() == 0) {
        write_states(out, declared, rule.from);
        return;
    }
    const bool several = (rule.from & (rule.from - 1)) != 0;
    if (several) out << "(";
    comma alternatives(out, " OR ");
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (!contains(rule.from, state)) continue;
        write_states(alternatives.next(), declared, only(state));
        if (const int most = declared.lease_rule(state).max_attempts; most > 0)
            out << " AND \"attempts\" < " << std::int64_t{most};
    }
    if (several) out << ")";
}

// The whole condition of a rule, as parts joined by AND.
inline void write_rule(sql_writer& out, const spec& declared, const rule_spec& rule) {
    write_sources(out, declared, rule);
    if (rule.when->always()) return;
    out << " AND ";
    write_condition(out, declared, *rule.when);
}

// The rules of one event, in order.
struct rules_of {
    const spec& declared;
    int event;
    std::vector<const rule_spec*> items;

    rules_of(const spec& declaration, int of) : declared(declaration), event(of) {
        for (const rule_spec& rule : declaration.rules)
            if (rule.event == of) items.push_back(&rule);
    }
    std::int64_t index_of(const rule_spec& rule) const { return &rule - declared.rules.data(); }
};

// What an earlier attempt said of its failure tells more.
inline void write_used_up_error(sql_writer& out) {
    out << "coalesce(\"error\", ";
    out.literal("attempts used up");
    out << ")";
}

// Any rule of the event holds.
inline void write_any_rule(sql_writer& out, const rules_of& rules) {
    if (rules.items.size() == 1) {
        write_rule(out, rules.declared, *rules.items[0]);
        return;
    }
    out << "(";
    comma alternatives(out, "\n    OR ");
    for (std::size_t i = 0; i < rules.items.size(); ++i)
        write_rule(alternatives.next(), rules.declared, *rules.items[i]);
    out << ")";
}

// Writes what the first rule that holds writes. `same` tells whether two rules write the same, then
// no CASE is needed. All expressions of an UPDATE see the old row, so each picks the same rule.
template <class Same, class Write>
void write_choice(sql_writer& out, const rules_of& rules, Same same, Write write) {
    bool all_same = true;
    for (std::size_t i = 1; i < rules.items.size(); ++i)
        all_same = all_same && same(*rules.items[0], *rules.items[i]);
    if (all_same) {
        write(*rules.items[0]);
        return;
    }
    out << "CASE";
    for (std::size_t i = 0; i + 1 < rules.items.size(); ++i) {
        out << " WHEN ";
        write_rule(out, rules.declared, *rules.items[i]);
        out << " THEN ";
        write(*rules.items[i]);
    }
    out << " ELSE ";
    write(*rules.items.back());
    out << " END";
}

inline maybe<effect> effect_on(const rule_spec& rule, const field_info* target) {
    for (const effect& each : *rule.then)
        if (each.what != effect_kind::set_error && same_member(*each.target, *target))
            return maybe<effect>(each);
    return {};
}

inline maybe<effect> effect_on_error(const rule_spec& rule) {
    for (const effect& each : *rule.then)
        if (each.what == effect_kind::set_error) return maybe<effect>(each);
    return {};
}

inline bool same_effect(const maybe<effect>& a, const maybe<effect>& b) {
    if (!a || !b) return !a && !b;
    if (a->what != b->what) return false;
    if (a->what == effect_kind::stamp) return true;
    return a->content.what == operation::read && b->content.what == operation::read &&
           same_member(*a->content.field, *b->content.field);
}

inline void write_effect(sql_writer& out, const spec& declared, const column& target,
                         const maybe<effect>& change) {
    if (!change) {
        out.name(target.name);
        return;
    }
    const bool keeps_first = has(target.flags, once);
    if (keeps_first)
        out << "coalesce("
            << "\"" << target.name << "\", ";
    switch (change->what) {
        case effect_kind::stamp: out.write_now(); break;
        case effect_kind::add:
            if (target.field->optional)
                out << "coalesce(\"" << target.name << "\", 0)";
            else
                out.name(target.name);
            out << " + ";
            if (can_be_null(change->content)) out << "coalesce(";
            write_operand(out, declared, change->content);
            if (can_be_null(change->content)) out << ", 0)";
            break;
        default: write_operand(out, declared, change->content); break;
    }
    if (keeps_first) out << ")";
}

inline void write_milliseconds(sql_writer& out, std::int64_t milliseconds) {
    out << milliseconds << out.speech().millisecond;
}

// first * 2^(attempts - 1), at most cap, and up to jitter of it on top; exact in 64 bits because
// first is below 2^32 and the exponent at most 30.
inline void write_backoff(sql_writer& out, const backoff& retry) {
    const auto delay = [&] {
        out << out.speech().least << "(CAST(" << retry.first.count() << " AS bigint) * (1 << "
            << out.speech().least << "(" << out.speech().greatest << "(\"attempts\" - 1, 0), 30)), "
            << retry.cap.count() << ")";
    };
    out.write_now() << " + (";
    delay();
    if (retry.jitter > 0) {
        out << " + CAST(";
        delay();
        out << " * ";
        out.put_share(retry.jitter);
        out << " AS bigint)";
    }
    out << ")" << out.speech().millisecond;
}

}  // namespace statemachine::detail
