// Claims, and cancels against claims.
#include "contest.hpp"

#include <nlohmann/json.hpp>

namespace systems::extracted {
namespace {

template <class Backend>
class claimed_document : public on_documents<Backend> {
public:
    /// Jobs 1 to n, and nothing open in this process.
    void make(int count) {
        this->submit_many(count);
        this->close();
    }
};
TYPED_TEST_SUITE(claimed_document, backends, backend_names);

report claim_one(store_type& jobs, std::int64_t id, int me) {
    const std::string owner = "worker-" + std::to_string(me);
    auto got = jobs.claim_by_id(claim, id, {.owner = owner});
    for (int again = 0; again < 5 && got && got.value().retryable(); ++again)
        got = jobs.claim_by_id(claim, id, {.owner = owner});
    if (!got || !got.value()) return report(told(got), id);
    return report(told(got), id, got.value()->epoch, got.value()->attempts);
}

TYPED_TEST(claimed_document, has_one_winner_and_one_more_when_its_lease_is_stale) {
    shows("B2");
    constexpr int rounds = 30;
    this->make(rounds);
    for (int attempt = 1; attempt <= 2; ++attempt) {
        const auto all = contest(this->place, {}, rounds, [](store_type& jobs, int me, int round) {
            return claim_one(jobs, round + 1, me);
        });
        for (const auto& round : all) {
            EXPECT_EQ(count_of(round, "applied"), 1U);
            EXPECT_EQ(count_of(round, "applied") + count_of(round, "rejected: lease_held"),
                      round.size());
            for (const report& each : round) {
                if (each.text() != "applied") continue;
                EXPECT_EQ(each.number, attempt);
                EXPECT_EQ(each.epoch, attempt);
            }
        }
        for (int id = 1; id <= rounds; ++id) this->pass_time(id, text_lease + 1s);
    }
}

TYPED_TEST(claimed_document, goes_to_one_when_all_ask_for_the_next) {
    shows("B2");
    constexpr int rounds = 30;
    this->make(rounds);
    const auto all = contest(this->place, {}, rounds, [](store_type& jobs, int me, int) {
        auto got = jobs.claim(claim, {.owner = "worker-" + std::to_string(me)});
        return got && got.value() ? report(told(got), got.value()->id, 0, got.value()->attempts)
                                  : report(told(got));
    });
    std::map<std::int64_t, int> winners;
    for (const auto& round : all)
        for (const report& each : round) {
            if (each.text() != "applied") continue;
            ++winners[each.id];
            EXPECT_EQ(each.number, 1);
        }
    EXPECT_EQ(winners.size(), static_cast<std::size_t>(rounds));
    for (const auto& [id, count] : winners) EXPECT_EQ(count, 1) << "document " << id;
}

TYPED_TEST(claimed_document, is_left_as_it_is_while_its_lease_is_fresh) {
    shows("B2");
    const auto id = this->submit();
    const auto first = this->run_of(claim, id);
    this->pass_time(id, text_lease - 5min);
    const auto before = this->row(id);
    EXPECT_EQ(claim_one(this->jobs(), id, 2).text(), "rejected: lease_held");
    EXPECT_EQ(told(this->jobs().claim(claim, {.owner = "other"})), "rejected: none_due");
    EXPECT_EQ(this->row(id), before);
    this->pass_time(id, 5min + 1s);
    const auto second = this->run_of(claim, id);
    EXPECT_EQ(second.attempts, first.attempts + 1);
    EXPECT_EQ(second.epoch, first.epoch + 1);
}

TYPED_TEST(claimed_document, is_claimed_or_cancelled_and_the_losing_cancel_knows_why) {
    shows("B3");
    constexpr int rounds = 300;
    this->make(rounds);
    const auto all =
        contest(this->place, {.threads = 2, .processes = 2}, rounds,
                [](store_type& jobs, int me, int round) {
                    // One of each kind in threads, one of each in processes; in turns first.
                    if ((me % 2 == 0) == (round % 2 == 0))
                        for (int i = 0; i < 3; ++i) sched_yield();
                    if (me % 2 == 0) return claim_one(jobs, round + 1, me);
                    submit_api<production> api{jobs};
                    http_reply reply = api.cancel(round + 1);
                    constexpr int try_again = 503;
                    for (int again = 0; again < 5 && reply.status == try_again; ++again)
                        reply = api.cancel(round + 1);
                    return report(reply.status == 200 ? "cancelled" : reply.body, round + 1);
                });
    int cancelled_ones = 0;
    for (const auto& round : all) {
        const auto claims = count_of(round, "applied");
        const auto cancels = count_of(round, "cancelled");
        EXPECT_EQ(claims + cancels, 1U) << "document " << round[0].id;
        const std::string state = this->state_of(round[0].id);
        EXPECT_EQ(state, claims == 1 ? "running" : "cancelled");
        EXPECT_EQ(count_of(round, R"({"error":"not cancellable: it is )" + state + R"("})"),
                  2 - cancels)
            << texts_of(round);
        cancelled_ones += static_cast<int>(cancels);
    }
    EXPECT_GT(cancelled_ones, 0) << "the race was lopsided";
    EXPECT_LT(cancelled_ones, rounds) << "the race was lopsided";
}

TYPED_TEST(claimed_document, is_no_such_document_to_a_cancel_of_another_id) {
    shows("B3");
    submit_api<production> api{this->jobs()};
    EXPECT_EQ(api.cancel(4711).status, 404);
    const auto id = this->submit();
    static_cast<void>(this->run_of(claim, id));
    const auto before = this->row(id);
    EXPECT_EQ(api.cancel(id).status, 409);
    EXPECT_EQ(this->row(id), before);
}

}  // namespace
}  // namespace systems::extracted
