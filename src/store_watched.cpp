// The calls of a store as an observer sees them.
#include "store_call.hpp"
#include "watch.hpp"

#include <algorithm>

namespace statemachine::detail {
namespace {

template <class Content>
bool was_read(const result<answer<Content>>& got) {
    return got && got.value().already_applied() && !got.value().committed_locally();
}

// What was read of an earlier change is no safer than that change: a synchronous standby may lack
// it. Asked once, whatever number of answers depends on it.
template <class Call>
auto assured(session& on, Call call) {
    const steady_time until = on.call_deadline();
    auto got = call();
    if (was_read(got) && on.assure(until) == ending::committed_locally)
        got.value().mark_committed_locally();
    return got;
}
template <class Call>
auto all_assured(session& on, Call call) {
    const steady_time until = on.call_deadline();
    auto all = call();
    if (std::none_of(all.begin(), all.end(), [](const auto& each) { return was_read(each); }) ||
        on.assure(until) != ending::committed_locally)
        return all;
    for (auto& each : all)
        if (was_read(each)) each.value().mark_committed_locally();
    return all;
}

}  // namespace

std::string_view store_core::name_of_event(int event) const {
    return event == nowhere ? std::string_view{"renew"}
                            : statements_->declared->events[static_cast<std::size_t>(event)].name;
}

result<answer<raw_submitted>> store_core::submit(const void* job, const submit_options& options) {
    return watched(limits_.watch, statements_->declared->table, "submit", [&] {
        return assured(*session_, [&] { return submit_quietly(job, options); });
    });
}

std::vector<result<answer<raw_submitted>>> store_core::submit_many(std::size_t count,
                                                                   job_source job_at) {
    return watched(limits_.watch, statements_->declared->table, "submit", [&] {
        return all_assured(*session_, [&] { return submit_many_quietly(count, job_at); });
    });
}

result<answer<int>> store_core::claim_by_id(int event, std::int64_t id,
                                            const claim_options& options, run_maker make) {
    return watched(limits_.watch, statements_->declared->table, name_of_event(event),
                   [&] { return claim_by_id_quietly(event, id, options, make); });
}

result<answer<std::size_t>> store_core::claim_next(int event, std::size_t most,
                                                   const claim_options& options, run_maker make) {
    return watched(limits_.watch, statements_->declared->table, name_of_event(event),
                   [&] { return claim_next_quietly(event, most, options, make); });
}

result<answer<raw_change>> store_core::fire(const fire_call& fired) {
    return watched(limits_.watch, statements_->declared->table, name_of_event(fired.event),
                   [&] { return assured(*session_, [&] { return fire_quietly(fired); }); });
}

std::vector<result<answer<raw_change>>> store_core::fire_many(std::size_t count,
                                                              fire_source call_at) {
    const std::string_view event =
        count == 0 ? std::string_view{} : name_of_event(call_at(0).event);
    return watched(limits_.watch, statements_->declared->table, event, [&] {
        return all_assured(*session_, [&] { return fire_many_quietly(count, call_at); });
    });
}

result<answer<lease>> store_core::renew(int event, const held_lease& held, const void* inputs) {
    return watched(limits_.watch, statements_->declared->table, name_of_event(event),
                   [&] { return renew_quietly(event, held, inputs); });
}

result<std::vector<answer<lease>>> store_core::renew_many(std::span<const held_lease> held) {
    return watched(limits_.watch, statements_->declared->table, "renew",
                   [&] { return renew_many_quietly(held); });
}

result<answer<raw_change>> store_core::resolve(std::int64_t id, std::string_view token) {
    return watched(limits_.watch, statements_->declared->table, "resolve",
                   [&] { return assured(*session_, [&] { return resolve_quietly(id, token); }); });
}

}  // namespace statemachine::detail
