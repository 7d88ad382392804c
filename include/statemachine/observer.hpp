// Sees what the library does, for metrics, traces and logs.
//
//     struct counting final : sm::observer {
//         void observed(const sm::observation& seen) noexcept override {
//             calls.add(seen.event, to_string(seen.status), seen.took);
//         }
//     };
//     counting counters;
//     auto jobs = sm::store<transcode::machine>{db, {.watch = &counters}};
#pragma once

#include <statemachine/answer.hpp>

#include <chrono>
#include <cstddef>

namespace statemachine {

/// One call, one sweep, or one delivery, as it ended. Views hold until `observed` returns.
struct observation {
    std::string_view table;  ///< of the machine
    std::string_view event;  ///< the event's name, or `submit`, `renew`, `resolve`, `sweep`,
                             ///< `deliver`
    enum status status = status::applied;  ///< of a batch: that of its worst answer
    enum reason reason = reason::none;     ///< why it was rejected
    std::size_t jobs = 0;                  ///< how many jobs or deliveries it succeeded for
    std::size_t others = 0;                ///< how many it did not succeed for
    /// The one behind `retryable` and `unknown`; beside `rejected`: the call ended with this error.
    const error* cause = nullptr;
    /// What a statement with several changes failed with, so that each was sent by itself; null:
    /// they went together. Beside it stands what became of them.
    const error* parted = nullptr;
    std::chrono::nanoseconds took{};
};

/// Is told of every call that may change jobs, and of sweeps and deliveries. It is called on the
/// thread of the call, outside of all locks and transactions of the library, by several threads at
/// once; what it does the caller waits for.
class [[gnu::visibility("default")]] observer {
public:
    virtual ~observer() = default;
    virtual void observed(const observation& seen) noexcept = 0;
};

}  // namespace statemachine
