// Changes that are checked and ready to be sent, as often as it takes.
#pragma once

#include "store_call.hpp"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

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

// Which job of a statement of many a row that comes back is: its `rule` tells the place, from 1.
// Only a trigger of somebody else's makes that another number.
inline std::optional<std::size_t> place_of_new(std::span<const value> row, std::size_t count) {
    const std::int64_t number = row[1].integer();
    if (number < 1 || number > static_cast<std::int64_t>(count)) return std::nullopt;
    return static_cast<std::size_t>(number - 1);
}

inline error places_were_changed(const std::string& column) {
    return {errc::undeclared_value,
            "a trigger writes the column " + column +
                ", by which the jobs of a statement are told apart: leave that column to the "
                "library"};
}

// Those of a batch that are not sent at all, by their places among all of them.
using refused_calls = std::vector<std::pair<std::size_t, error>>;

// Puts them back among the answers to those that were sent.
template <class Content>
void put_back(refused_calls&& refused, std::vector<result<answer<Content>>>& answers) {
    if (refused.empty()) return;
    std::vector<result<answer<Content>>> all;
    all.reserve(answers.size() + refused.size());
    auto next = std::make_move_iterator(answers.begin());
    for (auto& [place, why] : refused) {
        while (all.size() < place) all.push_back(*next++);
        all.push_back(std::move(why));
    }
    all.insert(all.end(), next, std::make_move_iterator(answers.end()));
    answers = std::move(all);
}

// Stands for an answer until there is one.
template <class Content>
answer<Content> nothing_yet() {
    return {status::retryable, reason::none};
}

}  // namespace statemachine::detail
