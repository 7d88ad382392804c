// Who gets a job that many want.
#include "races.hpp"

#include <thread>

namespace conformance::racing {
namespace {

template <class Backend>
using claim_races = races<Backend>;
TYPED_TEST_SUITE(claim_races, backends, backend_names);

std::string owner_of(int index) { return "worker-" + std::to_string(index); }

template <class Backend>
struct claimers_by_id {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int id = 1; id <= me.rounds; ++id) {
            me.line_up();
            auto got = jobs.claim_by_id(claim, id, {.owner = owner_of(me.index)});
            all.push_back(reported(id, got));
            if (got && got.value()) all.back().number = got.value()->attempts;
        }
        return all;
    }
};
const declared_role<claimers_by_id> by_id("claimers_by_id");

TYPED_TEST(claim_races, one_job_by_id_has_one_winner) {
    constexpr int rounds = 60;
    this->make_jobs(rounds);
    const auto all = race(this->place, "claimers_by_id", rounds);
    for (int id = 1; id <= rounds; ++id) {
        said counts = this->said_of(all, id);
        EXPECT_EQ(counts["applied"], 1) << "job " << id;
        EXPECT_EQ(counts["applied"] + counts["rejected: lease_held"] + counts["retryable"],
                  contenders)
            << testing::PrintToString(counts);
    }
    for (const reports& each : all)
        for (const report& one : each) {
            if (one.said != "applied") continue;
            EXPECT_EQ(one.epoch, 1);
            EXPECT_EQ(one.number, 1) << "attempts of job " << one.id;
        }
}

// One job at a time: the first contender submits it while the others wait.
template <class Backend>
struct claimers_of_the_only_one {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int round = 1; round <= me.rounds; ++round) {
            if (me.index == 0) jobs.submit({.number = round}).value().value();
            me.line_up();
            all.push_back(reported(round, jobs.claim(claim, {.owner = owner_of(me.index)})));
            me.line_up();
        }
        return all;
    }
};
const declared_role<claimers_of_the_only_one> of_the_only_one("claimers_of_the_only_one");

TYPED_TEST(claim_races, the_only_due_job_has_one_winner) {
    constexpr int rounds = 60;
    const auto all = race(this->place, "claimers_of_the_only_one", rounds);
    for (int round = 0; round < rounds; ++round) {
        said counts;
        for (const reports& each : all) ++counts[each[static_cast<std::size_t>(round)].said];
        EXPECT_EQ(counts["applied"], 1) << "round " << round;
        EXPECT_EQ(counts["applied"] + counts["rejected: none_due"] + counts["retryable"],
                  contenders)
            << testing::PrintToString(counts);
    }
}

template <class Backend>
struct claimers_of_many {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        me.line_up();
        for (;;) {
            const std::size_t most = 1 + static_cast<std::size_t>(me.index) % 5;
            auto got =
                insist([&] { return jobs.claim_many(claim, most, {.owner = owner_of(me.index)}); });
            if (!got || !got.value()) {
                all.push_back({told(got)});
                return all;
            }
            if (got.value()->size() > most) throw std::runtime_error("more jobs than asked for");
            for (const run_type& run : *got.value())
                all.push_back({told(got), run.id, run.epoch, static_cast<std::int64_t>(most)});
        }
    }
};
const declared_role<claimers_of_many> of_many("claimers_of_many");

TYPED_TEST(claim_races, many_claimers_share_many_jobs_without_a_double) {
    constexpr int count = 400;
    this->make_jobs(count);
    const auto all = race(this->place, "claimers_of_many", 1);
    for (int id = 1; id <= count; ++id)
        EXPECT_EQ(this->said_of(all, id), (said{{"applied", 1}})) << "job " << id;
    for (const reports& each : all) EXPECT_EQ(each.back().said, "rejected: none_due");
}

// Each pair has jobs of its own: one side withdraws what the other claims, in turns first.
template <class Backend>
struct duellists {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int round = 0; round < me.rounds; ++round) {
            const std::int64_t id = me.index / 2 * me.rounds + round + 1;
            const bool claims = me.index % 2 == 0;
            me.face();
            if (claims == (round % 2 == 0)) std::this_thread::yield();
            if (claims) {
                auto got = insist(
                    [&] { return jobs.claim_by_id(claim, id, {.owner = owner_of(me.index)}); });
                all.push_back({"claim " + told(got), id});
            } else {
                auto got = insist([&] { return jobs.fire(withdraw, id, sm::any_version); });
                all.push_back({"withdraw " + told(got), id});
            }
        }
        return all;
    }
};
const declared_role<duellists> duelling("duellists");

TYPED_TEST(claim_races, a_job_is_claimed_or_withdrawn_and_the_loser_is_told_why) {
    constexpr int rounds = 167;
    constexpr int count = contenders / 2 * rounds;
    this->make_jobs(count);
    const auto all = race(this->place, "duellists", rounds);
    int claimed = 0;
    for (int id = 1; id <= count; ++id) {
        const said counts = this->said_of(all, id);
        const bool was_claimed = counts.contains("claim applied");
        claimed += was_claimed ? 1 : 0;
        const said expected =
            was_claimed ? said{{"claim applied", 1}, {"withdraw rejected: wrong_state", 1}}
                        : said{{"claim rejected: wrong_state", 1}, {"withdraw applied", 1}};
        EXPECT_EQ(counts, expected) << "job " << id;
        EXPECT_EQ(this->name_of(this->read(id).state), was_claimed ? "working" : "withdrawn");
    }
    EXPECT_GE(claimed, count / 20) << "of " << count << ": the race was lopsided";
    EXPECT_LE(claimed, count - count / 20) << "of " << count << ": the race was lopsided";
}

}  // namespace
}  // namespace conformance::racing
