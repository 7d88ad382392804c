// Events on their way from the outbox to a group of consumers: plain values, yours to keep.
#pragma once

#include <statemachine/observer.hpp>
#include <statemachine/transition.hpp>
#include <statemachine/value.hpp>

namespace statemachine {

/// Where a group starts that was not known before.
enum class from : unsigned char {
    now_on,     ///< with what is emitted from now on, by the database's clock
    beginning,  ///< with the oldest event that is still kept
};

/// An event that a transition put into the outbox.
struct emission {
    /// The same at each delivery, and of no other event: receivers tell duplicates by it.
    std::string id;
    std::string topic;
    std::int64_t job = 0;
    std::int64_t version = 0;  ///< the version that the job reached by the transition
    int part = 0;              ///< tells apart two events of one transition
    timestamp at{};            ///< when the transition was made, by the database's clock
    int tries = 0;             ///< deliveries begun, this one included
    std::int64_t epoch = 0;    ///< the fence number of this delivery: it grows with each
};

/// An event that a group did not take in all its tries. The later ones of its job go on.
struct parked_event {
    emission event;
    timestamp parked_at{};
    std::string error;  ///< what the last try said
};

/// What a relay did.
struct relayed {
    std::size_t delivered = 0;  ///< taken by the callable, and noted
    std::size_t failed = 0;     ///< to be tried again later
    std::size_t parked = 0;     ///< tries used up: it waits for an operator
    std::size_t lost = 0;  ///< its lease had run out before the end was noted: it comes once more
};

/// How a relay delivers.
struct relay_options {
    std::string group;  ///< 1 to 128 of `[A-Za-z0-9_.:-]`; each group gets each event
    statemachine::from from = statemachine::from::now_on;  ///< looked at when the group is new

    /// What one call of the callable may take. When it is over and the end was not noted, another
    /// relay delivers the event again.
    std::chrono::milliseconds lease{60'000};
    int tries = 8;  ///< deliveries begun before the event is parked

    /// The time between two tries.
    backoff retry{std::chrono::seconds{1}, std::chrono::minutes{5}, 0.2};
    std::size_t batch = 16;  ///< events claimed at once
    int threads = 4;         ///< of `run`: how many callables work at the same time

    /// The longest that `run` waits before it looks again when there was nothing to deliver.
    std::chrono::milliseconds poll{1'000};

    observer* watch = nullptr;  ///< is told of each delivery; it outlives the relay
};

}  // namespace statemachine
