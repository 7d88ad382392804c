// One rule of the machine: on this event, from these states, under this condition, to that state.
//
//     {.on = claim, .from = waiting, .to = claimed, .lease = 30min, .max_attempts = 3,
//      .expired = waiting, .exhausted = failed},
//     {.on = fail, .from = claimed, .when = !sm::field<&failure::permanent>, .to = waiting,
//      .retry = {.first = 5s, .cap = 5min, .jitter = 0.2}},
//     {.on = fail, .from = claimed, .to = failed},       // the first rule whose guard holds fires
#pragma once

#include <statemachine/effect.hpp>
#include <statemachine/event.hpp>
#include <statemachine/guard.hpp>

namespace statemachine {

/// The states that a rule starts from: one, or several in braces, at most 16.
template <class State>
class from_states {
public:
    static constexpr std::size_t capacity = 16;

    constexpr from_states() = default;
    template <class... More>
    requires(std::is_same_v<State, More>&&...) constexpr from_states(
        State first, More... more)  // NOLINT(*-explicit-*): `.from = waiting`
        : size_(1 + sizeof...(more)) {
        static_assert(1 + sizeof...(More) <= capacity,
                      "statemachine: a rule starts from at most 16 states");
        std::size_t at = 0;
        for (const State each : {first, more...}) items_[at++] = each;
    }

    constexpr const State* begin() const { return items_.data(); }
    constexpr const State* end() const { return items_.data() + size_; }

private:
    std::array<State, capacity> items_{};
    std::size_t size_ = 0;
};

/// When a job that goes back to wait is due again: `first * 2^(attempts - 1)`, at most `cap`, plus
/// a random share of up to `jitter` of that. Stored with the change, so that it outlives the
/// process.
struct backoff {
    std::chrono::milliseconds first{};
    std::chrono::milliseconds cap{};
    double jitter = 0;  ///< 0 to 1
};

/// What a rule does to the count of attempts.
enum class attempts : unsigned char {
    kept,
    given_back,  ///< the attempt of the current run is not counted (a release, a pause)
    restarted,   ///< counts from zero (the next leg of the work, a manual retry)
};

/// A rule. `on`, `from` and `to` are mandatory; `verify` names the rule that lacks one.
template <class State>
struct transition {
    event_ref on{};
    from_states<State> from{};
    guard when{};
    std::optional<State> to{};

    /// A claim: the run may act on the job for this long; claiming it again is then possible.
    std::chrono::milliseconds lease{};
    int max_attempts = 0;              ///< claims before the job is used up; 0: no limit
    std::optional<State> expired{};    ///< where a job goes whose lease ran out
    std::optional<State> exhausted{};  ///< where a job ends whose attempts are used up

    backoff retry{};  ///< fires only while attempts remain; a later rule says what happens else
    statemachine::attempts attempts = statemachine::attempts::kept;
    bool control = false;  ///< needs no lease: an operator's or submitter's event (cancel, retry)
    bool renew = false;    ///< keeps the state, extends the lease, writes no log (progress)
    effects then{};

    /// The topic of the event that this rule puts into the outbox, in the same transaction.
    const char* emit = nullptr;
    /// A claim: emitted when a lease of it ran out and the job goes on, by a sweep or a next claim.
    const char* emit_expired = nullptr;
    const char* emit_exhausted = nullptr;  ///< a claim: emitted when it ends a used-up job
};

}  // namespace statemachine
