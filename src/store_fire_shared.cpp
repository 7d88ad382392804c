// Steps that several threads fire at once, in one statement.
//
//     waits --(a leader takes it)--> sent with others --(its row came back)--> applied
//       |                                 |
//       +--(leads, and nobody waits)      +--(none came back)----> looked at, then sent by itself
//                |                        +--(all of it failed)--> sent by itself
//                +--> sent by itself      +--(the reply was lost)> settled by itself
//
// The shared statement answers nothing but success: whatever else becomes of a step, its own caller
// finds out, on its own thread, as if it had been alone. Where it waited a moment for a job that is
// locked it is sent once more, without such jobs. Where something else kept it waiting, such as a
// lock of the whole table, until most of the time was gone, that is the answer: nothing was
// changed, and sending once more now could only lose that certainty.
#include "replies.hpp"
#include "store_prepared.hpp"
#include "time_left.hpp"

#include <statemachine/detail/meeting.hpp>

#include <algorithm>

namespace statemachine::detail {

// One caller's step.
class [[gnu::visibility("hidden")]] store_core::shared_fire final : public meeting::visitor {
public:
    shared_fire(const meeting::errand& what, const store_core& from, prepared_fire& step)
        : visitor(what, step.values.until), by(from), prepared(step) {}

    std::int64_t id() const { return prepared.fired.id; }

    const store_core& by;
    prepared_fire& prepared;
    std::optional<answer<raw_change>> made{};  // holds where nothing failed
    std::optional<error> failed{};             // what the statement failed with
    bool missed = false;                       // it changed nothing here
};

result<answer<raw_change>> store_core::fire_shared(meeting& at, prepared_fire& prepared,
                                                   std::optional<error>& parted) {
    const time_left left(prepared.values.until);
    shared_fire self({statements_, &plans(prepared.fired.event).many}, *this, prepared);
    if (at.come(self)) {
        const meeting::lead leading(at, self);
        if (!left.is_half()) return answer_of<raw_change>(waited_too_long());
        if (leading.others().empty()) return fire_one(prepared, {});
        std::vector<shared_fire*> all{&self};
        for (meeting::visitor* const each : leading.others())
            all.push_back(static_cast<shared_fire*>(each));
        send_shared(all);
    }
    if (!self.failed) {
        if (self.made) return *std::move(self.made);
        if (!left.is_half()) return answer_of<raw_change>(waited_too_long());
        return fire_one(prepared, {}, self.missed);
    }
    parted = std::move(self.failed);
    const fate known = parted->what_is_known();
    if (known == fate::not_applied_retry && !left.is_half()) return answer_of<raw_change>(*parted);
    return fire_one(prepared, known == fate::unknown ? parted : std::nullopt);
}

void store_core::send_shared(std::span<shared_fire* const> all) {
    const std::array<char, 16> nonce = all.front()->prepared.values.nonce;
    std::vector<shared_fire*> sent{all.begin(), all.end()};
    // In the order of jobs, so that two statements at once cannot wait for each other.
    std::ranges::stable_sort(sent, {}, &shared_fire::id);
    // A job stands there once: who comes to it second finds what the first has made of it.
    for (std::size_t i = sent.size(); i-- > 1;) {
        if (sent[i]->id() != sent[i - 1]->id()) continue;
        sent[i]->missed = true;
        sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(i));
    }
    std::erase_if(sent, [&](const shared_fire* each) {
        return each->by.limits_.max_payload != limits_.max_payload;
    });
    if (sent.empty()) return;
    std::vector<const prepared_fire*> steps;
    steady_time until = sent.front()->until();
    for (shared_fire* const each : sent) {
        each->prepared.values.nonce = nonce;
        steps.push_back(&each->prepared);
        until = std::min(until, each->until());
    }
    auto ended = send_by_form(steps, until,
                              [&](const plan& form) { return send_shared_by(form, until, sent); });
    if (!ended) {
        for (shared_fire* const each : sent) each->failed = ended.error();
        return;
    }
    for (shared_fire* const each : sent) {
        if (each->made)
            *each->made = done_by(ended.value(), **each->made);
        else
            each->missed = true;
        each->failed.reset();
    }
    session_->wakeups().ring();
}

// Those that do not fit in are taken out.
result<ending> store_core::send_shared_by(const plan& form, steady_time until,
                                          std::vector<shared_fire*>& sent) {
    for (shared_fire* const each : sent) {
        each->made.reset();
        each->failed.reset();
    }
    bound_rows rows(*statements_, form.change, limits_.max_payload);
    std::erase_if(sent, [&](const shared_fire* each) {
        return rows.full() || !rows.add(each->prepared.ready());
    });
    if (sent.empty()) return ending::committed;
    // Until it is known better: if this thread does not come back from there.
    for (shared_fire* const each : sent)
        each->failed.emplace(errc::connection_lost, "the reply to a shared statement was not read");
    std::optional<error> broken;
    const auto on_row = [&](std::span<const value> row) {
        const std::int64_t id = row[0].integer();
        const auto found = std::ranges::lower_bound(sent, id, {}, &shared_fire::id);
        if (found == sent.end() || (*found)->id() != id) {
            broken = places_were_changed("id");
            return;
        }
        auto made = change_of(row, (*found)->prepared.fired);
        if (made)
            (*found)->made.emplace(status::applied, std::move(made).value());
        else
            broken = std::move(made).error();
    };
    const auto body = [&](executor& transaction) -> result<verdict> {
        auto ran = transaction.execute(form.change.sql, rows.values(), on_row);
        if (!ran) return std::move(ran).error();
        if (broken) return unreadable(*broken);
        return verdict::commit;
    };
    return session_->transact(access::single, until, body);
}

}  // namespace statemachine::detail
