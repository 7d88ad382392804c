#include <statemachine/testing/recorder.hpp>

#include <set>

namespace statemachine::testing {
namespace {

std::string shown(const value& held) {
    if (held.is_null()) return "null";
    if (is_view(held.type())) return std::string{held.text()};
    if (held.type() == column_type::real) return std::to_string(held.real());
    return std::to_string(held.integer());
}

}  // namespace

std::string content_of_inputs(const detail::spec& declared, std::string_view event,
                              const void* inputs) {
    const int wanted = declared.event_named(event);
    if (wanted == detail::nowhere) return {};
    const auto owner = declared.events[static_cast<std::size_t>(wanted)].inputs;
    std::set<std::string> parts;
    const auto add = [&](const detail::node& part) {
        if (part.what == detail::operation::read && part.field->owner == owner)
            parts.insert(std::string{part.field->spelling} + "=" + shown(part.field->read(inputs)));
    };
    for (const auto& rule : declared.rules) {
        if (rule.event != wanted) continue;
        for (std::size_t i = 0; i < rule.when->size(); ++i) add((*rule.when)[i]);
        for (const effect& each : *rule.then) add(each.content);
    }
    std::string all;
    for (const std::string& each : parts) all += (all.empty() ? "" : "; ") + each;
    return all;
}

std::string content_of_job(const detail::spec& declared, const void* job) {
    bool chosen = false;
    for (const column& each : declared.columns) chosen = chosen || has(each.flags, identity);
    std::string all;
    for (const column& each : declared.columns)
        if (!chosen || has(each.flags, identity))
            all += (all.empty() ? "" : "; ") + std::string{each.name} + "=" +
                   shown(each.field->read(job));
    return all;
}

}  // namespace statemachine::testing
