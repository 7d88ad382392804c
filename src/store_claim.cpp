// Claims and sweeps.
#include "identity.hpp"
#include "judge.hpp"
#include "render/change.hpp"
#include "replies.hpp"
#include "store_call.hpp"

#include <algorithm>

namespace statemachine::detail {
namespace {

constexpr auto nothing = [](std::span<const value>) {};

struct claimed_row {
    raw_run run;
    std::int64_t priority = 0;
    std::vector<value> columns;
    std::vector<std::string> texts;
};

// Keeps a row beyond its callback: views become texts of its own.
claimed_row keep(const raw_run& run, std::span<const value> row) {
    claimed_row kept{run, row[9].integer(), {}, {}};
    const auto columns = row.subspan(change_columns.size());
    kept.texts.reserve(columns.size());
    for (const value& each : columns) {
        if (each.is_null() || !is_view(each.type())) {
            kept.columns.push_back(each);
            continue;
        }
        kept.texts.emplace_back(each.text());
        kept.columns.push_back(value::view(each.type(), kept.texts.back()));
    }
    return kept;
}

// An UPDATE returns its rows in no order.
void sort(std::vector<claimed_row>& rows) {
    std::sort(rows.begin(), rows.end(), [](const claimed_row& a, const claimed_row& b) {
        return a.priority != b.priority ? a.priority > b.priority : a.run.id < b.run.id;
    });
}

result<void> check_count(std::size_t wanted, std::size_t most) {
    if (wanted > 0 && wanted <= most) return success();
    return error(wanted == 0 ? errc::invalid_argument : errc::too_large,
                 "claim between 1 and " + std::to_string(most) + " jobs at once");
}

const plan& plan_of_next(const event_plans& forms, std::size_t most) {
    return most == 1 && !forms.next_one.is_empty() ? forms.next_one : forms.next;
}

raw_run run_of(const raw_change& claimed, std::string_view owner) {
    raw_run made;
    made.id = claimed.id;
    made.epoch = claimed.epoch;
    made.version = claimed.version;
    made.state = claimed.to;
    made.attempts = claimed.attempts;
    made.lease_until = claimed.lease_until.value_or(timestamp{});
    made.owner = owner;
    return made;
}

}  // namespace

result<answer<int>> store_core::claim_by_id_quietly(int event, std::int64_t id,
                                                    const claim_options& options, run_maker make) {
    if (auto fine = check_person("owner", options.owner); !fine) return fine.error();
    call values(*session_);
    values.id = id;
    values.actor = options.owner;
    values.nonce = make_nonce();
    std::optional<error> doubt;
    auto found = claim_one(event, values, make, doubt);
    return in_doubt(std::move(found), doubt);
}

result<answer<int>> store_core::claim_one(int event, const call& values, run_maker make,
                                          std::optional<error>& doubt) {
    const rule_spec& claim = statements_->declared->claim_rule(event);
    const fire_call fired{event, values.id, fence::none, 0, nullptr, {}, {}};
    for (int attempt = 0; attempt < 2; ++attempt) {
        std::optional<error> broken;
        std::optional<claimed_row> claimed;
        const auto forget = [&] { claimed.reset(); };
        reason_seeker seeker(*this, plans(event).reason, values, fired, event_kind::claim);
        auto done = apply_surely(plans(event).plain, values,
                                 [&](std::span<const value> row) {
                                     auto change = change_of(row);
                                     if (!change)
                                         broken = std::move(change).error();
                                     else if (change.value().to != claim.to)
                                         return;
                                     else if (auto fine = check_job(row); !fine)
                                         broken = std::move(fine).error();
                                     else
                                         claimed = keep(run_of(change.value(), values.actor), row);
                                 },
                                 {&plans(event).adopt, resend::guarded, forget, doubt, seeker});
        if (done) doubt = done.value().doubt;
        if (!done) return answer_of<int>(std::move(done).error());
        if (broken) return answer<int>(status::unknown, unreadable(*broken));
        if (claimed) {
            if (auto filled = fill(make(claimed->run), claimed->columns); !filled)
                return std::move(filled).error();
            return done_by(done.value().end, 1);
        }
        if (done.value().rows > 0) return answer<int>(status::rejected, reason::attempts_exhausted);
        auto why = seeker.find(doubt.has_value());
        if (!why) return answer_of<int>(std::move(why).error());
        if (why.value()) return answer<int>(static_cast<outcome>(*std::move(why).value()));
    }
    return answer<int>(status::retryable, kept_changing());
}

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

result<answer<std::size_t>> store_core::claim_next_quietly(int event, std::size_t most,
                                                           const claim_options& options,
                                                           run_maker make) {
    if (auto fine = check_person("owner", options.owner); !fine) return fine.error();
    if (auto fine = check_count(most, limits_.max_batch); !fine) return fine.error();
    call values(*session_);
    values.limit = static_cast<std::int64_t>(most);
    values.actor = options.owner;
    values.nonce = make_nonce();
    values.begin = where_to_begin(event, values);
    const plan& claiming = plan_of_next(plans(event), most);
    const rule_spec& claim = statements_->declared->claim_rule(event);

    // Jobs found used up are ended by the same statement and take places of the batch. They must
    // not make the queue look empty, however many there are: a round that found nothing else ends
    // the others in bulk, as a sweep would.
    constexpr int most_rounds = 8;
    constexpr std::int64_t bulk = 500;
    const auto make_way = [&] {
        call others = values;
        others.limit = bulk;
        auto ended = apply(plans(event).exhaust, others, nothing);
        return ended ? apply(statements_->expire, others, nothing) : ended;
    };
    for (int round = 0; round < most_rounds; ++round) {
        std::vector<claimed_row> rows;
        std::optional<error> broken;
        const auto forget = [&] { rows.clear(); };
        // Sent again it would claim other jobs: those of the first sending are looked for instead.
        auto done =
            apply_surely(claiming, values,
                         [&](std::span<const value> row) {
                             auto change = change_of(row);
                             if (!change)
                                 broken = std::move(change).error();
                             else if (change.value().to != claim.to)
                                 return;
                             else if (auto fine = check_job(row); !fine)
                                 broken = std::move(fine).error();
                             else
                                 rows.push_back(keep(run_of(change.value(), options.owner), row));
                         },
                         {&plans(event).adopt_claimed, resend::never, forget});
        if (!done) return answer_of<std::size_t>(std::move(done).error());
        // A job that cannot be shown is left to the end of its lease, and takes no other with it.
        if (broken && rows.empty())
            return answer<std::size_t>(status::unknown, unreadable(*broken));
        if (done.value().doubt)
            return answer<std::size_t>(status::unknown, *std::move(done.value().doubt));
        if (done.value().rows < most && values.begin) session_->fronts().forget(&plans(event));
        if (done.value().rows == 0 && values.begin) {
            values.begin.reset();
            continue;
        }
        if (done.value().rows == 0) return answer<std::size_t>(status::rejected, reason::none_due);
        session_->fronts().succeeded(&plans(event), done.value().rows);
        if (rows.empty()) {
            if (auto cleared = make_way(); !cleared)
                return answer_of<std::size_t>(std::move(cleared).error());
            continue;
        }
        sort(rows);
        for (const claimed_row& each : rows)
            if (auto filled = fill(make(each.run), each.columns); !filled)
                return std::move(filled).error();
        return done_by(done.value().end, rows.size());
    }
    return answer<std::size_t>(
        status::retryable,
        error(errc::busy,
              "more jobs with used-up attempts stand in front than one call ends; none "
              "was claimed, send the same again"));
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
        if (row[5].integer() == rule_exhausted)
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
