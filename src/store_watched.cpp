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

template <class Content>
result<outcome> without_content(result<answer<Content>>&& got) {
    if (!got) return std::move(got).error();
    return static_cast<outcome>(std::move(got).value());
}
template <class Content>
result<outcome> put(result<answer<Content>>&& got, Content& into) {
    if (got && got.value()) into = *got.value();
    return without_content(std::move(got));
}

}  // namespace

std::string_view store_core::name_of_event(int event) const {
    return event == nowhere ? std::string_view{"renew"}
                            : statements_->declared->events[static_cast<std::size_t>(event)].name;
}

result<outcome> store_core::submit(const void* job, const submit_options& options,
                                   raw_submitted& made) {
    std::optional<error> parted;
    auto got = watched(
        limits_.watch, statements_->declared->table, "submit",
        [&] { return assured(*session_, [&] { return submit_quietly(job, options, parted); }); },
        &parted);
    return put(std::move(got), made);
}

std::vector<result<answer<raw_submitted>>> store_core::submit_many(std::size_t count,
                                                                   job_source job_at) {
    std::optional<error> parted;
    return watched(
        limits_.watch, statements_->declared->table, "submit",
        [&] {
            return all_assured(*session_,
                               [&] { return submit_many_quietly(count, job_at, parted); });
        },
        &parted);
}

result<outcome> store_core::claim_by_id(const event_ref& on, std::int64_t id,
                                        const claim_options& options, run_maker make) {
    auto event = event_of(on, event_kind::claim);
    if (!event) return std::move(event).error();
    auto got = watched(limits_.watch, statements_->declared->table, on.name(),
                       [&] { return claim_by_id_quietly(event.value(), id, options, make); });
    return without_content(std::move(got));
}

result<outcome> store_core::claim_next(const event_ref& on, std::size_t most,
                                       const claim_options& options, run_maker make) {
    auto event = event_of(on, event_kind::claim);
    if (!event) return std::move(event).error();
    auto got = watched(limits_.watch, statements_->declared->table, on.name(),
                       [&] { return claim_next_quietly(event.value(), most, options, make); });
    return without_content(std::move(got));
}

result<outcome> store_core::fire(const event_ref& on, event_kind kind, fire_call fired,
                                 raw_change& made) {
    auto event = event_of(on, kind);
    if (!event) return std::move(event).error();
    fired.event = event.value();
    std::optional<error> parted;
    auto got = watched(
        limits_.watch, statements_->declared->table, on.name(),
        [&] { return assured(*session_, [&] { return fire_quietly(fired, parted); }); }, &parted);
    return put(std::move(got), made);
}

std::vector<result<answer<raw_change>>> store_core::fire_many(const event_ref& on,
                                                              std::size_t count,
                                                              fire_source call_at) {
    auto event = event_of(on, event_kind::step);
    if (!event) return {count, std::move(event).error()};
    const auto with_event = [&](std::size_t i) {
        fire_call fired = call_at(i);
        fired.event = event.value();
        return fired;
    };
    std::optional<error> parted;
    return watched(
        limits_.watch, statements_->declared->table, on.name(),
        [&] {
            return all_assured(*session_,
                               [&] { return fire_many_quietly(count, with_event, parted); });
        },
        &parted);
}

result<answer<lease>> store_core::renew(const held_lease& held) {
    return renew_by(nowhere, held, nullptr);
}

result<answer<lease>> store_core::renew(const event_ref& on, const held_lease& held,
                                        const void* inputs) {
    auto event = event_of(on, event_kind::renewal);
    if (!event) return std::move(event).error();
    return renew_by(event.value(), held, inputs);
}

result<answer<lease>> store_core::renew_by(int event, const held_lease& held, const void* inputs) {
    return watched(limits_.watch, statements_->declared->table, name_of_event(event),
                   [&] { return renew_quietly(event, held, inputs); });
}

result<std::vector<answer<lease>>> store_core::renew_many(std::span<const held_lease> held) {
    return watched(limits_.watch, statements_->declared->table, "renew",
                   [&] { return renew_many_quietly(held); });
}

result<outcome> store_core::resolve(std::int64_t id, std::string_view token, raw_change& found) {
    auto got = watched(limits_.watch, statements_->declared->table, "resolve", [&] {
        return assured(*session_, [&] { return resolve_quietly(id, token); });
    });
    return put(std::move(got), found);
}

}  // namespace statemachine::detail
