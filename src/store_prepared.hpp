// Changes that are checked and ready to be sent, as often as it takes.
#pragma once

#include "store_call.hpp"

#include <string>

namespace statemachine::detail {

// A step or control event with its token.
struct store_core::prepared_fire {
    fire_call fired;
    const plan* change;
    std::string own_token;
    std::string fingerprint;
    call values;

    bool has_token() const { return !fired.token.empty() || !own_token.empty(); }

    // The views of the call, wherever this was moved to.
    call ready() const {
        call all = values;
        all.token = own_token.empty() ? fired.token : std::string_view{own_token};
        all.inputs_fingerprint = fingerprint;
        return all;
    }
};

// A job to be submitted.
struct store_core::prepared_submit {
    std::string fingerprint;
    call values;

    // The views of the call, wherever this was moved to.
    call ready() const {
        call all = values;
        all.fingerprint = fingerprint;
        return all;
    }
};

// Of the columns of `submitted_types`.
inline raw_submitted new_job(const catalog& statements, std::span<const value> row) {
    return {row[0].integer(), statements.declared->initial, 1};
}

// Stands for an answer until there is one.
template <class Content>
answer<Content> nothing_yet() {
    return {status::retryable, reason::none};
}

}  // namespace statemachine::detail
