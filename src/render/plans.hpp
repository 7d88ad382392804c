// What a call sends: statements, with where their parameters come from, and what belongs together.
#pragma once

#include "parameter.hpp"

#include <statemachine/detail/spec.hpp>
#include <statemachine/dialect.hpp>
#include <statemachine/session.hpp>

#include <array>

namespace statemachine::detail {

// What `rule` holds when no rule of the declaration fired.
inline constexpr std::int64_t rule_expired = -1;
inline constexpr std::int64_t rule_exhausted = -2;

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

    bool is_empty() const { return change.sql.text.empty(); }
    bool is_single() const {
        return follower_count == 0 && search.sql.text.empty() && read_back.sql.text.empty();
    }
};

// What the rules of a step or control event, and its fence, leave open.
struct change_shape {
    int from = nowhere;  // the state that all its jobs come from, if there is one
    int to = nowhere;    // and the one that all of them reach
    bool epoch = true;
    bool lease = true;  // some may keep theirs
};

// The statements of one event. A step has two forms, by its token; a control event has four.
struct event_plans {
    plan plain;  // claim: by id; step: by epoch; control: by version; renewal: by epoch
    plan with_token;
    plan many;         // step only, where the dialect has arrays: each with its token, or none
    plan many_plain;   // and these without tokens, by one actor: fails where it waits for long
    plan any_version;  // control only
    plan any_version_with_token;
    plan next;                 // claim only: the next n due
    plan next_one;             // claim only: the next one, where that is less work by its id
    compiled_statement front;  // claim only: where those stand, if the dialect has to look
    plan exhaust;              // claim only: sweeps what waits with no attempt left
    compiled_statement reason;
    compiled_statement adopt;          // what the call of a nonce did to its job
    compiled_statement adopt_claimed;  // claim only: what the claim of a nonce still holds
    change_shape shape{};              // of step and control: what they bring back
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
    plan submit_many;                  // where the dialect has arrays
    plan submit_many_unkeyed;          // there, too: jobs without keys
    plan submit_many_alike;            // and of these, all due at one time
    compiled_statement submit_shared;  // there, too: fails where it waits for a key for long
    plan renew;
    plan expire;
    std::span<const event_plans> events;
    std::string_view schema;
    const void* (*fresh_job)();  // a job as it is made by default
};

// Ends jobs in batches, or one by one where a batch is refused. One that removes them returns their
// ids, any other `swept_columns`.
struct sweep_step {
    plan batch;
    plan one;
    compiled_statement candidates;
    bool removes = false;
};

struct sweep_catalog {
    compiled_statement take_turn, end_turn;
    std::span<const sweep_step> steps;     // what is expired first, then what is used up
    std::span<const sweep_step> removals;  // one for each state that has a time to be kept
    compiled_statement forget_up_to, forget_tokens, forget_log;
};

struct relay_catalog {
    const spec* declared;
    const dialect* speech;
    compiled_statement join, rejoin, leave, clear;
    compiled_statement next_generation, serve, raise;
    compiled_statement claim, delivered, not_delivered, not_begun;
    compiled_statement parked, unpark, discard;
    compiled_statement prune;
};

struct overview_catalog {
    compiled_statement states, stuck;
};

}  // namespace statemachine::detail
