// Tells the callback of a document what became of it: the events of the outbox, each as one POST.
#pragma once

#include "machine.hpp"

#include <statemachine/relay.hpp>

namespace extraction {

/// Posts `{"id", "topic", "document", "status"}`: `id` is the same at each delivery of an event.
/// @return an error unless the receiver answered with 2xx: the event is tried again
sm::result<void> post_event(const std::string& callback, const sm::emission& event, state status,
                            const std::string& sender);

/// The times between two tries, and after which another relay takes over from one that died.
inline sm::relay_options webhook_options(const times& wanted) {
    sm::relay_options how{.group = "webhooks", .from = sm::from::beginning};
    if (&wanted != &hurried) return how;
    how.lease = std::chrono::seconds{2};
    how.retry = {.first = 300ms, .cap = 1s, .jitter = 0.2};
    how.tries = 20;
    how.poll = 200ms;
    return how;
}

/// @param sender  who delivers; receivers see it as the User-Agent
template <const times& Times, class Database>
auto make_webhooks(Database& database, const sm::relay_options& how, std::string sender) {
    return std::make_unique<sm::relay<machine<Times>>>(
        database, how,
        [sender = std::move(sender)](const sm::emitted<machine<Times>>& event) -> sm::result<void> {
            auto document = event.read();
            if (!document) return document.error();
            if (!document.value()) return sm::success();  // it is gone, and nobody waits for it
            return post_event(document.value()->job.callback, event, document.value()->state,
                              sender);
        });
}

}  // namespace extraction
