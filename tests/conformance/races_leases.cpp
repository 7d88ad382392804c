// Leases that run out while their holders, other workers and sweepers reach for them.
#include "races.hpp"

namespace conformance::racing {
namespace {

template <class Backend>
using lease_races = races<Backend>;
TYPED_TEST_SUITE(lease_races, backends, backend_names);

// Half of them hold the run that ran out and renew it, the others claim the job.
template <class Backend>
struct renewers_and_claimers {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int id = 1; id <= me.rounds; ++id) {
            const auto run = run_of(id, 1, me.index);
            me.line_up();
            if (me.index % 2 == 0)
                all.push_back({"renew " + told(insist([&] { return jobs.renew(run); })), id});
            else
                all.push_back({"claim " + told(insist([&] {
                                   return jobs.claim_by_id(claim, id, {.owner = run.owner});
                               })),
                               id});
        }
        return all;
    }
};
const declared_role<renewers_and_claimers> renewing("renewers_and_claimers");

TYPED_TEST(lease_races, a_lease_that_ran_out_is_renewed_or_taken_but_never_both) {
    constexpr int rounds = 60;
    this->make_runs(rounds);
    this->run_out(rounds);
    const auto all = race(this->place, "renewers_and_claimers", rounds);
    constexpr int half = contenders / 2;
    for (int id = 1; id <= rounds; ++id) {
        const said renewed{{"renew applied", half}, {"claim rejected: lease_held", half}};
        const said taken{{"renew rejected: stale_epoch", half},
                         {"claim applied", 1},
                         {"claim rejected: lease_held", half - 1}};
        const said counts = this->said_of(all, id);
        const bool was_taken = counts.contains("claim applied");
        EXPECT_EQ(counts, was_taken ? taken : renewed) << "job " << id;
        EXPECT_EQ(this->read(id).epoch, was_taken ? 2 : 1);
    }
}

template <class Backend>
struct sweepers {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        me.line_up();
        for (int call = 0; call < 1000; ++call) {
            auto swept = jobs.sweep({.limit = 7});
            if (!swept && swept.error().what_is_known() == sm::fate::not_applied_retry) continue;
            if (!swept) {
                all.push_back({told(swept.error())});
                break;
            }
            const auto& did = swept.value();
            if (did.expired + did.exhausted == 0) break;
            all.push_back({"swept", 0, static_cast<std::int64_t>(did.expired),
                           static_cast<std::int64_t>(did.exhausted)});
        }
        return all;
    }
};
const declared_role<sweepers> sweeping("sweepers");

TYPED_TEST(lease_races, sweepers_hand_back_each_job_once_and_leave_live_leases_alone) {
    constexpr int expired = 150;
    constexpr int used_up = 50;
    constexpr int live = 50;
    this->make_runs(expired + used_up + live);
    this->run_out(expired + used_up);
    this->place.execute("UPDATE racing_jobs SET attempts = 3 WHERE id <= " +
                        std::to_string(used_up));
    const auto all = race(this->place, "sweepers", 1);
    std::int64_t handed_back = 0;
    std::int64_t ended = 0;
    for (const reports& each : all)
        for (const report& one : each) {
            EXPECT_EQ(one.said, "swept");
            EXPECT_LE(one.epoch, 7) << "expired in one call";
            handed_back += one.epoch;
            ended += one.number;
        }
    EXPECT_EQ(handed_back, expired);
    EXPECT_EQ(ended, used_up);
    const auto in = [&](const std::string& state) {
        return this->place.number("SELECT count(*) FROM racing_jobs WHERE state = '" + state + "'");
    };
    EXPECT_EQ(in("waiting"), expired);
    EXPECT_EQ(in("failed"), used_up);
    EXPECT_EQ(in("working"), live);
}

}  // namespace
}  // namespace conformance::racing
