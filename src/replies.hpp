// How the ends of a call become answers.
#pragma once

#include <statemachine/answer.hpp>
#include <statemachine/session.hpp>

namespace statemachine::detail {

// An error that only says whether the change happened is an answer; any other stays an error.
template <class Content>
result<answer<Content>> answer_of(error cause) {
    switch (cause.what_is_known()) {
        case fate::not_applied_retry: return answer<Content>(status::retryable, std::move(cause));
        case fate::unknown: return answer<Content>(status::unknown, std::move(cause));
        case fate::not_applied: break;
    }
    return cause;
}

// What a call that changed something answers, by how its transaction ended.
template <class Content>
answer<Content> done_by(ending end, Content content) {
    answer<Content> done(end == ending::provisional ? status::provisional : status::applied,
                         std::move(content));
    if (end == ending::committed_locally) done.mark_committed_locally();
    return done;
}

// A refusal that was found while an earlier sending of the call may still be under way: it is one
// only when nothing can make that sending fit any more.
template <class Content>
answer<Content> definite(answer<Content> refused, const std::optional<error>& doubt) {
    if (!doubt || !refused.rejected()) return refused;
    // Of a job that cannot be read any more nothing can be found either.
    const bool is_unreadable = doubt->code() == errc::unreadable_change;
    if (refused.reason() == reason::not_found && is_unreadable)
        return answer<Content>(status::unknown, *doubt);
    switch (refused.reason()) {
        case reason::not_found:
        case reason::token_reused:
        case reason::token_void:
        case reason::stale_epoch:
        case reason::stale_version: return refused;
        default: return answer<Content>(status::unknown, *doubt);
    }
}

// The same for whatever ended a call of which an earlier sending may still be under way.
template <class Content>
result<answer<Content>> in_doubt(result<answer<Content>> found, const std::optional<error>& doubt) {
    if (!doubt || (found && (found.value().succeeded() || found.value().unknown()))) return found;
    if (found && found.value().rejected()) return definite(std::move(found).value(), doubt);
    return answer<Content>(status::unknown, *doubt);
}

// The change stands, and what it has brought back cannot be shown.
inline error unreadable(const error& cause) {
    return {errc::unreadable_change, "the change was made, and " + cause.message(), cause.native()};
}

// After a second miss without a reason: the job changes faster than it can be looked at.
inline error kept_changing() {
    return {errc::busy,
            "the job changed between the write and the look at it, twice; nothing was "
            "changed, send the same again"};
}

inline timestamp time_of(const value& stored) {
    return timestamp{std::chrono::milliseconds{stored.integer()}};
}
inline std::optional<timestamp> optional_time_of(const value& stored) {
    if (stored.is_null()) return std::nullopt;
    return time_of(stored);
}
inline std::optional<std::string> optional_text_of(const value& stored) {
    if (stored.is_null()) return std::nullopt;
    return std::string{stored.text()};
}

}  // namespace statemachine::detail
