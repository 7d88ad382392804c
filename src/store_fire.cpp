// Leased steps and control events.
#include "identity.hpp"
#include "judge.hpp"
#include "replies.hpp"
#include "store_prepared.hpp"

namespace statemachine::detail {

// The order of columns is that of `columns_of`.
result<raw_change> store_core::change_of(std::span<const value> row, const fire_call& fired) const {
    const change_shape& shape = plans(fired.event).shape;
    std::size_t next = 0;
    raw_change made;
    made.id = row[next++].integer();
    if (made.id != fired.id) return places_were_changed("id");
    made.version = row[next++].integer();
    made.attempts = static_cast<int>(row[next++].integer());
    made.run_at = time_of(row[next++]);
    made.at = time_of(row[next++]);
    auto from = shape.from == nowhere ? state_named(row[next++].text()) : shape.from;
    if (!from) return std::move(from).error();
    made.from = from.value();
    auto to = shape.to == nowhere ? state_named(row[next++].text()) : shape.to;
    if (!to) return std::move(to).error();
    made.to = to.value();
    made.epoch = shape.epoch ? row[next++].integer() : fired.number;
    if (shape.lease) made.lease_until = optional_time_of(row[next++]);
    return made;
}

raw_change recorded_change(std::int64_t id, const settled_token& token) {
    raw_change was;
    was.id = id;
    was.version = token.version;
    was.at = token.at;
    was.epoch = token.epoch;
    was.from = token.from;
    was.to = token.to;
    return was;
}

namespace {

bool is_of_token(const outcome& refused) {
    return refused.reason() == reason::token_reused || refused.reason() == reason::token_void;
}

}  // namespace

result<store_core::prepared_fire> store_core::prepare_fire(const fire_call& fired,
                                                           const std::array<char, 16>& nonce,
                                                           steady_time until) const {
    const event_plans& forms = plans(fired.event);
    const bool by_token = !fired.token.empty();
    if (by_token)
        if (auto fine = check_name("token", fired.token); !fine) return fine.error();
    if (!fired.actor.empty())
        if (auto fine = check_person("actor", fired.actor); !fine) return fine.error();
    const bool unfenced = fired.by == fence::none;
    prepared_fire made{fired, nullptr, {}, {}, call(until)};
    made.values.id = fired.id;
    made.values.epoch = fired.number;
    made.values.version = fired.number;
    made.values.actor = fired.actor;
    made.values.inputs = fired.inputs;
    made.values.nonce = nonce;
    if (by_token) {
        made.fingerprint = fingerprint_of_inputs(*statements_->declared, fired.event, fired.inputs);
    } else if (statements_->speech->remote &&
               (unfenced ? forms.any_version_repeats : forms.repeats)) {
        // What can apply to its own result needs a token, or a request that arrives late would
        // apply once more. `~` is in no token of a caller.
        made.own_token = "~" + hexadecimal(made.values.nonce);
        made.fingerprint = "~";
    }
    const bool with_token = by_token || !made.own_token.empty();
    made.change = unfenced ? (with_token ? &forms.any_version_with_token : &forms.any_version)
                           : (with_token ? &forms.with_token : &forms.plain);
    return made;
}

result<answer<raw_change>> store_core::fire_quietly(const fire_call& fired,
                                                    std::optional<error>& parted) {
    auto prepared = prepare_fire(fired, make_nonce(), session_->call_deadline());
    if (!prepared) return std::move(prepared).error();
    if (!plans(fired.event).many.is_empty())
        if (meeting* const at = session_->meets(); at != nullptr)
            return fire_shared(*at, prepared.value(), parted);
    return fire_one(prepared.value(), {});
}

result<answer<raw_change>> store_core::fire_one(const prepared_fire& prepared,
                                                std::optional<error> lost, bool missed) {
    auto found = fire_guarded(prepared, lost, missed);
    return in_doubt(std::move(found), lost);
}

// `doubt` tells on both ways whether an earlier sending may still be under way.
result<answer<raw_change>> store_core::fire_guarded(const prepared_fire& prepared,
                                                    std::optional<error>& doubt, bool missed) {
    const fire_call& fired = prepared.fired;
    const event_plans& forms = plans(fired.event);
    const call values = prepared.ready();
    const bool by_token = !values.token.empty();
    const event_kind kind =
        statements_->declared->events[static_cast<std::size_t>(fired.event)].kind;

    if (missed) {
        auto why = reason_for(forms.reason, values, fired, kind);
        if (!why) return answer_of<raw_change>(std::move(why).error());
        if (why.value()) return *std::move(why).value();
    }
    for (int attempt = 0; attempt < 2; ++attempt) {
        std::optional<result<raw_change>> made;
        reason_seeker seeker(*this, forms.reason, values, fired, kind);
        auto done =
            apply_surely(*prepared.change, values,
                         [&](std::span<const value> row) { made.emplace(change_of(row, fired)); },
                         {&forms.adopt, resend::guarded, {}, doubt, seeker});
        if (done) doubt = done.value().doubt;
        // Two calls with one token at once: the second waits for the first, then its token's row is
        // refused and with it the whole change. What the first did is read below.
        const bool token_taken = !done && by_token && done.error().code() == errc::unique_violated;
        if (!done && !token_taken) return answer_of<raw_change>(std::move(done).error());
        if (done && done.value().rows > 0 && made) {
            session_->wakeups().ring();
            if (!*made)
                return answer<raw_change>(status::unknown, unreadable(std::move(*made).error()));
            return done_by(done.value().end, std::move(*made).value());
        }
        auto why = seeker.find(doubt.has_value());
        if (!why) return answer_of<raw_change>(std::move(why).error());
        // A unique constraint of the user's own, and not the token's.
        if (token_taken &&
            !(why.value() && (why.value()->already_applied() || is_of_token(*why.value()))))
            return std::move(done).error();
        if (why.value()) return *std::move(why).value();
    }
    return answer<raw_change>(status::retryable, kept_changing());
}

}  // namespace statemachine::detail
