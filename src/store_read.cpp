#include "render/read.hpp"
#include "replies.hpp"
#include "store_call.hpp"

namespace statemachine::detail {
namespace {

// The order of columns is `record_columns`.
raw_record record_of(int state, std::span<const value> row) {
    raw_record made;
    made.id = row[0].integer();
    made.state = state;
    made.version = row[2].integer();
    made.epoch = row[3].integer();
    made.attempts = static_cast<int>(row[4].integer());
    made.owner = optional_text_of(row[5]);
    made.lease_until = optional_time_of(row[6]);
    made.run_at = time_of(row[7]);
    made.priority = static_cast<int>(row[8].integer());
    made.key = optional_text_of(row[9]);
    made.error = optional_text_of(row[10]);
    made.created_at = time_of(row[11]);
    made.changed_at = time_of(row[12]);
    return made;
}

// The log keeps the names that states had; shown is what they are called now.
std::string_view renamed(const spec& declared, std::string_view name) {
    for (const state_spec& each : declared.states)
        if (!each.formerly.empty() && each.formerly == name) return each.name;
    return name;
}

}  // namespace

result<std::size_t> store_core::read_records(const compiled_statement& what, const call& values,
                                             record_maker make) {
    std::optional<error> broken;
    auto found = query(what, values, [&](std::span<const value> row) {
        if (broken) return;
        auto state = state_named(row[1].text());
        if (!state) {
            broken = std::move(state).error();
            return;
        }
        void* job = make(record_of(state.value(), row));
        if (auto filled = fill(job, row.subspan(record_columns.size())); !filled)
            broken = std::move(filled).error();
    });
    if (!found) return std::move(found).error();
    if (broken) return *std::move(broken);
    return found.value();
}

result<std::size_t> store_core::read(std::int64_t id, record_maker make) {
    call values(*session_);
    values.id = id;
    return read_records(statements_->read, values, make);
}

result<std::size_t> store_core::list(int state, const list_options& options, record_maker make) {
    if (state == nowhere)
        return error(errc::invalid_argument, "the machine declares no such state");
    if (options.limit < 1 || options.limit > static_cast<std::int64_t>(limits_.max_batch))
        return error(errc::invalid_argument,
                     "a list takes a limit between 1 and " + std::to_string(limits_.max_batch));
    call values(*session_);
    values.state = statements_->declared->states[static_cast<std::size_t>(state)].name;
    values.after = options.after;
    values.limit = options.limit;
    return read_records(statements_->list, values, make);
}

result<std::vector<log_entry>> store_core::history(std::int64_t id,
                                                   const history_options& options) {
    if (options.limit < 1 || options.limit > static_cast<std::int64_t>(limits_.max_batch))
        return error(errc::invalid_argument,
                     "a history takes a limit between 1 and " + std::to_string(limits_.max_batch));
    call values(*session_);
    values.id = id;
    values.after = options.after;
    values.limit = options.limit;
    std::vector<log_entry> entries;
    auto found = query(statements_->history, values, [&](std::span<const value> row) {
        log_entry& entry = entries.emplace_back();
        entry.version = row[0].integer();
        entry.event = row[1].text();
        if (!row[2].is_null()) entry.from = renamed(*statements_->declared, row[2].text());
        entry.to = renamed(*statements_->declared, row[3].text());
        entry.epoch = row[4].integer();
        entry.actor = optional_text_of(row[5]);
        entry.at = time_of(row[6]);
        entry.lease_until = optional_time_of(row[7]);
    });
    if (!found) return std::move(found).error();
    return entries;
}

}  // namespace statemachine::detail
