// A cycle ends only when its tail has, on every way out, and leaves nothing half-done.
#include "roles.hpp"
#include "runtime_pipeline_machine.hpp"

#include <csignal>

namespace conformance::clips {
namespace {

template <class Backend>
class pipeline_ways_out : public on_clips<Backend> {
public:
    accidents order;
    faulty_database<typename Backend::database> shaky{this->database, order};
    sm::store<machine> jobs{shaky};
};
TYPED_TEST_SUITE(pipeline_ways_out, backends, backend_names);

TYPED_TEST(pipeline_ways_out, by_a_stop_release_the_head_and_drain_the_tail) {
    for (const bool pipelined : {true, false}) {
        const auto ids = this->submit_many(5);
        std::stop_source stop;
        signal third_began;
        auto sync = pipeline_of(
            this->store,
            [&](task& given) -> sm::result<void> {
                if (given.job().name != "3") return given.finish(got);
                third_began.give();
                EXPECT_TRUE(wait_for_stop(given.stop()));
                return sm::error(sm::errc::work_failed, "interrupted");
            },
            [&](task& given) {
                if (pipelined && third_began.wait()) stop.request_stop();
                EXPECT_FALSE(given.stop().stop_requested());
                return given.finish(tidied);
            });
        std::jthread stopper;
        if (!pipelined)
            stopper = std::jthread([&] {
                EXPECT_TRUE(third_began.wait());
                stop.request_stop();
            });
        const auto cycle = sync.run_cycle(stop.get_token(), by("camera", pipelined));
        EXPECT_TRUE(cycle.drained);
        EXPECT_TRUE(cycle.stopped);
        EXPECT_EQ(cycle.stages[0].finished, 2U);
        EXPECT_EQ(cycle.stages[0].released, 1U);
        EXPECT_EQ(cycle.stages[1].finished, 2U);
        EXPECT_EQ(this->read(ids[1]).state, done);
        EXPECT_EQ(this->read(ids[2]).state, pending);
        EXPECT_EQ(this->read(ids[2]).attempts, 0);
        EXPECT_EQ(this->read(ids[3]).epoch, 0);
        this->place.execute("DELETE FROM clips_log; DELETE FROM clips");
    }
}

TYPED_TEST(pipeline_ways_out, by_a_source_that_is_gone_drain_the_tail) {
    const auto ids = this->submit_many(4);
    std::stop_source offline;
    auto sync = pipeline_of(
        this->store,
        [&](task& given) -> sm::result<void> {
            if (given.job().name != "3") return given.finish(got);
            offline.request_stop();
            return given.put_back();
        },
        tidies_it());
    const auto cycle = sync.run_cycle(offline.get_token(), by("camera"));
    EXPECT_TRUE(cycle.drained);
    EXPECT_TRUE(cycle.stopped);
    EXPECT_EQ(cycle.stages[1].finished, 2U);
    EXPECT_EQ(this->read(ids[2]).state, pending);
    EXPECT_EQ(this->read(ids[2]).attempts, 0);
    EXPECT_EQ(this->in_state(pending), 2);
}

TYPED_TEST(pipeline_ways_out, of_a_callable_that_throws_are_its_failure_rule_alone) {
    const auto ids = this->submit_many(6);
    auto sync = pipeline_of(
        this->store,
        [](task& given) -> sm::result<void> {
            if (given.job().name == "2") throw std::runtime_error("unreadable");
            return given.finish(got);
        },
        [](task& given) -> sm::result<void> {
            if (given.job().name == "4") throw std::runtime_error("no moov atom");
            return given.finish(tidied);
        });
    const auto cycle = sync.run_cycle({}, by("camera"));
    EXPECT_TRUE(cycle.drained);
    EXPECT_EQ(told(cycle.ended), "success");
    EXPECT_EQ(this->read(ids[1]).state, failed);
    EXPECT_EQ(this->read(ids[1]).error, "unreadable");
    EXPECT_EQ(this->read(ids[3]).state, untidy);
    EXPECT_EQ(this->read(ids[3]).error, "no moov atom");
    EXPECT_EQ(this->read(ids[3]).job.fetches, 1);
    EXPECT_EQ(this->in_state(done), 4);
    EXPECT_EQ(cycle.stages[0].failed, 1U);
    EXPECT_EQ(cycle.stages[1].failed, 1U);
}

TYPED_TEST(pipeline_ways_out, after_the_drain_grace_leave_the_rest_to_the_next_cycle) {
    const auto ids = this->submit_many(3);
    std::stop_source stop;
    signal in_tail;
    auto sync = pipeline_of(
        this->store,
        [&](task& given) {
            auto did = given.finish(got);
            if (given.job().name == "3" && in_tail.wait()) stop.request_stop();
            return did;
        },
        [&](task& given) -> sm::result<void> {
            in_tail.give();
            EXPECT_TRUE(wait_for_stop(given.stop()));
            return sm::error(sm::errc::work_failed, "interrupted");
        });
    auto how = by("camera");
    how.drain_grace = 1ms;
    const auto cycle = sync.run_cycle(stop.get_token(), how);
    EXPECT_FALSE(cycle.drained);
    EXPECT_EQ(cycle.late, std::vector{ids[0]});
    EXPECT_EQ(cycle.stages[1].released, 1U);
    EXPECT_EQ(this->in_state(fetched), 3);

    auto again = pipeline_of(this->store, fetches_it(), tidies_it());
    EXPECT_EQ(again.run_cycle({}, by("camera")).stages[1].finished, 3U);
    EXPECT_EQ(this->place.number("SELECT sum(fetches) FROM clips"), 3);
}

TYPED_TEST(pipeline_ways_out, by_an_error_that_somebody_has_to_mend_end_and_tell_it) {
    this->submit_many(3);
    std::atomic<bool> gone{false};
    auto sync = pipeline_of(
        this->store,
        [&](task& given) {
            auto did = given.finish(got);
            if (!gone.exchange(true)) this->place.execute("ALTER TABLE clips RENAME TO elsewhere");
            return did;
        },
        tidies_it());
    const auto cycle = sync.run_cycle({}, by("camera", false));
    EXPECT_EQ(told(cycle.ended), "error: schema_missing");
    EXPECT_FALSE(cycle.drained);
    this->place.execute("ALTER TABLE elsewhere RENAME TO clips");
    auto again = pipeline_of(this->store, fetches_it(), tidies_it());
    EXPECT_TRUE(again.run_cycle({}, by("camera")).drained);
    EXPECT_EQ(this->in_state(done), 3);
}

TYPED_TEST(pipeline_ways_out, are_none_for_a_database_that_is_away_for_a_while) {
    this->submit_many(4);
    auto sync = pipeline_of(
        this->jobs,
        [&](task& given) {
            if (given.job().name == "2") this->order.away = true;
            return given.finish(got);
        },
        tidies_it());
    sm::cycle_summary cycle;
    {
        const std::jthread thread([&] { cycle = sync.run_cycle({}, by("camera")); });
        ASSERT_TRUE(eventually([&] { return this->order.happened >= 3; }));
        this->order.away = false;
    }
    EXPECT_TRUE(cycle.drained);
    EXPECT_EQ(told(cycle.ended), "success");
    EXPECT_EQ(this->in_state(done), 4);
    EXPECT_EQ(this->place.number("SELECT sum(fetches) FROM clips"), 4);
}

TYPED_TEST(pipeline_ways_out, that_a_crash_took_are_gone_on_from_where_they_stood) {
    const auto left = this->submit_fetched();
    auto sync = pipeline_of(this->store, fetches_it(), tidies_it());
    EXPECT_TRUE(sync.run_cycle({}, by("camera")).drained);
    EXPECT_EQ(this->read(left).state, done);
    EXPECT_EQ(this->read(left).job.fetches, 1);
}

// Is killed in the tail of the second job, while the third is in the head.
template <class Backend>
struct pipeline_that_dies {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        signal third_began;
        auto sync = pipeline_of(
            jobs,
            [&](task& given) -> sm::result<void> {
                if (given.job().name != "3") return given.finish(got);
                third_began.give();
                wait_for_stop(given.stop());
                return sm::success();
            },
            [&](task& given) {
                if (given.job().name == "2" && third_began.wait()) std::raise(SIGKILL);
                return given.finish(tidied);
            });
        static_cast<void>(sync.run_cycle({}, by("doomed")));
        return {};
    }
};
const declared_role<pipeline_that_dies> dies("pipeline_that_dies");

TYPED_TEST(pipeline_ways_out, by_a_kill_repeat_only_the_stage_that_was_under_way) {
    const auto ids = this->submit_many(4);
    starting_gate gate;
    player doomed("pipeline_that_dies", TypeParam::database::dialect.name, this->place.where(),
                  gate, 0, 1);
    EXPECT_THROW(doomed.finish(), std::runtime_error);
    EXPECT_EQ(this->read(ids[0]).state, done);
    ASSERT_EQ(this->read(ids[1]).state, tidying);
    ASSERT_EQ(this->read(ids[2]).state, fetching);
    for (const auto id : ids) this->pass_time(id, lease + 1s);
    auto sync = pipeline_of(this->store, fetches_it(), tidies_it());
    EXPECT_TRUE(sync.run_cycle({}, by("next")).drained);
    EXPECT_EQ(this->in_state(done), 4);
    EXPECT_EQ(this->read(ids[0]).job.tidies, 1);
    EXPECT_EQ(this->read(ids[1]).job.fetches, 1);
    EXPECT_EQ(this->read(ids[1]).job.tidies, 2);
    EXPECT_EQ(this->read(ids[2]).job.fetches, 2);
    EXPECT_EQ(this->read(ids[3]).job.fetches, 1);
}

TYPED_TEST(pipeline_ways_out, leave_the_rows_of_a_live_neighbour_alone) {
    const auto ids = this->submit_many(2);
    const auto theirs = this->claim(fetch, ids[0], "neighbour");
    auto sync = pipeline_of(this->store, fetches_it(), tidies_it());
    EXPECT_TRUE(sync.run_cycle({}, by("camera")).drained);
    EXPECT_EQ(this->read(ids[0]).owner, "neighbour");
    EXPECT_EQ(told(this->store.fire(got, theirs)), "applied");
    EXPECT_EQ(this->read(ids[1]).state, done);
}

}  // namespace
}  // namespace conformance::clips
