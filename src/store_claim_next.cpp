// Claims of the next jobs that are due.
#include "identity.hpp"
#include "replies.hpp"
#include "store_claimed.hpp"

namespace statemachine::detail {
namespace {

constexpr auto nothing = [](std::span<const value>) {};

result<void> check_count(std::size_t wanted, std::size_t most) {
    if (wanted > 0 && wanted <= most) return success();
    return error(wanted == 0 ? errc::invalid_argument : errc::too_large,
                 "claim between 1 and " + std::to_string(most) + " jobs at once");
}

const plan& plan_of_next(const event_plans& forms, std::int64_t most) {
    return most == 1 && !forms.next_one.is_empty() ? forms.next_one : forms.next;
}

}  // namespace

std::optional<front> store_core::where_to_begin(int event, const call& values) {
    const compiled_statement& look = plans(event).front;
    if (look.sql.text.empty()) return {};
    const auto known = session_->fronts().ask(&plans(event), std::chrono::steady_clock::now());
    if (!known.look) return known.begin;
    call first = values;
    first.limit = 1;
    first.begin = known.begin;
    std::optional<front> found;
    // Where it fails, so does the claim, which tells why.
    (void)query(look, first, [&](std::span<const value> row) {
        found = front{row[0].integer(), time_of(row[1])};
    });
    if (found)
        session_->fronts().found(&plans(event), *found, known.round);
    else
        session_->fronts().forget(&plans(event));
    return found;
}

result<store_core::claim_answer> store_core::claim_due(int event, call values) {
    const auto most = static_cast<std::size_t>(values.limit);
    const event_plans& forms = plans(event);
    values.begin = where_to_begin(event, values);

    // Jobs found used up are ended by the same statement and take places of the batch. They must
    // not make the queue look empty, however many there are: a round that found nothing else ends
    // the others in bulk, as a sweep would.
    constexpr int most_rounds = 8;
    constexpr std::int64_t bulk = 500;
    const auto make_way = [&] {
        call others = values;
        others.limit = bulk;
        auto ended = apply(forms.exhaust, others, nothing);
        return ended ? apply(statements_->expire, others, nothing) : ended;
    };
    for (int round = 0; round < most_rounds; ++round) {
        claimed_rows claimed(*this);
        const auto forget = [&] { claimed.clear(); };
        // Sent again it would claim other jobs: those of the first sending are looked for instead.
        auto done = apply_surely(plan_of_next(forms, values.limit), values, claimed,
                                 {&forms.adopt_claimed, resend::never, forget});
        if (!done) return answer_of<claimed_jobs>(std::move(done).error());
        // A job that cannot be shown is left to the end of its lease, and takes no other with it.
        if (claimed.broken() && claimed.jobs().rows.empty())
            return claim_answer(status::unknown, unreadable(*claimed.broken()));
        if (done.value().doubt)
            return claim_answer(status::unknown, *std::move(done.value().doubt));
        if (done.value().rows < most && values.begin) session_->fronts().forget(&forms);
        if (done.value().rows == 0 && values.begin) {
            values.begin.reset();
            continue;
        }
        if (done.value().rows == 0) return claim_answer(status::rejected, reason::none_due);
        session_->fronts().succeeded(&forms, done.value().rows);
        if (claimed.jobs().rows.empty()) {
            if (auto cleared = make_way(); !cleared)
                return answer_of<claimed_jobs>(std::move(cleared).error());
            continue;
        }
        claimed.sort();
        return done_by(done.value().end, std::move(claimed.jobs()));
    }
    return claim_answer(
        status::retryable,
        error(errc::busy,
              "more jobs with used-up attempts stand in front than one call ends; none "
              "was claimed, send the same again"));
}

result<answer<std::size_t>> store_core::claim_next_quietly(int event, std::size_t most,
                                                           const claim_options& options,
                                                           run_maker make) {
    if (auto fine = check_person("owner", options.owner); !fine) return fine.error();
    if (auto fine = check_count(most, limits_.max_batch); !fine) return fine.error();
    call values(*session_);
    values.limit = static_cast<std::int64_t>(most);
    values.actor = options.owner;
    values.nonce = make_nonce();
    meeting* const at = most == 1 ? session_->meets() : nullptr;
    auto found = at != nullptr ? claim_shared(*at, event, values) : claim_due(event, values);
    if (!found) return std::move(found).error();
    if (!found.value()) return answer<std::size_t>(static_cast<outcome>(std::move(found).value()));
    const std::vector<claimed_row>& rows = found.value()->rows;
    if (auto given = hand_out(event, rows, options.owner, make); !given)
        return std::move(given).error();
    return answer<std::size_t>(static_cast<outcome>(found.value()), rows.size());
}

}  // namespace statemachine::detail
