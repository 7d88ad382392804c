// What became of a call that changes a job. Losing a race is an answer, never an error.
//
//     auto did = jobs.fire(complete, *run, {...}, token).value();
//     switch (did.status()) {
//         case sm::status::applied:         // this call did it
//         case sm::status::already_applied: // this token did it before: success for the caller
//         case sm::status::provisional:     // true once your own transaction commits
//         case sm::status::rejected:        // definite; did.why() and did.reason() say why
//         case sm::status::retryable:       // definite: not applied, send the same again
//         case sm::status::unknown:         // sent, no answer came: settle it by `resolve`
//         case sm::status::forgotten:       // of `resolve` alone: asked after the token's memory
//     }
#pragma once

#include <statemachine/error.hpp>

#include <optional>

namespace statemachine {

/// What the caller may rely on.
enum class status : unsigned char {
    applied,          ///< this call changed the job
    already_applied,  ///< an earlier call with the same token or key did; what it did is attached
    provisional,      ///< done inside the caller's transaction, true once that commits
    rejected,         ///< definite: nothing changed, and `reason` says why
    retryable,        ///< definite: nothing changed, and the same call may be sent again
    unknown,          ///< the change may or may not have happened
    forgotten,        ///< nobody can tell any more: the token is older than its memory
};

/// Why a call was rejected, in order of precedence: the first that holds is given.
enum class reason : unsigned char {
    none,                ///< not rejected
    not_found,           ///< no job with this id
    token_reused,        ///< this token was used for another event or other inputs
    token_void,          ///< `resolve` settled this token as never applied: take a new one
    stale_epoch,         ///< the job was claimed again since: the lease is another run's
    stale_version,       ///< the job changed since this version was read
    wrong_state,         ///< no rule of the event starts from the job's state
    lease_held,          ///< another run holds a live lease
    lease_expired,       ///< the lease ran out, and this machine refuses late steps
    not_due,             ///< the job waits for its time
    attempts_exhausted,  ///< the attempts are used up; the job was ended
    guard_failed,        ///< no rule's condition holds
    key_conflict,        ///< the key belongs to a job with other content
    none_due,            ///< a claim found no job that is due
    never_applied,       ///< of `resolve`: it did not happen and, with this token, never will
};

[[gnu::visibility("default")]] std::string_view to_string(status) noexcept;
[[gnu::visibility("default")]] std::string_view to_string(reason) noexcept;

/// The status of a call, without what it brought. Copyable, comparable by its parts.
class [[nodiscard, gnu::visibility("default")]] outcome {
public:
    /// @param seen_in  the name of the state that the job was found in; static storage
    outcome(enum status status, enum reason reason, std::string_view seen_in = {}) noexcept
        : status_(status), reason_(reason), seen_in_(seen_in) {}
    /// For `retryable` and `unknown`: the error that stands behind.
    outcome(enum status status, error cause) : status_(status), cause_(std::move(cause)) {}

    enum status status() const noexcept { return status_; }
    enum reason reason() const noexcept { return reason_; }
    bool applied() const noexcept { return status_ == status::applied; }
    bool already_applied() const noexcept { return status_ == status::already_applied; }
    bool provisional() const noexcept { return status_ == status::provisional; }
    bool rejected() const noexcept { return status_ == status::rejected; }
    bool retryable() const noexcept { return status_ == status::retryable; }
    bool unknown() const noexcept { return status_ == status::unknown; }
    bool forgotten() const noexcept { return status_ == status::forgotten; }

    /// The name of the state that a rejected call found the job in; empty when it found none.
    std::string_view seen_in() const noexcept { return seen_in_; }

    /// Whether the primary committed while its synchronous standby did not confirm: the change
    /// happened, and a fail-over may lose it.
    bool committed_locally() const noexcept { return committed_locally_; }
    void mark_committed_locally() noexcept { committed_locally_ = true; }

    /// Whether the caller may go on as if its change happened: applied, already applied,
    /// provisional.
    bool succeeded() const noexcept { return status_ <= status::provisional; }

    /// The error behind `retryable` and `unknown`; null otherwise.
    const error* cause() const noexcept { return cause_ ? &*cause_ : nullptr; }

    /// One sentence for a log line: what happened, and what to do if anything.
    std::string why() const;

private:
    enum status status_;
    enum reason reason_ = reason::none;
    bool committed_locally_ = false;
    std::string_view seen_in_{};
    std::optional<error> cause_;
};

namespace detail {
/// Throws `failure` with the outcome's sentence.
[[noreturn, gnu::visibility("default")]] void throw_without_content(const outcome& outcome);
}  // namespace detail

/// An outcome and what the call brought: a run, a change, a submitted job. There is content exactly
/// when the call succeeded; taking it from any other answer throws `failure` with the sentence of
/// `why()`, so that nothing is ever read from a job that was not changed.
template <class Content>
class [[nodiscard]] answer : public outcome {
public:
    using outcome::outcome;
    answer(enum status status, Content content)
        : outcome(status, reason::none), content_(std::move(content)) {}
    answer(outcome other) : outcome(std::move(other)) {}  // NOLINT(*-explicit-*)
    answer(outcome how, Content content) : outcome(std::move(how)), content_(std::move(content)) {}

    /// True when there is content: applied, already applied or provisional.
    explicit operator bool() const noexcept { return content_.has_value(); }

    const Content& value() const& {
        require();
        return *content_;
    }
    Content& value() & {
        require();
        return *content_;
    }
    Content&& value() && {
        require();
        return *std::move(content_);
    }
    const Content& operator*() const& { return value(); }
    Content& operator*() & { return value(); }
    Content&& operator*() && { return std::move(*this).value(); }
    const Content* operator->() const { return &value(); }
    Content* operator->() { return &value(); }

private:
    void require() const {
        if (!content_) detail::throw_without_content(*this);
    }
    std::optional<Content> content_;
};

}  // namespace statemachine
