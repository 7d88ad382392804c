// What a statement asks for.
#pragma once

#include <statemachine/column.hpp>

namespace statemachine::detail {

// Where a parameter's value comes from.
enum class slot : unsigned char {
    id,
    epoch,
    version,
    actor,
    nonce,
    now,
    limit,
    after,
    since,
    state,
    key,
    fingerprint,
    priority,
    delay,
    run_at,
    token,
    inputs_fingerprint,
    input,           // a member of the event's inputs
    column,          // a member of the job
    constant,        // written in the declaration
    jitter,          // a fresh random share of the declared jitter
    share,           // a fresh random share of 1
    front_priority,  // where the search for due jobs begins
    front_run_at,
    consumer,  // from here on: of the relay
    generation,
    part,
    tries,
    error,
};

struct parameter {
    slot from = slot::id;
    column_type type = column_type::int64;
    const field_info* field = nullptr;
    value constant{};
    bool many = false;  // an array: one value for each row of a batch
};

}  // namespace statemachine::detail
