// Claims of one job each that several threads make at once, in one statement.
//
//     waits --(a leader takes it)--> claimed for with others --(there was a job for it)--> applied
//       |                                 |
//       +--(leads, and nobody waits)      +--(there was none for anybody)-> none is due
//                |                        +--(others got the last ones)---> waits, or asks alone
//                +--> asks alone          +--(all of it failed)-----------> asks alone
//                                         +--(the reply was lost for good)> unknown
//
// The jobs go to the callers in the order in which these came. What becomes of a lost reply the
// leader finds out for all of them: their jobs cannot be told apart by anything that is stored.
#include "replies.hpp"
#include "store_claimed.hpp"

#include <statemachine/detail/meeting.hpp>

#include <algorithm>

namespace statemachine::detail {

// One caller's claim.
class [[gnu::visibility("hidden")]] store_core::shared_claim final : public meeting::visitor {
public:
    shared_claim(const void* purpose, const call& values)
        : visitor(purpose, values.until, values.actor) {}

    std::optional<result<claim_answer>> found{};  // nothing where others got the last jobs
};

result<store_core::claim_answer> store_core::claim_shared(meeting& at, int event,
                                                          const call& values) {
    const auto came = std::chrono::steady_clock::now();
    // Who got nothing of a part asks once more with others, and then finds none as a rule.
    for (int turn = 0; turn < 2; ++turn) {
        shared_claim self(&plans(event).next, values);
        if (at.come(self)) {
            const meeting::lead leading(at, self);
            if (leading.others().empty()) return claim_due(event, values);
            std::vector<shared_claim*> all{&self};
            for (meeting::visitor* const each : leading.others())
                all.push_back(static_cast<shared_claim*>(each));
            send_claims(event, values, all);
        }
        if (!self.found) continue;
        const auto now = std::chrono::steady_clock::now();
        const bool may_ask_alone =
            *self.found && self.found->value().retryable() && values.until - now >= now - came;
        if (may_ask_alone) break;
        return *std::move(self.found);
    }
    return claim_due(event, values);
}

void store_core::send_claims(int event, call values, std::span<shared_claim* const> all) {
    values.limit = static_cast<std::int64_t>(std::min(all.size(), limits_.max_batch));
    for (shared_claim* const each : all) {
        values.until = std::min(values.until, each->until());
        // Until it is known better: if this thread does not come back from there.
        each->found = answer_of<std::vector<claimed_row>>(
            {errc::connection_lost, "the reply to a shared statement was not read"});
    }
    auto found = claim_due(event, values);
    const auto tell_all = [&](const auto& what) {
        for (shared_claim* const each : all) each->found = what;
    };
    if (!found) return tell_all(std::move(found).error());
    const outcome& how = found.value();
    if (!found.value() && how.cause() != nullptr &&
        how.cause()->code() == errc::unreadable_change) {
        // The others ask for other jobs.
        for (shared_claim* const each : all) each->found.reset();
        all.front()->found = claim_answer(how);
        return;
    }
    if (!found.value()) return tell_all(how);
    std::vector<claimed_row>& rows = *found.value();
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i]->found.reset();
        if (i >= rows.size()) continue;
        std::vector<claimed_row> own;
        own.push_back(std::move(rows[i]));
        all[i]->found = claim_answer(how, std::move(own));
    }
}

}  // namespace statemachine::detail
