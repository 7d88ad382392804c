// Many changes in one transaction. Each gets its own answer; what fails for all of them says
// nothing about any one, and each is then sent by itself.
#include "identity.hpp"
#include "judge.hpp"
#include "replies.hpp"
#include "store_prepared.hpp"
#include "time_left.hpp"

#include <algorithm>
#include <map>

namespace statemachine::detail {

// In the order of their jobs, statement by statement.
result<void> store_core::fire_together(sorted_fires sorted, fire_answers& answers) {
    const auto one = [&](executor& transaction,
                         const prepared_fire& each) -> result<answer<raw_change>> {
        const call values = each.ready();
        bound_plan ready;
        if (auto fine = ready.bind(*statements_, *each.change, values, limits_.max_payload); !fine)
            return fine.error();
        std::optional<result<raw_change>> made;
        auto rows = ready.run(transaction, [&](std::span<const value> row) {
            made.emplace(change_of(row, each.fired));
        });
        if (!rows) return std::move(rows).error();
        if (made) {
            if (!*made) return std::move(*made).error();
            return answer<raw_change>(status::applied, std::move(*made).value());
        }
        const event_spec& event =
            statements_->declared->events[static_cast<std::size_t>(each.fired.event)];
        auto why =
            reason_in(transaction, plans(each.fired.event).reason, values, each.fired, event.kind);
        if (!why) return std::move(why).error();
        if (why.value()) return *std::move(why).value();
        return answer<raw_change>(status::retryable, kept_changing());
    };
    const auto body = [&](executor& transaction) -> result<verdict> {
        for (const prepared_fire* each : sorted) {
            auto answered = one(transaction, *each);
            if (!answered) return std::move(answered).error();
            answers.push_back(std::move(answered));
        }
        return verdict::commit;
    };
    auto ended = session_->transact(access::write, sorted.front()->values.until, body);
    if (!ended) return std::move(ended).error();
    session_->wakeups().ring();
    for (auto& each : answers)
        if (each.value().applied()) each = done_by(ended.value(), *each.value());
    return success();
}

// The limit of a plain form would outlive it in a transaction of the caller's own, where nothing
// reconnects, and end behind the other limits of a short call.
bool store_core::takes_plain(sorted_fires all, steady_time until) const {
    const event_plans& forms = plans(all.front()->fired.event);
    const std::string_view actor = all.front()->values.actor;
    return !forms.many_plain.is_empty() && session_->reconnects() && can_wait_briefly(until) &&
           std::ranges::none_of(all, [&](const prepared_fire* each) {
               return each->has_token() || each->values.actor != actor;
           });
}

// Where something else than a job was locked, such as the whole table, most of the time is gone:
// then that is the answer, and to send again could only lose the certainty that nothing happened.
result<ending> store_core::send_by_form(sorted_fires all, steady_time until,
                                        function_ref<result<ending>(const plan& form)> send) {
    const event_plans& forms = plans(all.front()->fired.event);
    if (!takes_plain(all, until)) return send(forms.many);
    const time_left left(until);
    auto ended = send(forms.many_plain);
    if (ended) return ended;
    const errc why = ended.error().code();
    const bool is_held =
        why == errc::busy || why == errc::deadlock || why == errc::serialization_failure;
    return is_held && left.is_half() ? send(forms.many) : ended;
}

// The same, in statements over many jobs. In one of them each job stands once: what comes to it
// twice waits for the next round, and so finds what the first has made of it. A job that somebody
// else has locked for more than a moment is left out, with all that comes to it, and none of the
// others waits for it.
class [[gnu::visibility("hidden")]] store_core::fire_rounds {
public:
    fire_rounds(store_core & store, sorted_fires sorted, fire_answers & answers)
        : store_(store), sorted_(sorted), answers_(answers), event_(sorted.front()->fired.event) {}

    result<void> run();

    // Those that missed their jobs for no reason that could be seen: somebody else holds them, or
    // they have changed in between.
    std::span<const std::size_t> open() const { return open_; }

private:
    // One statement: the changes at these places, in the order of their jobs.
    struct part {
        std::vector<std::size_t> places;
        bound_rows rows;
    };

    void begin(const plan& form);
    result<void> share_out();
    bool is_open(std::size_t place) const;
    result<void> leave_out_followers(part & each);
    result<void> send(executor & transaction, part & each);
    result<void> explain(executor & transaction, const part& each);
    result<ending> send_all();

    store_core& store_;
    sorted_fires sorted_;
    fire_answers& answers_;
    int event_;
    const compiled_statement* statement_ = nullptr;
    std::vector<bool> done_;
    std::vector<part> parts_;
    std::vector<std::size_t> open_;
};

void store_core::fire_rounds::begin(const plan& form) {
    statement_ = &form.change;
    answers_.assign(sorted_.size(), nothing_yet<raw_change>());
    done_.assign(sorted_.size(), false);
    parts_.clear();
}

result<void> store_core::fire_rounds::share_out() {
    std::map<int, std::vector<std::size_t>> rounds;
    int round = 0;
    for (std::size_t i = 0; i < sorted_.size(); ++i) {
        round = i > 0 && sorted_[i]->fired.id == sorted_[i - 1]->fired.id ? round + 1 : 0;
        rounds[round].push_back(i);
    }
    for (const auto& [number, places] : rounds) {
        bool starts = true;
        for (const std::size_t place : places) {
            // What a statement is found again by is one for all of it.
            if (starts || parts_.back().rows.full() ||
                sorted_[parts_.back().places.back()]->values.nonce != sorted_[place]->values.nonce)
                parts_.push_back(
                    {{}, {*store_.statements_, *statement_, store_.limits_.max_payload}});
            starts = false;
            parts_.back().places.push_back(place);
            if (auto fine = parts_.back().rows.add(sorted_[place]->ready()); !fine) return fine;
        }
    }
    return success();
}

// Whether this one missed its job for no reason that could be seen.
bool store_core::fire_rounds::is_open(std::size_t place) const {
    return !done_[place] && answers_[place].value().retryable();
}

// What comes after an open one to the same job is open, too: their order is kept.
result<void> store_core::fire_rounds::leave_out_followers(part& each) {
    const auto follows = [&](std::size_t place) {
        return place > 0 && sorted_[place]->fired.id == sorted_[place - 1]->fired.id &&
               is_open(place - 1);
    };
    if (std::ranges::none_of(each.places, follows)) return success();
    std::erase_if(each.places, follows);
    each.rows.clear();
    for (const std::size_t place : each.places)
        if (auto fine = each.rows.add(sorted_[place]->ready()); !fine) return fine;
    return success();
}

result<void> store_core::fire_rounds::send(executor& transaction, part& each) {
    std::optional<error> broken;
    auto sent =
        transaction.execute(statement_->sql, each.rows.values(), [&](std::span<const value> row) {
            const auto id_at = [&](std::size_t place) { return sorted_[place]->fired.id; };
            const std::int64_t id = row[0].integer();
            const auto found = std::ranges::lower_bound(each.places, id, {}, id_at);
            if (found == each.places.end() || id_at(*found) != id) {
                broken = places_were_changed("id");
                return;
            }
            auto made = store_.change_of(row, sorted_[*found]->fired);
            if (!made) {
                broken = std::move(made).error();
                return;
            }
            answers_[*found] = answer<raw_change>(status::applied, std::move(made).value());
            done_[*found] = true;
        });
    if (!sent) return std::move(sent).error();
    if (broken) return unreadable(*broken);
    return success();
}

result<void> store_core::fire_rounds::explain(executor& transaction, const part& each) {
    for (const std::size_t place : each.places) {
        if (done_[place]) continue;
        const prepared_fire& missed = *sorted_[place];
        auto why = store_.reason_in(transaction, store_.plans(event_).reason, missed.ready(),
                                    missed.fired, event_kind::step);
        if (!why) return std::move(why).error();
        if (why.value()) answers_[place] = *std::move(why).value();
    }
    return success();
}

// One statement commits by itself, and what missed is looked at afterwards.
result<ending> store_core::fire_rounds::send_all() {
    const steady_time until = sorted_.front()->values.until;
    const bool alone = parts_.size() == 1;
    const auto body = [&](executor& transaction) -> result<verdict> {
        for (part& each : parts_) {
            if (auto fine = leave_out_followers(each); !fine) return fine.error();
            if (each.places.empty()) continue;
            if (auto sent = send(transaction, each); !sent) return std::move(sent).error();
            if (alone) break;
            if (auto told = explain(transaction, each); !told) return std::move(told).error();
        }
        return verdict::commit;
    };
    auto ended = store_.session_->transact(alone ? access::single : access::write, until, body);
    if (!ended || std::ranges::count(done_, false) == 0) return ended;
    if (alone) {
        auto looked = store_.session_->transact(
            access::read, until, [&](executor& transaction) -> result<verdict> {
                if (auto told = explain(transaction, parts_.front()); !told)
                    return std::move(told).error();
                return verdict::commit;
            });
        if (!looked) {
            for (std::size_t i = 0; i < done_.size(); ++i)
                if (is_open(i)) answers_[i] = answer_of<raw_change>(looked.error());
            return ended;
        }
    }
    for (std::size_t i = 0; i < done_.size(); ++i)
        if (is_open(i)) open_.push_back(i);
    return ended;
}

result<void> store_core::fire_rounds::run() {
    const steady_time until = sorted_.front()->values.until;
    auto ended = store_.send_by_form(sorted_, until, [&](const plan& form) -> result<ending> {
        begin(form);
        if (auto fine = share_out(); !fine) return fine.error();
        return send_all();
    });
    if (!ended) return std::move(ended).error();
    store_.session_->wakeups().ring();
    for (std::size_t i = 0; i < done_.size() && ended.value() != ending::committed; ++i)
        if (done_[i]) answers_[i] = done_by(ended.value(), *answers_[i].value());
    return success();
}

// Those that are left go on behind the first of them, which waits as long as it takes: what locked
// one was a claim as a rule, which came across many of them, and is then over for all.
result<void> store_core::fire_in_rounds(sorted_fires sorted, fire_answers& answers,
                                        std::optional<error>& parted, if_held otherwise) {
    const time_left left(sorted.front()->values.until);
    fire_rounds all(*this, sorted, answers);
    if (auto ran = all.run(); !ran) return ran;
    std::span<const std::size_t> open = all.open();
    const auto next_alone = [&] {
        const prepared_fire& next = *sorted[open.front()];
        answers[open.front()] =
            left.is_half() ? fire_one(next, {}) : answer_of<raw_change>(waited_too_long());
        open = open.subspan(1);
    };
    if (otherwise == if_held::try_together && open.size() > 2) {
        next_alone();
        if (left.is_half()) {
            std::vector<const prepared_fire*> rest;
            for (const std::size_t place : open) rest.push_back(sorted[place]);
            fire_answers of_rest = fire_sorted(rest, parted, if_held::go_alone);
            for (std::size_t i = 0; i < open.size(); ++i) answers[open[i]] = std::move(of_rest[i]);
            return success();
        }
    }
    while (!open.empty()) next_alone();
    return success();
}

std::vector<result<answer<raw_change>>> store_core::fire_many_quietly(
    std::size_t count, fire_source call_at, std::optional<error>& parted) {
    fire_answers answers;
    if (count == 0) return answers;
    if (count > limits_.max_batch) {
        answers.assign(count, error(errc::too_large, "a batch holds at most " +
                                                         std::to_string(limits_.max_batch) +
                                                         " changes: fire them in parts"));
        return answers;
    }
    std::vector<fire_call> calls;
    std::vector<std::size_t> order;
    calls.reserve(count);
    order.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        calls.push_back(call_at(i));
        order.push_back(i);
    }
    // So that two batches at once cannot wait for each other; those of one job stay as they came.
    const bool is_sorted = std::ranges::is_sorted(calls, {}, &fire_call::id);
    if (!is_sorted)
        std::ranges::stable_sort(order, {}, [&](std::size_t place) { return calls[place].id; });
    // A nonce tells the calls of one job apart, and different jobs may share it.
    std::vector<std::array<char, 16>> nonces;
    std::vector<prepared_fire> prepared;
    refused_calls refused;
    prepared.reserve(count);
    const steady_time until = session_->call_deadline();
    std::size_t turn = 0;
    for (std::size_t i = 0; i < count; ++i) {
        turn = i > 0 && calls[order[i]].id == calls[order[i - 1]].id ? turn + 1 : 0;
        if (turn == nonces.size()) nonces.push_back(make_nonce());
        auto ready = prepare_fire(calls[order[i]], nonces[turn], until);
        if (ready)
            prepared.push_back(std::move(ready).value());
        else
            refused.emplace_back(i, std::move(ready).error());
    }
    std::vector<const prepared_fire*> sorted;
    sorted.reserve(prepared.size());
    for (const prepared_fire& each : prepared) sorted.push_back(&each);
    fire_answers in_order = fire_sorted(sorted, parted, if_held::try_together);
    put_back(std::move(refused), in_order);
    if (is_sorted) return in_order;
    answers.assign(count, nothing_yet<raw_change>());
    for (std::size_t i = 0; i < count; ++i) answers[order[i]] = std::move(in_order[i]);
    return answers;
}

store_core::fire_answers store_core::fire_sorted(sorted_fires sorted, std::optional<error>& parted,
                                                 if_held otherwise) {
    fire_answers answers;
    if (sorted.empty()) return answers;
    std::optional<error> lost;
    if (sorted.size() > 1) {
        const bool set_based = !plans(sorted.front()->fired.event).many.is_empty();
        const auto together = set_based ? fire_in_rounds(sorted, answers, parted, otherwise)
                                        : fire_together(sorted, answers);
        if (together) return answers;
        answers.clear();
        const error& cause = together.error();
        if (cause.what_is_known() == fate::unknown) lost = cause;
        if (cause.what_is_known() == fate::not_applied_retry) {
            answers.assign(sorted.size(), answer_of<raw_change>(cause));
            return answers;
        }
        parted = cause;
    }
    // One of them spoiled it for all, or the reply was lost: each by itself, in the same order.
    for (const prepared_fire* each : sorted) answers.push_back(fire_one(*each, lost));
    return answers;
}

}  // namespace statemachine::detail
