// What became of a worker's call, as an HTTP status and a word: enough to know what to do next.
#pragma once

#include <statemachine/answer.hpp>

#include <nlohmann/json.hpp>

namespace transcode {

// What a request is answered with.
struct reply {
    int status;
    nlohmann::json body{};
};

namespace answers {
inline constexpr const char* done = "done";                            // 200
inline constexpr const char* already_done = "already done";            // 200: by this very token
inline constexpr const char* already_completed = "already completed";  // 200: by whatever call
inline constexpr const char* bad_request = "bad request";              // 400: nothing was written
inline constexpr const char* not_yours = "not yours any more";         // 403: a peer has it
inline constexpr const char* no_such_job = "no such job";              // 404
inline constexpr const char* lease_ran_out = "your lease ran out";     // 409
inline constexpr const char* failed = "failed for good";               // 410
inline constexpr const char* try_again = "try again later";            // 503: the same call
}  // namespace answers

reply reply_to(const statemachine::outcome& what);
reply reply_to(const statemachine::error& what);

// The same for what may be either.
template <class Content>
reply reply_to(const statemachine::result<Content>& what) {
    if (!what) return reply_to(what.error());
    return reply_to(static_cast<const statemachine::outcome&>(what.value()));
}

}  // namespace transcode
