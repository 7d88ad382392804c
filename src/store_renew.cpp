// Renewals, one or many.
#include "judge.hpp"
#include "replies.hpp"
#include "store_call.hpp"

#include <algorithm>
#include <numeric>

namespace statemachine::detail {
namespace {

bool before(const held_lease& a, const held_lease& b) {
    return a.id != b.id ? a.id < b.id : a.epoch < b.epoch;
}

// The order of columns is `renewal_types`.
lease lease_of(std::span<const value> row) {
    return {row[0].integer(), row[1].integer(), time_of(row[2])};
}

error no_lease_to_renew() {
    return {errc::invalid_argument, "this machine declares no leased state to renew"};
}

}  // namespace

bool store_core::adds(const fire_call& fired) const {
    for (const rule_spec& rule : statements_->declared->rules) {
        if (rule.event != fired.event) continue;
        for (const effect& each : *rule.then)
            if (each.what == effect_kind::add) return true;
    }
    return false;
}

result<answer<lease>> store_core::renew_one(const plan& change, const call& values,
                                            const fire_call& fired,
                                            const compiled_statement& reason) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        std::optional<lease> renewed;
        // A lease that moved forward twice has moved forward; what was added twice is wrong.
        const resend again = adds(fired) ? resend::never : resend::guarded;
        reason_seeker seeker(*this, reason, values, fired, event_kind::renewal);
        auto done = apply_surely(change, values,
                                 [&](std::span<const value> row) { renewed = lease_of(row); },
                                 {nullptr, again, {}, {}, seeker});
        if (!done) return answer_of<lease>(std::move(done).error());
        if (renewed) return done_by(done.value().end, *renewed);
        // What the first sending wrote beside the lease may stand, whatever the job became since.
        if (done.value().doubt && fired.event != nowhere)
            return answer<lease>(status::unknown, *std::move(done.value().doubt));
        auto why = seeker.find(done.value().doubt.has_value());
        if (!why) return answer_of<lease>(std::move(why).error());
        if (why.value()) return answer<lease>(static_cast<outcome>(*why.value()));
    }
    return answer<lease>(status::retryable, kept_changing());
}

result<answer<lease>> store_core::renew_quietly(int event, const held_lease& held,
                                                const void* inputs) {
    if (statements_->renew.is_empty()) return no_lease_to_renew();
    call values(*session_);
    values.id = held.id;
    values.epoch = held.epoch;
    values.inputs = inputs;
    const fire_call fired{
        .id = held.id, .by = fence::epoch, .number = held.epoch, .inputs = inputs, .event = event};
    if (event == nowhere)
        return renew_one(statements_->renew, values, fired, statements_->renew_reason);
    return renew_one(plans(event).plain, values, fired, plans(event).reason);
}

// Each row that came back answers every run that asked for it: the same one may stand in a batch
// twice.
result<store_core::applied_plan> store_core::renew_together(std::span<const held_lease> sorted,
                                                            row_sink on_row) {
    if (statements_->speech->arrays) {
        bound_rows rows(*statements_, statements_->renew_many, limits_.max_payload);
        call values(*session_);
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            values.id = sorted[i].id;
            values.epoch = sorted[i].epoch;
            const bool again = i > 0 && !before(sorted[i - 1], sorted[i]);
            if (again) continue;
            if (auto fine = rows.add(values); !fine) return std::move(fine).error();
        }
        values.rows = &rows;
        return apply_surely({statements_->renew_many, {}, 0}, values, on_row, {nullptr});
    }
    applied_plan done;
    const auto body = [&](executor& transaction) -> result<verdict> {
        for (const held_lease& each : sorted) {
            call values(*session_);
            values.id = each.id;
            values.epoch = each.epoch;
            bound_plan ready;
            if (auto fine =
                    ready.bind(*statements_, statements_->renew, values, limits_.max_payload);
                !fine)
                return fine.error();
            auto rows = ready.run(transaction, on_row);
            if (!rows) return std::move(rows).error();
            done.rows += rows.value();
        }
        return verdict::commit;
    };
    auto ended = session_->transact(access::write, body);
    if (!ended) return std::move(ended).error();
    done.end = ended.value();
    return done;
}

result<std::vector<answer<lease>>> store_core::renew_many_quietly(
    std::span<const held_lease> held) {
    std::vector<answer<lease>> all;
    if (held.empty()) return all;
    if (statements_->renew.is_empty()) return no_lease_to_renew();
    if (held.size() > limits_.max_batch)
        return error(errc::too_large, "a batch holds at most " + std::to_string(limits_.max_batch) +
                                          " runs: renew them in parts");
    // In the order of their ids, so that two batches at once cannot wait for each other.
    std::vector<held_lease> sorted(held.begin(), held.end());
    std::sort(sorted.begin(), sorted.end(), before);
    std::vector<std::optional<lease>> renewed(sorted.size());
    const auto place_of = [&](const held_lease& wanted) {
        return static_cast<std::size_t>(
            std::lower_bound(sorted.begin(), sorted.end(), wanted, before) - sorted.begin());
    };
    // What all of them together may take.
    call values(*session_);
    auto done = renew_together(sorted, [&](std::span<const value> row) {
        const lease got = lease_of(row);
        const std::size_t place = place_of({got.id, got.epoch});
        // A database that brings a run which nobody asked for must not cost more than the answer.
        if (place < sorted.size() && !before({got.id, got.epoch}, sorted[place]))
            renewed[place] = got;
    });
    if (!done) {
        auto failed = answer_of<lease>(std::move(done).error());
        if (!failed) return std::move(failed).error();
        all.assign(held.size(), failed.value());
        return all;
    }
    for (const held_lease& each : held) {
        if (const auto& got = renewed[place_of(each)]; got) {
            all.push_back(done_by(done.value().end, *got));
            continue;
        }
        values.id = each.id;
        values.epoch = each.epoch;
        auto refused = renew_one(statements_->renew, values,
                                 {.id = each.id, .by = fence::epoch, .number = each.epoch},
                                 statements_->renew_reason);
        // A state that this program does not know is none that it renews in.
        if (!refused && refused.error().code() == errc::undeclared_value)
            refused = answer<lease>(status::rejected, reason::wrong_state);
        if (!refused) return std::move(refused).error();
        all.push_back(std::move(refused).value());
    }
    return all;
}

}  // namespace statemachine::detail
