// One sweep: the turn, then what ran out or is used up, then what is old.
//
//     due --(take_turn: a conditional UPDATE)--> mine --> swept --(end_turn)--> good
//      |                                          |
//      +--> not due: another one's                +--> in grace: an outage was noticed, wait
//
// That a statement may take a lease's job is checked in the statement itself: a sweeper may be
// frozen at any point between these.
#include <statemachine/detail/sweep_core.hpp>

#include "checks.hpp"
#include "identity.hpp"
#include "replies.hpp"
#include "store_call.hpp"

#include <algorithm>

namespace statemachine::detail {
namespace {

constexpr auto ignore = [](std::span<const value>) {};

// A row that a constraint or a trigger keeps as it is; anything else is no matter of one row.
bool refuses_a_row(const error& cause) {
    switch (cause.code()) {
        case errc::constraint_violated:
        case errc::unique_violated:
        case errc::invalid_value:
        case errc::undeclared_value:
        case errc::unexpected: return true;
        default: return false;
    }
}

std::size_t& count_of(const sweep_step& step, std::span<const value> row, swept& done) {
    if (step.removes) return done.removed;
    return row[1].integer() == rule_exhausted ? done.exhausted : done.expired;
}

void add(swept& all, const swept& more) {
    all.expired += more.expired;
    all.exhausted += more.exhausted;
    all.removed += more.removed;
    all.forgotten += more.forgotten;
    all.refused += more.refused;
}

}  // namespace

sweep_core::sweep_core(const store_core& jobs, const sweep_catalog& statements, sweeper_options how)
    : jobs_(jobs),
      statements_(&statements),
      how_(std::move(how)),
      places_(statements.steps.size() + statements.removals.size()) {}

result<sweep_core::turn> sweep_core::take_turn() {
    store_core::call values(*jobs_.session_);
    values.delay = how_.interval.count();
    values.actor = how_.actor;
    turn mine;
    auto taken = jobs_.apply({statements_->take_turn}, values, [&](std::span<const value> row) {
        mine.taken = true;
        mine.in_grace = row[0].integer() == 0;
        mine.began = time_of(row[1]);
    });
    if (!taken) return std::move(taken).error();
    return mine;
}

result<void> sweep_core::end_turn(const turn& mine) {
    store_core::call values(*jobs_.session_);
    values.since = mine.began;
    auto ended = jobs_.apply({statements_->end_turn}, values, ignore);
    if (!ended) return std::move(ended).error();
    return success();
}

result<swept> sweep_core::sweep_quietly() {
    if (auto fine = check_person("actor", how_.actor); !fine) return fine.error();
    if (how_.batch < 1 || how_.batch > 10'000 || how_.rounds < 1 || how_.interval.count() < 0 ||
        how_.interval > a_day)
        return error(errc::invalid_argument,
                     "a sweeper takes a batch of 1 to 10000, at least one round, and an interval "
                     "of 0 to a day");
    const std::int64_t grace = jobs_.statements_->declared->grace;
    if (grace > 0 && how_.interval.count() >= grace)
        return error(errc::invalid_argument,
                     "a sweeper's interval is shorter than the grace that the machine declares: "
                     "each sweep would come after an outage");
    swept done;
    auto mine = take_turn();
    if (!mine) return std::move(mine).error();
    done.not_due = !mine.value().taken;
    done.in_grace = mine.value().in_grace;
    if (done.not_due || done.in_grace) return done;
    {
        const std::lock_guard lock(mutex_);
        const std::span<place> places(places_);
        const auto [steps, removals] = std::pair(statements_->steps, statements_->removals);
        if (auto stepped = sweep_steps(steps, places.first(steps.size()), done); !stepped)
            return std::move(stepped).error();
        if (done.expired > 0) jobs_.wakeups().ring();
        if (auto removed = sweep_steps(removals, places.last(removals.size()), done); !removed)
            return std::move(removed).error();
    }
    if (auto forgot = forget(done); !forgot) return std::move(forgot).error();
    if (auto ended = end_turn(mine.value()); !ended) return std::move(ended).error();
    return done;
}

result<swept> sweep_core::sweep_once() {
    if (how_.watch == nullptr) return sweep_quietly();
    const auto began = std::chrono::steady_clock::now();
    auto ended = sweep_quietly();
    observation seen{jobs_.statements_->declared->table, "sweep"};
    if (ended) {
        const swept& done = ended.value();
        seen.jobs = done.expired + done.exhausted + done.removed;
        seen.others = done.refused;
    } else {
        seen.cause = &ended.error();
        seen.status = status::retryable;
    }
    seen.took = std::chrono::steady_clock::now() - began;
    how_.watch->observed(seen);
    return ended;
}

result<void> sweep_core::sweep_steps(std::span<const sweep_step> steps, std::span<place> at,
                                     swept& done) {
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (auto stepped = sweep_step_by(steps[i], at[i], done); !stepped) return stepped;
    return success();
}

result<void> sweep_core::sweep_step_by(const sweep_step& step, place& at, swept& done) {
    for (std::size_t round = 0; round < how_.rounds; ++round) {
        if (at.one_by_one) {
            if (auto looked = one_by_one(step, at, done); !looked) return looked;
            if (!at.one_by_one) return success();
            continue;
        }
        auto more = batch(step, done);
        if (!more && refuses_a_row(more.error())) {
            at = {.after = 0, .one_by_one = true};
            continue;
        }
        if (!more) return std::move(more).error();
        if (!more.value()) return success();
    }
    return success();
}

// Whether there may be more.
result<bool> sweep_core::batch(const sweep_step& step, swept& done) {
    store_core::call values(*jobs_.session_);
    values.limit = static_cast<std::int64_t>(how_.batch);
    values.actor = how_.actor;
    values.nonce = make_nonce();
    swept found;
    auto changed = jobs_.apply(step.batch, values,
                               [&](std::span<const value> row) { ++count_of(step, row, found); });
    if (!changed) return std::move(changed).error();
    add(done, found);
    return changed.value().rows == how_.batch;
}

// The jobs behind the place, each by itself. Past the last one batches are tried again.
result<void> sweep_core::one_by_one(const sweep_step& step, place& at, swept& done) {
    store_core::call values(*jobs_.session_);
    values.limit = static_cast<std::int64_t>(how_.batch);
    values.after = at.after;
    std::vector<std::int64_t> found;
    auto looked = jobs_.query(step.candidates, values, [&](std::span<const value> row) {
        found.push_back(row[0].integer());
    });
    if (!looked) return std::move(looked).error();
    for (const std::int64_t each : found) {
        store_core::call one(*jobs_.session_);
        one.id = each;
        one.actor = how_.actor;
        one.nonce = make_nonce();
        swept ended;
        auto changed = jobs_.apply(
            step.one, one, [&](std::span<const value> row) { ++count_of(step, row, ended); });
        if (!changed && !refuses_a_row(changed.error())) return std::move(changed).error();
        if (changed)
            add(done, ended);
        else
            ++done.refused;
        at.after = each;
    }
    at.one_by_one = found.size() == how_.batch;
    return success();
}

result<void> sweep_core::forget(swept& done) {
    store_core::call values(*jobs_.session_);
    values.limit = static_cast<std::int64_t>(how_.batch * how_.rounds);
    if (!statements_->forget_tokens.sql.text.empty()) {
        const auto both = [&](executor& transaction) -> result<verdict> {
            auto noted = jobs_.run_in(transaction, statements_->forget_up_to, values, ignore);
            if (!noted) return std::move(noted).error();
            auto gone = jobs_.run_in(transaction, statements_->forget_tokens, values, ignore);
            if (!gone) return std::move(gone).error();
            done.forgotten += gone.value();
            return verdict::commit;
        };
        auto ended = jobs_.session_->transact(access::write, values.until, both);
        if (!ended) return std::move(ended).error();
    }
    if (!statements_->forget_log.sql.text.empty()) {
        auto gone = jobs_.apply({statements_->forget_log}, values, ignore);
        if (!gone) return std::move(gone).error();
        done.forgotten += gone.value().rows;
    }
    if (events_) {
        auto gone = events_->prune(values.limit > 10'000 ? 10'000 : values.limit);
        if (!gone) return std::move(gone).error();
        done.forgotten += gone.value();
    }
    return success();
}

result<swept> sweep_core::run(const std::stop_token& stop) {
    swept all;
    wakeup never;
    while (!stop.stop_requested()) {
        auto done = sweep_once();
        if (!done && done.error().what_is_known() == fate::not_applied)
            return std::move(done).error();
        if (done) add(all, done.value());
        // Up to a fifth of the interval sooner or later, so that sweepers do not come together;
        // at least once a second while the database is away.
        const double share = 0.8 + 0.4 * make_share();
        auto rest = std::chrono::milliseconds{
            static_cast<std::int64_t>(static_cast<double>(how_.interval.count()) * share)};
        rest = std::max(rest, std::chrono::milliseconds{1});
        if (!done) rest = std::min(rest, std::chrono::milliseconds{1'000});
        never.wait(0, std::chrono::steady_clock::now() + rest, stop);
    }
    return all;
}

}  // namespace statemachine::detail
