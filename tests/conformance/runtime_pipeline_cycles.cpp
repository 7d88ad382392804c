// How a pipeline's cycle goes: in order, overlapping or in turn, bounded, with one end state.
#include "runtime_pipeline_machine.hpp"

#include <thread>

namespace conformance::clips {
namespace {

template <class Backend>
using pipeline_cycles = on_clips<Backend>;
TYPED_TEST_SUITE(pipeline_cycles, backends, backend_names);

TYPED_TEST(pipeline_cycles, bring_every_job_through_all_stages_pipelined_or_not) {
    for (const bool pipelined : {true, false}) {
        const auto ids = this->submit_many(5);
        auto sync = pipeline_of(this->store, fetches_it(), tidies_it());
        const auto cycle = sync.run_cycle({}, by("camera", pipelined));
        EXPECT_EQ(told(cycle.ended), "success");
        EXPECT_EQ(cycle.pipelined, pipelined);
        EXPECT_TRUE(cycle.drained);
        EXPECT_FALSE(cycle.stopped);
        ASSERT_EQ(cycle.stages.size(), 2U);
        EXPECT_EQ(cycle.stages[0].name, "fetch");
        EXPECT_EQ(cycle.stages[1].name, "tidy");
        for (const auto& stage : cycle.stages) {
            EXPECT_EQ(stage.claimed, 5U);
            EXPECT_EQ(stage.finished, 5U);
            EXPECT_GT(stage.busy.count(), 0);
            EXPECT_LE(stage.longest, stage.busy);
            EXPECT_LE(stage.busy, cycle.took + 1ms);
        }
        for (const auto id : ids) {
            EXPECT_EQ(this->read(id).state, done);
            EXPECT_EQ(this->read(id).job.fetches, 1);
            EXPECT_EQ(this->read(id).job.tidies, 1);
        }
    }
}

TYPED_TEST(pipeline_cycles, run_the_head_of_the_next_job_while_one_is_in_the_tail) {
    this->submit_many(2);
    signal second_began, first_in_tail;
    auto sync = pipeline_of(
        this->store,
        [&](task& given) {
            if (given.job().name == "2") {
                second_began.give();
                EXPECT_TRUE(first_in_tail.wait());
            }
            return given.finish(got);
        },
        [&](task& given) {
            if (given.job().name == "1") {
                first_in_tail.give();
                EXPECT_TRUE(second_began.wait());
            }
            return given.finish(tidied);
        });
    EXPECT_EQ(sync.run_cycle({}, by("camera")).stages[1].finished, 2U);
}

TYPED_TEST(pipeline_cycles, run_in_turn_where_they_are_not_pipelined) {
    const auto left = this->submit_fetched();
    this->submit_many(3);
    record_of_events events;
    auto sync = pipeline_of(
        this->store,
        [&](task& given) {
            events.add("fetch " + given.job().name);
            return given.finish(got);
        },
        [&](task& given) {
            events.add("tidy " + given.job().name);
            return given.finish(tidied);
        });
    EXPECT_TRUE(sync.run_cycle({}, by("camera", false)).drained);
    EXPECT_EQ(events.all(), (std::vector<std::string>{"tidy left", "fetch 1", "tidy 1", "fetch 2",
                                                      "tidy 2", "fetch 3", "tidy 3"}));
    EXPECT_EQ(this->read(left).job.fetches, 1);
}

TYPED_TEST(pipeline_cycles, give_each_stage_one_thread_and_no_job_to_the_callers) {
    for (const bool pipelined : {true, false}) {
        this->submit_many(4);
        std::set<std::thread::id> heads, tails;
        auto sync = pipeline_of(
            this->store,
            [&](task& given) {
                heads.insert(std::this_thread::get_id());
                return given.finish(got);
            },
            [&](task& given) {
                tails.insert(std::this_thread::get_id());
                return given.finish(tidied);
            });
        EXPECT_TRUE(sync.run_cycle({}, by("camera", pipelined)).drained);
        ASSERT_EQ(heads.size(), 1U);
        ASSERT_EQ(tails.size(), 1U);
        EXPECT_NE(*heads.begin(), *tails.begin());
        EXPECT_NE(*heads.begin(), std::this_thread::get_id());
        EXPECT_NE(*tails.begin(), std::this_thread::get_id());
    }
}

TYPED_TEST(pipeline_cycles, keep_the_order_in_the_tail) {
    this->submit_many(12);
    std::vector<std::string> heads, tails;
    auto sync = pipeline_of(
        this->store,
        [&](task& given) {
            heads.push_back(given.job().name);
            return given.finish(got);
        },
        [&](task& given) {
            tails.push_back(given.job().name);
            return given.finish(tidied);
        });
    EXPECT_TRUE(sync.run_cycle({}, by("camera")).drained);
    EXPECT_EQ(heads.size(), 12U);
    EXPECT_EQ(tails, heads);
}

TYPED_TEST(pipeline_cycles, let_no_more_wait_for_the_tail_than_its_queue_holds) {
    this->submit_many(9);
    signal full;
    std::atomic<int> heads{0}, tails{0};
    auto sync = pipeline_of(
        this->store,
        [&](task& given) {
            EXPECT_LE(heads - tails, 2) << "fetched, and not yet in the tail";
            auto did = given.finish(got);
            if (++heads == 3) full.give();
            return did;
        },
        [&](task& given) {
            ++tails;
            EXPECT_TRUE(full.wait());
            return given.finish(tidied);
        });
    auto how = by("camera");
    how.queue = 2;
    EXPECT_EQ(sync.run_cycle({}, how).stages[1].finished, 9U);
}

TYPED_TEST(pipeline_cycles, keep_the_leases_of_slow_stages) {
    const auto id = this->submit();
    const auto slow = [&](const sm::event<>& ends) {
        return [this, id, &ends](task& given) {
            const auto granted = this->read(id).lease_until.value();
            EXPECT_TRUE(eventually([&] { return *this->read(id).lease_until > granted + lease; }));
            return given.finish(ends);
        };
    };
    auto sync = pipeline_of(this->store, slow(got), slow(tidied));
    EXPECT_TRUE(sync.run_cycle({}, by("camera")).drained);
    EXPECT_EQ(this->read(id).job.fetches, 1);
    EXPECT_EQ(this->read(id).job.tidies, 1);
}

TYPED_TEST(pipeline_cycles, end_when_there_is_nothing_to_do) {
    auto sync = pipeline_of(this->store, fetches_it(), tidies_it());
    const auto cycle = sync.run_cycle({}, by("camera"));
    EXPECT_TRUE(cycle.drained);
    EXPECT_EQ(cycle.stages[0].claimed + cycle.stages[1].claimed, 0U);
}

TYPED_TEST(pipeline_cycles, of_two_processes_share_the_jobs_without_a_double) {
    this->submit_many(40);
    auto other = this->place.open();
    auto theirs = store_on<machine>(other);
    auto sync = pipeline_of(this->store, fetches_it(), tidies_it());
    auto rival = pipeline_of(theirs, fetches_it(), tidies_it());
    sm::cycle_summary second;
    {
        const std::jthread thread([&] { second = rival.run_cycle({}, by("second")); });
        EXPECT_TRUE(sync.run_cycle({}, by("first")).drained);
    }
    EXPECT_TRUE(second.drained);
    EXPECT_EQ(this->in_state(done), 40);
    EXPECT_EQ(this->place.number("SELECT sum(fetches) + sum(tidies) FROM clips"), 80);
}

TYPED_TEST(pipeline_cycles, refuse_rules_that_do_not_fit) {
    const auto refused = [](pipeline& made, const sm::cycle_options& how = by("camera")) {
        return made.run_cycle({}, how).ended.error().message();
    };
    pipeline empty{this->store};
    EXPECT_EQ(refused(empty), "a pipeline has at least one stage");
    pipeline silent{this->store};
    silent.stage("fetch", fetch, fetches_it());
    EXPECT_EQ(refused(silent), "say by on_failure for each stage what becomes of a job");
    pipeline wrong{this->store};
    wrong.stage("fetch", got, fetches_it()).on_failure(fetch_failed, problem_of);
    EXPECT_EQ(refused(wrong), "the machine declares no claim 'got' with these inputs");
    auto how = by("camera");
    how.queue = 0;
    auto fine = pipeline_of(this->store, fetches_it(), tidies_it());
    EXPECT_EQ(refused(fine, how), "a queue holds at least one job");
    how = by("camera");
    how.drain_grace = std::chrono::milliseconds::max();
    EXPECT_EQ(refused(fine, how), "a grace lies between 0 and a year");
    how = by("camera");
    how.look_again = std::chrono::milliseconds::max();
    EXPECT_EQ(refused(fine, how), "look_again lies between a millisecond and a day");
}

}  // namespace
}  // namespace conformance::clips
