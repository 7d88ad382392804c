// Who may change a job that many hold, or think that they hold.
#include "races.hpp"

namespace conformance::racing {
namespace {

template <class Backend>
using change_races = races<Backend>;
TYPED_TEST_SUITE(change_races, backends, backend_names);

std::string result_of(int index) { return "by " + std::to_string(index); }

// All hold the same run: half of them finish the job, the others fail it.
template <class Backend>
struct finishers {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int id = 1; id <= me.rounds; ++id) {
            const auto& on = me.index % 2 == 0 ? finish : fail;
            me.line_up();
            all.push_back(reported(id, insist([&] {
                                       return jobs.fire(on, run_of(id, 1, me.index),
                                                        {result_of(me.index)});
                                   })));
        }
        return all;
    }
};
const declared_role<finishers> finishing("finishers");

TYPED_TEST(change_races, of_many_ends_one_wins_and_its_result_is_kept) {
    constexpr int rounds = 60;
    this->make_runs(rounds);
    const auto all = race(this->place, "finishers", rounds);
    for (int id = 1; id <= rounds; ++id) {
        EXPECT_EQ(this->said_of(all, id),
                  (said{{"applied", 1}, {"rejected: wrong_state", contenders - 1}}));
        const auto stored = this->read(id);
        for (int index = 0; index < contenders; ++index) {
            const auto own = static_cast<std::size_t>(index);
            if (all[own][static_cast<std::size_t>(id - 1)].said != "applied") continue;
            EXPECT_EQ(stored.job.result, result_of(index));
            EXPECT_EQ(this->name_of(stored.state), index % 2 == 0 ? "done" : "failed");
        }
    }
}

// All end the same runs in one batch, each in another order.
template <class Backend>
struct batch_finishers {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int round = 0; round < me.rounds; ++round) {
            std::vector<sm::store<machine>::step<outcome>> steps;
            for (int i = 0; i < batch; ++i)
                steps.push_back(
                    {run_of(round * batch + (me.index % 2 == 0 ? i + 1 : batch - i), 1, me.index),
                     {result_of(me.index)}});
            me.line_up();
            const auto said = jobs.template fire_many<outcome>(finish, steps);
            for (std::size_t i = 0; i < steps.size(); ++i)
                all.push_back(reported(steps[i].run.id, said[i]));
        }
        return all;
    }
    static constexpr int batch = 20;
};
const declared_role<batch_finishers> finishing_batches("batch_finishers");

TYPED_TEST(change_races, of_many_batches_one_ends_each_job_and_none_waits_for_another) {
    constexpr int rounds = 15;
    constexpr int jobs = rounds * batch_finishers<TypeParam>::batch;
    this->make_runs(jobs);
    const auto all = race(this->place, "batch_finishers", rounds);
    for (int id = 1; id <= jobs; ++id)
        EXPECT_EQ(this->said_of(all, id),
                  (said{{"applied", 1}, {"rejected: wrong_state", contenders - 1}}));
}

template <class Backend>
struct submitters {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int round = 0; round < me.rounds; ++round) {
            const std::string key = "key-" + std::to_string(round);
            me.line_up();
            all.push_back(
                reported(0, insist([&] { return jobs.submit({.number = round}, {.key = key}); })));
        }
        return all;
    }
};
const declared_role<submitters> submitting("submitters");

TYPED_TEST(change_races, one_key_makes_one_job_and_all_get_its_id) {
    constexpr int rounds = 60;
    const auto all = race(this->place, "submitters", rounds);
    for (std::size_t round = 0; round < rounds; ++round) {
        const auto id = all[0][round].id;
        EXPECT_EQ(this->said_of(all, id),
                  (said{{"applied", 1}, {"already_applied", contenders - 1}}))
            << "key " << round;
        EXPECT_EQ(this->read(id).job.number, static_cast<std::int64_t>(round));
    }
    EXPECT_EQ(this->place.number("SELECT count(*) FROM racing_jobs"), rounds);
}

// The event leads back to its own state, so that nothing but the token keeps it from repeating.
template <class Backend>
struct token_senders {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        for (int id = 1; id <= me.rounds; ++id) {
            me.line_up();
            all.push_back(reported(
                id, insist([&] { return jobs.fire(step, run_of(id, 1, me.index), "token"); })));
        }
        return all;
    }
};
const declared_role<token_senders> sending("token_senders");

TYPED_TEST(change_races, one_token_changes_once_and_all_are_told_what_it_did) {
    constexpr int rounds = 60;
    this->make_runs(rounds);
    const auto all = race(this->place, "token_senders", rounds);
    for (int id = 1; id <= rounds; ++id) {
        EXPECT_EQ(this->said_of(all, id),
                  (said{{"applied", 1}, {"already_applied", contenders - 1}}))
            << "job " << id;
        EXPECT_EQ(this->read(id).job.steps, 1);
        const auto log = this->history(id);
        EXPECT_EQ(log.size(), 3U);
        for (const reports& each : all)
            EXPECT_EQ(each[static_cast<std::size_t>(id - 1)].number, log.back().version);
    }
}

// Half of them held the job before it was claimed again, and do not know. The others finish every
// second job and only renew the rest, where nothing but the epoch keeps a stale result out.
template <class Backend>
struct thawed_workers {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        const std::int64_t epoch = me.index % 2 == 0 ? 1 : 2;
        reports all;
        for (int id = 1; id <= me.rounds; ++id) {
            const auto run = run_of(id, epoch, me.index);
            const bool renews = epoch == 1 ? me.index % 4 == 0 : id % 2 == 0;
            const auto renew = [&] { return jobs.renew(run); };
            const auto end = [&] { return jobs.fire(finish, run, {result_of(me.index)}); };
            me.line_up();
            all.push_back({renews ? told(insist(renew)) : told(insist(end)), id, epoch});
        }
        return all;
    }
};
const declared_role<thawed_workers> thawed("thawed_workers");

TYPED_TEST(change_races, a_worker_that_slept_through_a_reclaim_changes_nothing) {
    constexpr int rounds = 40;
    this->make_runs(rounds);
    this->run_out(rounds);
    ASSERT_EQ(this->store.claim_many(claim, rounds, {.owner = "second"}).value()->size(), rounds);
    const auto all = race(this->place, "thawed_workers", rounds);
    constexpr int half = contenders / 2;
    const said renewed{{"applied", half}, {"rejected: stale_epoch", half}};
    const said finished{
        {"applied", 1}, {"rejected: stale_epoch", half}, {"rejected: wrong_state", half - 1}};
    for (int id = 1; id <= rounds; ++id) {
        EXPECT_EQ(this->said_of(all, id), id % 2 == 0 ? renewed : finished) << "job " << id;
        EXPECT_EQ(this->name_of(this->read(id).state), id % 2 == 0 ? "working" : "done");
    }
    for (const reports& each : all)
        for (const report& one : each)
            EXPECT_TRUE(one.said != "applied" || one.epoch == 2) << "job " << one.id;
}

}  // namespace
}  // namespace conformance::racing
