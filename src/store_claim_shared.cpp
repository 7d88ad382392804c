// Claims of one job each that several threads make at once, in one statement.
//
//     waits --(a leader takes it)--> claimed for with others --(there was a job for it)--> applied
//       |                                 |
//       +--(leads, and nobody waits)      +--(there was none for anybody)-> none is due
//                |                        +--(others got the last ones)---> waits, or asks alone
//                +--> asks alone          +--(all of it failed)-----------> asks alone
//                                         +--(the reply was lost for good)> unknown
//
// The leader gets the first job, and the others theirs in the order in which they came. What
// becomes of a lost reply the leader finds out for all of them: their jobs cannot be told apart by
// anything that is stored.
//
// Whoever has waited is sent on only while half of its time is left: with little, the server's
// limits come too late, and what is definite now could become unknown.
#include "replies.hpp"
#include "store_claimed.hpp"
#include "time_left.hpp"

#include <statemachine/detail/meeting.hpp>

#include <algorithm>

namespace statemachine::detail {

// One caller's claim.
class [[gnu::visibility("hidden")]] store_core::shared_claim final : public meeting::visitor {
public:
    shared_claim(const meeting::errand& what, const call& values) : visitor(what, values.until) {}

    std::optional<result<claim_answer>> found{};
    bool asks_alone = false;  // or else it got nothing where others got the last jobs
};

result<store_core::claim_answer> store_core::claim_shared(meeting& at, int event,
                                                          const call& values) {
    const time_left left(values.until);
    // Who got nothing of a part asks once more with others, and then finds none as a rule.
    for (int turn = 0; turn < 2; ++turn) {
        shared_claim self({statements_, &plans(event).next, values.actor}, values);
        if (at.come(self)) {
            const meeting::lead leading(at, self);
            if (!left.is_half()) return answer_of<claimed_jobs>(waited_too_long());
            if (leading.others().empty()) return claim_due(event, values);
            std::vector<shared_claim*> all{&self};
            for (meeting::visitor* const each : leading.others())
                all.push_back(static_cast<shared_claim*>(each));
            send_claims(event, values, all);
        }
        if (self.found && !(self.found->has_value() && self.found->value().retryable()))
            return *std::move(self.found);
        if (!left.is_half())
            return self.found ? *std::move(self.found) : answer_of<claimed_jobs>(waited_too_long());
        if (self.found || self.asks_alone) break;
    }
    return claim_due(event, values);
}

void store_core::send_claims(int event, call values, std::span<shared_claim* const> all) {
    values.limit = static_cast<std::int64_t>(std::min(all.size(), limits_.max_batch));
    for (shared_claim* const each : all) {
        values.until = std::min(values.until, each->until());
        // Until it is known better: if this thread does not come back from there.
        each->found = answer_of<claimed_jobs>(
            {errc::connection_lost, "the reply to a shared statement was not read"});
    }
    auto found = claim_due(event, values);
    const auto send_on_alone = [&] {
        for (shared_claim* const each : all) {
            each->found.reset();
            each->asks_alone = true;
        }
    };
    // One job may have spoiled it for all.
    if (!found) return send_on_alone();
    const outcome& how = found.value();
    if (!found.value()) {
        const bool is_unreadable =
            how.cause() != nullptr && how.cause()->code() == errc::unreadable_change;
        if (is_unreadable) send_on_alone();
        for (shared_claim* const each : is_unreadable ? all.first(1) : all) each->found = how;
        return;
    }
    const claimed_jobs& jobs = *found.value();
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i]->found.reset();
        if (i >= jobs.rows.size()) continue;
        all[i]->found = claim_answer(how, claimed_jobs{{jobs.rows[i]}, jobs.columns});
    }
}

}  // namespace statemachine::detail
