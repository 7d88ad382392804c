// Claims of a job that the caller names, and sweeps.
#include "identity.hpp"
#include "judge.hpp"
#include "replies.hpp"
#include "store_claimed.hpp"
#include "time_left.hpp"

#include <statemachine/detail/meeting.hpp>

namespace statemachine::detail {

result<answer<int>> store_core::claim_by_id_quietly(int event, std::int64_t id,
                                                    const claim_options& options, run_maker make) {
    if (auto fine = check_person("owner", options.owner); !fine) return fine.error();
    call values(*session_);
    values.id = id;
    values.actor = options.owner;
    values.nonce = make_nonce();
    meeting* const at = session_->meets();
    return at != nullptr ? claim_contended(*at, event, values, make)
                         : claim_alone(event, values, make);
}

result<answer<int>> store_core::claim_alone(int event, const call& values, run_maker make) {
    std::optional<error> doubt;
    auto found = claim_one(event, values, make, doubt);
    return in_doubt(std::move(found), doubt);
}

// One caller that wants a job which others may want, too.
class [[gnu::visibility("hidden")]] store_core::contender final : public meeting::visitor {
public:
    contender(const meeting::errand& what, const call& values) : visitor(what, values.until) {}

    std::optional<outcome> refused{};
};

// Who leads claims for itself alone: a job has one winner. Where it is refused, the reason was read
// while the others waited, and is theirs, too.
result<answer<int>> store_core::claim_contended(meeting& at, int event, const call& values,
                                                run_maker make) {
    const time_left left(values.until);
    for (int turn = 0; turn < 2 && left.is_half(); ++turn) {
        contender self({statements_, &plans(event).plain, {}, values.id}, values);
        if (at.come(self)) {
            const meeting::lead leading(at, self);
            if (!left.is_half()) break;
            auto found = claim_alone(event, values, make);
            // Attempts are used up for the one call that ended the job for it.
            if (found && found.value().rejected() &&
                found.value().reason() != reason::attempts_exhausted)
                for (meeting::visitor* const each : leading.others())
                    static_cast<contender*>(each)->refused = found.value();
            return found;
        }
        if (self.refused) return answer<int>(*std::move(self.refused));
    }
    if (!left.is_half()) return answer_of<int>(waited_too_long());
    return claim_alone(event, values, make);
}

result<answer<int>> store_core::claim_one(int event, const call& values, run_maker make,
                                          std::optional<error>& doubt) {
    const fire_call fired{.id = values.id, .event = event};
    for (int attempt = 0; attempt < 2; ++attempt) {
        claimed_rows claimed(*this);
        const auto forget = [&] { claimed.clear(); };
        reason_seeker seeker(*this, plans(event).reason, values, fired, event_kind::claim);
        auto done = apply_surely(plans(event).plain, values, claimed,
                                 {&plans(event).adopt, resend::guarded, forget, doubt, seeker});
        if (done) doubt = done.value().doubt;
        if (!done) return answer_of<int>(std::move(done).error());
        if (claimed.broken()) return answer<int>(status::unknown, unreadable(*claimed.broken()));
        if (!claimed.jobs().rows.empty()) {
            if (auto given = hand_out(event, claimed.jobs().rows, values.actor, make); !given)
                return std::move(given).error();
            return done_by(done.value().end, 1);
        }
        if (done.value().rows > 0) return answer<int>(status::rejected, reason::attempts_exhausted);
        auto why = seeker.find(doubt.has_value());
        if (!why) return answer_of<int>(std::move(why).error());
        if (why.value()) return answer<int>(static_cast<outcome>(*std::move(why).value()));
    }
    return answer<int>(status::retryable, kept_changing());
}

result<swept> store_core::sweep(const sweep_options& options) {
    if (auto fine = check_person("actor", options.actor); !fine) return fine.error();
    if (options.limit < 1 || options.limit > static_cast<std::int64_t>(limits_.max_batch))
        return error(errc::invalid_argument,
                     "a sweep takes a limit between 1 and " + std::to_string(limits_.max_batch));
    call values(*session_);
    values.limit = options.limit;
    values.actor = options.actor;
    values.nonce = make_nonce();
    swept done;
    const auto count = [&](std::span<const value> row) {
        if (row[1].integer() == rule_exhausted)
            ++done.exhausted;
        else
            ++done.expired;
    };
    if (!statements_->expire.is_empty())
        if (auto expired = apply(statements_->expire, values, count); !expired)
            return std::move(expired).error();
    for (const event_plans& each : statements_->events)
        if (!each.exhaust.is_empty())
            if (auto ended = apply(each.exhaust, values, count); !ended)
                return std::move(ended).error();
    if (done.expired > 0) session_->wakeups().ring();
    return done;
}

}  // namespace statemachine::detail
