// Why a change matched no row, decided from what was read after it. Pure: no database is asked.
#pragma once

#include <statemachine/answer.hpp>
#include <statemachine/detail/store_core.hpp>

namespace statemachine::detail {

// The token's row, where there is one. Version 0: it was made void before anything was done with
// it.
struct settled_token {
    std::string event;
    std::string fingerprint;
    std::int64_t version = 0;
    timestamp at{};
    int from = nowhere;
    int to = nowhere;
    std::int64_t epoch = 0;
};

// What was seen of the job after a change missed it.
struct sighting {
    int state = nowhere;
    std::int64_t version = 0;
    std::int64_t epoch = 0;
    int attempts = 0;
    bool due = false;
    bool expired = false;  // its lease has run out
    bool holds = false;    // a rule of the event fits it now
    timestamp run_at{};
    std::optional<settled_token> token;
};

// The first reason in the order of precedence, or `none` when the change would fit now. A token
// that did this very change before is the caller's to look at first.
reason judge(const spec& declared, event_kind kind, const fire_call& call,
             const std::optional<sighting>& seen);

// What the token's row tells of its change.
raw_change recorded_change(std::int64_t id, const settled_token& token);

// Whether the token stands for this event and these inputs.
bool same_change(const settled_token& token, std::string_view event, std::string_view fingerprint);

}  // namespace statemachine::detail
