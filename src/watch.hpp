// Tells an observer how a call ended.
#pragma once

#include <statemachine/observer.hpp>

#include <optional>
#include <type_traits>
#include <vector>

namespace statemachine::detail {

template <class Content>
void note(observation& seen, const result<answer<Content>>& ended) {
    if (!ended) {
        seen.cause = &ended.error();
        seen.status = status::rejected;
        ++seen.others;
        return;
    }
    const outcome& how = ended.value();
    if constexpr (std::is_same_v<Content, std::size_t>)
        seen.jobs += ended.value() ? *ended.value() : 0;  // a batch of runs
    else
        seen.jobs += how.succeeded() ? 1 : 0;
    seen.others += how.succeeded() ? 0 : 1;
    if (how.status() < seen.status) return;
    seen.status = how.status();
    seen.reason = how.reason();
    seen.cause = how.cause();
}
template <class Content>
void note(observation& seen, const std::vector<result<answer<Content>>>& ended) {
    for (const auto& each : ended) note(seen, each);
}
template <class Content>
void note(observation& seen, const result<std::vector<answer<Content>>>& ended) {
    if (!ended) return note(seen, result<answer<Content>>(ended.error()));
    for (const auto& each : ended.value()) note(seen, result<answer<Content>>(each));
}

// Makes the call, and tells of it where somebody watches. The call leaves in `parted` what its
// changes could not go together for.
template <class Call>
auto watched(observer* by, std::string_view table, std::string_view event, Call call,
             const std::optional<error>* parted = nullptr) {
    if (by == nullptr) return call();
    const auto began = std::chrono::steady_clock::now();
    auto ended = call();
    observation seen{table, event};
    note(seen, ended);
    if (parted != nullptr && *parted) seen.parted = &**parted;
    seen.took = std::chrono::steady_clock::now() - began;
    by->observed(seen);
    return ended;
}

}  // namespace statemachine::detail
