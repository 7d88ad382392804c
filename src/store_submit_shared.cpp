// Jobs that several threads submit at once, in one statement.
//
//     waits --(a leader takes it)--> sent with others --(its row came back)--> applied
//       |                                 |
//       +--(leads, and nobody waits)      +--(its key was taken)--> sent by itself, and told whose
//                |                        +--(all of it failed)---> sent by itself
//                +--> sent by itself      +--(the reply was lost)-> settled by itself
//
// As with shared steps, the shared statement answers nothing but success, and whatever else becomes
// of a job, its own caller finds out on its own thread.
#include "replies.hpp"
#include "store_prepared.hpp"
#include "time_left.hpp"

#include <statemachine/detail/meeting.hpp>

#include <algorithm>
#include <unordered_set>

namespace statemachine::detail {
namespace {

constexpr std::string_view nobody{"\0", 1};  // is the name of no actor

}  // namespace

// One caller's job.
class [[gnu::visibility("hidden")]] store_core::shared_submit final : public meeting::visitor {
public:
    shared_submit(const meeting::errand& what, const store_core& from, prepared_submit& job)
        : visitor(what, job.values.until), by(from), prepared(job) {}

    const store_core& by;
    prepared_submit& prepared;
    std::optional<answer<raw_submitted>> made{};  // holds where nothing failed
    std::optional<error> failed{};                // what the statement failed with
};

result<answer<raw_submitted>> store_core::submit_shared(meeting& at, prepared_submit& prepared,
                                                        std::optional<error>& parted) {
    const time_left left(prepared.values.until);
    // They are in nobody's way but each other's, and a statement is in the name of one.
    const std::string_view actor = prepared.values.actor;
    const meeting::errand errand{&statements_->submit_shared, &statements_->submit_shared,
                                 actor.empty() ? nobody : actor};
    shared_submit self(errand, *this, prepared);
    if (at.come(self)) {
        const meeting::lead leading(at, self);
        if (!left.is_half()) return answer_of<raw_submitted>(waited_too_long());
        if (leading.others().empty()) return submit_one(prepared, {});
        std::vector<shared_submit*> all{&self};
        for (meeting::visitor* const each : leading.others())
            all.push_back(static_cast<shared_submit*>(each));
        send_submits(all);
    }
    if (!self.failed) {
        if (self.made) return *std::move(self.made);
        if (!left.is_half()) return answer_of<raw_submitted>(waited_too_long());
        return submit_one(prepared, {});
    }
    parted = std::move(self.failed);
    const fate known = parted->what_is_known();
    if (known == fate::not_applied_retry && !left.is_half())
        return answer_of<raw_submitted>(*parted);
    return submit_one(prepared, known == fate::unknown ? parted : std::nullopt);
}

void store_core::send_submits(std::span<shared_submit* const> all) {
    const compiled_statement& what = statements_->submit_shared;
    const call& first = all.front()->prepared.values;
    steady_time until = first.until;
    bound_rows rows(*statements_, what, limits_.max_payload);
    std::vector<shared_submit*> sent;
    std::unordered_set<std::string_view> keys;
    for (shared_submit* const each : all) {
        call& values = each->prepared.values;
        if (rows.full() || each->by.limits_.max_payload != limits_.max_payload ||
            (!values.key.empty() && !keys.insert(values.key).second))
            continue;
        values.nonce = first.nonce;
        if (!rows.add(each->prepared.ready())) continue;
        until = std::min(until, each->until());
        // Until it is known better: if this thread does not come back from there.
        each->failed.emplace(errc::connection_lost, "the reply to a shared statement was not read");
        sent.push_back(each);
    }
    if (sent.empty()) return;
    bool misplaced = false;
    const auto on_row = [&](std::span<const value> row) {
        const auto place = place_of_new(row, sent.size());
        if (!place || sent[*place]->made)
            misplaced = true;
        else
            sent[*place]->made.emplace(status::applied, new_job(*statements_, row));
    };
    auto ended =
        session_->transact(access::single, until, [&](executor& transaction) -> result<verdict> {
            auto ran = transaction.execute(what.sql, rows.values(), on_row);
            if (!ran) return std::move(ran).error();
            return verdict::commit;
        });
    if (ended && misplaced) ended = unreadable(places_were_changed("rule"));
    if (!ended) {
        for (shared_submit* const each : sent) each->failed = ended.error();
        return;
    }
    for (shared_submit* const each : sent) {
        if (each->made) *each->made = done_by(ended.value(), **each->made);
        each->failed.reset();
    }
    session_->wakeups().ring();
}

}  // namespace statemachine::detail
