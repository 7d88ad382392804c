// Many jobs in one transaction. Each gets its own answer; what fails for all of them says nothing
// about any one, and each is then sent by itself.
#include "identity.hpp"
#include "replies.hpp"
#include "store_prepared.hpp"

#include <algorithm>
#include <unordered_set>

namespace statemachine::detail {

// Statement by statement.
result<void> store_core::submit_together(std::span<const prepared_submit> prepared,
                                         submit_answers& answers) {
    const auto body = [&](executor& transaction) -> result<verdict> {
        for (const prepared_submit& each : prepared) {
            const call values = each.ready();
            bound_plan ready;
            if (auto fine =
                    ready.bind(*statements_, statements_->submit, values, limits_.max_payload);
                !fine)
                return fine.error();
            std::optional<answer<raw_submitted>> one;
            auto rows = ready.run(transaction, [&](std::span<const value> row) {
                one.emplace(status::applied, new_job(*statements_, row));
            });
            if (!rows) return std::move(rows).error();
            if (!one) {
                auto holder = holder_of_key(transaction, values);
                if (!holder) return std::move(holder).error();
                one = holder.value() ? *std::move(holder).value()
                                     : answer<raw_submitted>(status::retryable, kept_changing());
            }
            answers.emplace_back(*std::move(one));
        }
        return verdict::commit;
    };
    auto ended = session_->transact(access::write, prepared.front().values.until, body);
    if (!ended) return std::move(ended).error();
    session_->wakeups().ring();
    for (auto& each : answers)
        if (each.value().applied()) each = done_by(ended.value(), *each.value());
    return success();
}

// The same, in statements over many jobs. A key that stands in the batch twice is sent once; the
// others find its job like any that was there before.
class [[gnu::visibility("hidden")]] store_core::submit_rows {
public:
    submit_rows(store_core & store, std::span<const prepared_submit> prepared,
                submit_answers & answers)
        : store_(store),
          statement_(statement_for(*store.statements_, prepared)),
          prepared_(prepared),
          answers_(answers),
          done_(prepared.size(), false) {
        answers_.assign(prepared.size(), nothing_yet<raw_submitted>());
    }

    result<void> run();

private:
    // One statement: the jobs at these places, all by one actor.
    struct part {
        std::vector<std::size_t> places;
        bound_rows rows;
    };

    static const compiled_statement& statement_for(const catalog& statements,
                                                   std::span<const prepared_submit> prepared) {
        const call& first = prepared.front().values;
        bool keyed = false, alike = true;
        for (const prepared_submit& each : prepared) {
            const call& values = each.values;
            keyed = keyed || !values.key.empty();
            alike = alike && values.delay == first.delay && values.run_at == first.run_at;
        }
        if (keyed) return statements.submit_many.change;
        return (alike ? statements.submit_many_alike : statements.submit_many_unkeyed).change;
    }

    result<void> plan();
    result<void> send(executor & transaction, part & each);
    result<void> find_holders(executor & transaction);
    result<ending> send_all();

    const call& values_at(std::size_t place) const { return prepared_[place].values; }

    store_core& store_;
    const compiled_statement& statement_;
    std::span<const prepared_submit> prepared_;
    submit_answers& answers_;
    std::vector<bool> done_;
    std::vector<part> parts_;
    bool misplaced_ = false;
};

result<void> store_core::submit_rows::plan() {
    std::unordered_set<std::string_view> keys;
    for (std::size_t i = 0; i < prepared_.size(); ++i) {
        const call values = prepared_[i].ready();
        if (!values.key.empty() && !keys.insert(values.key).second) continue;
        if (parts_.empty() || parts_.back().rows.full() ||
            values_at(parts_.back().places.back()).actor != values.actor)
            parts_.push_back({{}, {*store_.statements_, statement_, store_.limits_.max_payload}});
        parts_.back().places.push_back(i);
        if (auto fine = parts_.back().rows.add(values); !fine) return fine;
    }
    return success();
}

result<void> store_core::submit_rows::send(executor& transaction, part& each) {
    const auto note = [&](std::span<const value> row) {
        const auto at = place_of_new(row, each.places.size());
        if (!at || done_[each.places[*at]]) {
            misplaced_ = true;
            return;
        }
        const std::size_t place = each.places[*at];
        answers_[place] = answer<raw_submitted>(status::applied, new_job(*store_.statements_, row));
        done_[place] = true;
    };
    auto sent = transaction.execute(statement_.sql, each.rows.values(), note);
    if (!sent) return std::move(sent).error();
    return success();
}

result<void> store_core::submit_rows::find_holders(executor& transaction) {
    const auto key_at = [&](std::size_t place) { return values_at(place).key; };
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < done_.size(); ++i)
        if (!done_[i] && !key_at(i).empty()) missing.push_back(i);
    std::sort(missing.begin(), missing.end(),
              [&](std::size_t a, std::size_t b) { return key_at(a) < key_at(b); });
    const auto told = [&](std::span<const value> row) {
        const auto less = [&](std::size_t place, std::string_view key) {
            return key_at(place) < key;
        };
        auto at = std::lower_bound(missing.begin(), missing.end(), row[4].text(), less);
        for (; at != missing.end() && key_at(*at) == row[4].text(); ++at)
            answers_[*at] = store_.holder_of(row, prepared_[*at].fingerprint);
    };
    const compiled_statement& statement = store_.statements_->find_keys;
    bound_rows keys(*store_.statements_, statement, store_.limits_.max_payload);
    for (std::size_t i = 0; i < missing.size(); ++i) {
        const bool last = i + 1 == missing.size();
        if (last || key_at(missing[i]) != key_at(missing[i + 1]))
            if (auto fine = keys.add(values_at(missing[i])); !fine) return fine;
        if (!keys.full() && !last) continue;
        auto found = transaction.execute(statement.sql, keys.values(), told);
        if (!found) return std::move(found).error();
        keys.clear();
    }
    return success();
}

// One statement commits by itself, and holders of keys are looked for afterwards.
result<ending> store_core::submit_rows::send_all() {
    const steady_time until = prepared_.front().values.until;
    const bool alone = parts_.size() == 1;
    const auto look = [&](executor& transaction) -> result<verdict> {
        if (auto found = find_holders(transaction); !found) return std::move(found).error();
        return verdict::commit;
    };
    const auto body = [&](executor& transaction) -> result<verdict> {
        for (part& each : parts_)
            if (auto sent = send(transaction, each); !sent) return std::move(sent).error();
        return alone ? verdict::commit : look(transaction);
    };
    auto ended = store_.session_->transact(alone ? access::single : access::write, until, body);
    // Whoever was not told of its job may have it all the same, and is not sent once more.
    if (ended && misplaced_) return unreadable(places_were_changed("rule"));
    if (!ended || !alone || std::find(done_.begin(), done_.end(), false) == done_.end())
        return ended;
    auto looked = store_.session_->transact(access::read, until, look);
    // A holder that is gone again has left its key free: the job is sent once more by itself.
    for (std::size_t i = 0; i < done_.size(); ++i)
        if (!done_[i] && answers_[i] && answers_[i].value().retryable())
            answers_[i] = looked ? store_.submit_one(prepared_[i], {})
                                 : answer_of<raw_submitted>(looked.error());
    return ended;
}

result<void> store_core::submit_rows::run() {
    if (auto fine = plan(); !fine) return fine;
    auto ended = send_all();
    if (!ended) return std::move(ended).error();
    store_.session_->wakeups().ring();
    for (std::size_t i = 0; i < done_.size(); ++i) {
        if (done_[i] && ended.value() != ending::committed)
            answers_[i] = done_by(ended.value(), *answers_[i].value());
        if (!done_[i] && answers_[i] && answers_[i].value().retryable() &&
            answers_[i].value().cause() == nullptr)
            answers_[i] = answer<raw_submitted>(status::retryable, kept_changing());
    }
    return success();
}

result<void> store_core::submit_in_rows(std::span<const prepared_submit> prepared,
                                        submit_answers& answers) {
    return submit_rows(*this, prepared, answers).run();
}

store_core::submit_answers store_core::submit_prepared(std::span<const prepared_submit> prepared,
                                                       std::optional<error>& parted) {
    submit_answers answers;
    std::optional<error> lost;
    if (prepared.size() > 1) {
        const bool set_based = !statements_->submit_many.is_empty();
        const auto together =
            set_based ? submit_in_rows(prepared, answers) : submit_together(prepared, answers);
        if (together) return answers;
        answers.clear();
        const error& cause = together.error();
        if (cause.what_is_known() == fate::unknown) lost = cause;
        if (cause.what_is_known() == fate::not_applied_retry) {
            answers.assign(prepared.size(), answer_of<raw_submitted>(cause));
            return answers;
        }
        parted = cause;
    }
    for (const prepared_submit& each : prepared) answers.push_back(submit_one(each, lost));
    return answers;
}

std::vector<result<answer<raw_submitted>>> store_core::submit_many_quietly(
    std::size_t count, job_source job_at, std::optional<error>& parted) {
    submit_answers answers;
    if (count == 0) return answers;
    if (count > limits_.max_batch) {
        answers.assign(count, error(errc::too_large, "a batch holds at most " +
                                                         std::to_string(limits_.max_batch) +
                                                         " jobs: submit them in parts"));
        return answers;
    }
    std::vector<prepared_submit> prepared;
    refused_calls refused;
    prepared.reserve(count);
    const steady_time until = session_->call_deadline();
    // A nonce tells the jobs of one key apart, and others may share it.
    const std::array<char, 16> shared = make_nonce();
    std::unordered_set<std::string_view> keys;
    for (std::size_t i = 0; i < count; ++i) {
        const auto [job, options] = job_at(i);
        const bool again = !options.key.empty() && !keys.insert(options.key).second;
        auto ready = prepare_submit(job, options, again ? make_nonce() : shared, until);
        if (ready)
            prepared.push_back(std::move(ready).value());
        else
            refused.emplace_back(i, std::move(ready).error());
    }
    answers = submit_prepared(prepared, parted);
    put_back(std::move(refused), answers);
    return answers;
}

}  // namespace statemachine::detail
