#include "render/rule.hpp"

#include <statemachine/diagram.hpp>

#include <string>

namespace statemachine::detail {
namespace {

std::string duration_text(std::int64_t milliseconds) {
    struct unit {
        std::int64_t length;
        const char* name;
    };
    for (const unit each :
         {unit{86'400'000, " d"}, unit{3'600'000, " h"}, unit{60'000, " min"}, unit{1000, " s"}})
        if (milliseconds >= each.length && milliseconds % each.length == 0)
            return std::to_string(milliseconds / each.length) + each.name;
    return std::to_string(milliseconds) + " ms";
}

std::string constant_text(const value& content) {
    if (content.is_null()) return "empty";
    switch (content.type()) {
        case column_type::boolean: return content.integer() != 0 ? "true" : "false";
        case column_type::real: {
            std::string text = std::to_string(content.real());
            text.erase(text.find_last_not_of('0') + 1);
            return text.ends_with('.') ? text + "0" : text;
        }
        case column_type::text: return "'" + std::string{content.text()} + "'";
        default: return std::to_string(content.integer());
    }
}

std::string operand_text(const spec& declared, const node& part) {
    if (part.what == operation::constant) return constant_text(part.constant);
    const maybe<column> column = declared.column_of(part.field);
    return std::string{column ? column->name : part.field->spelling};
}

// A condition in words that Mermaid takes: no colon, no semicolon, no angle brackets.
std::string condition_text(const spec& declared, const guard& when, std::size_t& at) {
    const node& part = when[at++];
    switch (part.what) {
        case operation::both:
        case operation::either: {
            const std::string left = condition_text(declared, when, at);
            const std::string right = condition_text(declared, when, at);
            return left + (part.what == operation::both ? " and " : " or ") + right;
        }
        case operation::negated: return "not " + condition_text(declared, when, at);
        case operation::empty: return operand_text(declared, when[at++]) + " is empty";
        case operation::read: return operand_text(declared, part);
        default: break;
    }
    std::string_view sign = " is ";
    if (part.what == operation::unequal) sign = " is not ";
    if (part.what == operation::less) sign = " below ";
    if (part.what == operation::at_most) sign = " at most ";
    if (part.what == operation::more) sign = " above ";
    if (part.what == operation::at_least) sign = " at least ";
    std::string text = operand_text(declared, when[at++]);
    text.append(sign);
    return text.append(operand_text(declared, when[at++]));
}

std::string label_of(const spec& declared, const rule_spec& rule) {
    std::string text{declared.events[static_cast<std::size_t>(rule.event)].name};
    if (rule.control) text = "[" + text + "]";
    if (!rule.when->always()) {
        std::size_t at = 0;
        text.append(" when ").append(condition_text(declared, *rule.when, at));
    }
    if (rule.lease != 0) text.append(", lease ").append(duration_text(rule.lease));
    if (rule.retry.first.count() != 0)
        text.append(", again after ")
            .append(duration_text(rule.retry.first.count()))
            .append(" to ")
            .append(duration_text(rule.retry.cap.count()));
    if (!rule.emit.empty()) text.append(", emits ").append(rule.emit);
    return text;
}

void add_arrow(std::string& text, const spec& declared, int from, int to, std::string_view label) {
    const auto name = [&](int state) {
        return declared.states[static_cast<std::size_t>(state)].name;
    };
    text.append("    ").append(name(from)).append(" --> ").append(name(to));
    text.append(" : ").append(label).append("\n");
}

}  // namespace

std::string diagram_of(const spec& declared) {
    std::string text{"stateDiagram-v2\n    [*] --> "};
    text.append(declared.states[static_cast<std::size_t>(declared.initial)].name).append("\n");
    for (const rule_spec& rule : declared.rules)
        for (std::size_t i = 0; i < declared.states.size(); ++i)
            if (contains(rule.from, static_cast<int>(i)))
                add_arrow(text, declared, static_cast<int>(i), rule.to, label_of(declared, rule));
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        const int state = static_cast<int>(i);
        if (declared.leased(state)) {
            const rule_spec& terms = declared.lease_rule(state);
            add_arrow(text, declared, state, terms.expired, "lease ran out");
            if (terms.max_attempts > 0)
                add_arrow(
                    text, declared, state, terms.exhausted,
                    "lease ran out, " + std::to_string(terms.max_attempts) + " attempts used up");
        }
        if (declared.states[i].terminal)
            text.append("    ").append(declared.states[i].name).append(" --> [*]\n");
    }
    return text;
}

}  // namespace statemachine::detail
