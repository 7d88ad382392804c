#include <statemachine/answer.hpp>

namespace statemachine {

std::string_view to_string(status status) noexcept {
    switch (status) {
        case status::applied: return "applied";
        case status::already_applied: return "already_applied";
        case status::provisional: return "provisional";
        case status::rejected: return "rejected";
        case status::retryable: return "retryable";
        case status::unknown: return "unknown";
        case status::forgotten: return "forgotten";
    }
    return "unknown";
}

std::string_view to_string(reason reason) noexcept {
    switch (reason) {
        case reason::none: return "none";
        case reason::not_found: return "not_found";
        case reason::token_reused: return "token_reused";
        case reason::token_void: return "token_void";
        case reason::stale_epoch: return "stale_epoch";
        case reason::stale_version: return "stale_version";
        case reason::wrong_state: return "wrong_state";
        case reason::lease_held: return "lease_held";
        case reason::lease_expired: return "lease_expired";
        case reason::not_due: return "not_due";
        case reason::attempts_exhausted: return "attempts_exhausted";
        case reason::guard_failed: return "guard_failed";
        case reason::key_conflict: return "key_conflict";
        case reason::none_due: return "none_due";
        case reason::never_applied: return "never_applied";
    }
    return "none";
}

namespace {

std::string_view sentence(reason reason) noexcept {
    switch (reason) {
        case reason::none: return "nothing changed";
        case reason::not_found: return "there is no job with this id";
        case reason::token_reused:
            return "this token was used for another event or other inputs; make a new one for each "
                   "intended change";
        case reason::token_void:
            return "this token was settled as never applied; read the job, and take a new token if "
                   "the change is still wanted";
        case reason::stale_epoch:
            return "the job was claimed again since; stop working on it, its lease is another "
                   "run's";
        case reason::stale_version:
            return "the job changed since this version was read; read it again and decide anew";
        case reason::wrong_state: return "no transition of this event starts from the job's state";
        case reason::lease_held: return "another run holds a live lease on the job";
        case reason::lease_expired:
            return "the lease ran out before this arrived, and the machine refuses late steps";
        case reason::not_due: return "the job waits for its time";
        case reason::attempts_exhausted:
            return "the attempts of the job are used up, and it was ended";
        case reason::guard_failed: return "no transition's condition holds for the job";
        case reason::key_conflict:
            return "this key belongs to a job with other content; submit under another key";
        case reason::none_due: return "no job is due";
        case reason::never_applied:
            return "no change was made with this token, and none ever will be; take a new token to "
                   "try again";
    }
    return "nothing changed";
}

}  // namespace

std::string outcome::why() const {
    std::string text{to_string(status_)};
    if (status_ == status::rejected) text.append(": ").append(sentence(reason_));
    if (reason_ == reason::wrong_state && !seen_in_.empty())
        text.append(" '").append(seen_in_).append("'");
    if (status_ == status::forgotten)
        text.append(": the token is older than its memory; read the job to see where it stands");
    if (cause_) text.append(": ").append(cause_->message());
    return text;
}

void detail::throw_without_content(const outcome& outcome) {
    if (const error* cause = outcome.cause(); cause != nullptr) throw failure(*cause);
    throw failure(error(errc::refused, outcome.why()));
}

}  // namespace statemachine
