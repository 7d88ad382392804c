// What a call sends: statements, with where their parameters come from, and what belongs together.
#pragma once

#include <statemachine/detail/sql_writer.hpp>
#include <statemachine/session.hpp>

namespace statemachine::detail {

// A statement and where each of its parameters comes from.
struct compiled_statement {
    statement sql;
    std::span<const parameter> parameters;
};

inline constexpr std::size_t max_followers = 4;  // log, token, event, its deliveries

// A change and what must commit with it. `search` finds the job to change, where the change does
// not; `read_back` brings its row, where the change does not and was made. `followers` run once for
// each row that was brought back, with that row's id; they are empty where the dialect does all in
// one statement.
struct plan {
    compiled_statement change;
    std::array<compiled_statement, max_followers> followers{};
    std::size_t follower_count = 0;
    bool emits = false;
    compiled_statement search{};
    compiled_statement read_back{};

    constexpr bool is_empty() const { return change.sql.text.empty(); }
    constexpr bool is_single() const {
        return follower_count == 0 && search.sql.text.empty() && read_back.sql.text.empty();
    }
};

// The statements of one event. A step has two forms, by its token; a control event has four.
struct event_plans {
    plan plain;  // claim: by id; step: by epoch; control: by version; renewal: by epoch
    plan with_token;
    plan many;         // step only, where the dialect has arrays: each with its token, or none
    plan any_version;  // control only
    plan any_version_with_token;
    plan next;                 // claim only: the next n due
    plan next_one;             // claim only: the next one, where that is less work by its id
    compiled_statement front;  // claim only: where those stand, if the dialect has to look
    plan exhaust;              // claim only: sweeps what waits with no attempt left
    compiled_statement reason;
    compiled_statement adopt;          // what the call of a nonce did to its job
    compiled_statement adopt_claimed;  // claim only: what the claim of a nonce still holds
    bool repeats = false;              // can apply again to what it made
    bool any_version_repeats = false;
};

struct catalog {
    const spec* declared;
    const dialect* speech;
    plan submit;
    compiled_statement adopt_submit, void_token, may_be_forgotten;
    compiled_statement find_key, find_keys, find_token, read, list, history, renew_many,
        renew_reason;
    plan submit_many;  // where the dialect has arrays
    plan renew;
    plan expire;
    std::span<const event_plans> events;
    std::string_view schema;
    const void* (*fresh_job)();  // a job as it is made by default
};

}  // namespace statemachine::detail
