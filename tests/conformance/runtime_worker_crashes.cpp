// Workers in processes of their own, killed or frozen in the middle of a job.
#include "roles.hpp"
#include "runtime_worker_machine.hpp"

#include <csignal>

#include <unistd.h>

namespace conformance::working {
namespace {

// Its callable kills its own process, as a job that takes all memory would.
template <class Backend>
struct worker_that_dies {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        auto made = worker_of(jobs, [](task&) { std::raise(SIGKILL); });
        static_cast<void>(made.run({}, quick("doomed")));
        return {};
    }
};
const declared_role<worker_that_dies> dies("worker_that_dies");

// Its callable freezes its process, after it told whom to thaw.
template <class Backend>
struct worker_that_freezes {
    static reports play(contender<Backend>& me) {
        auto jobs = store_on<machine>(me.database);
        reports all;
        std::stop_source stop;
        auto made = worker_of(jobs, [&](task& given) -> sm::result<void> {
            given.renew(progress, {getpid()}).value().value();
            std::raise(SIGSTOP);
            const bool was_told = wait_for_stop(given.stop());
            all.push_back({was_told ? "told to stop" : "not told", given.id(), given.epoch()});
            all.push_back(
                {told(given.fire(complete, {"of the frozen"})), given.id(), given.epoch()});
            stop.request_stop();
            return sm::error(sm::errc::work_failed, "lost");
        });
        const auto summary = made.run(stop.get_token(), quick("frozen"));
        all.push_back({"lost", 0, 0, static_cast<std::int64_t>(summary.lost)});
        return all;
    }
};
const declared_role<worker_that_freezes> freezes("worker_that_freezes");

template <class Backend>
class worker_crashes : public on_working<Backend> {
public:
    player start(const std::string& name) {
        return {name, Backend::database::dialect.name, this->place.where(), gate, 0, 1};
    }
    starting_gate gate;
};
TYPED_TEST_SUITE(worker_crashes, backends, backend_names);

TYPED_TEST(worker_crashes, leave_the_job_to_the_next_worker_once_the_lease_ran_out) {
    const auto id = this->submit();
    EXPECT_THROW(this->start("worker_that_dies").finish(), std::runtime_error);
    ASSERT_EQ(this->read(id).state, running);
    ASSERT_EQ(this->read(id).owner, "doomed");
    auto made = worker_of(this->store, [](task& given) {
        return given.finish(complete, {"at attempt " + std::to_string(given.attempts())});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(id, done));
    EXPECT_EQ(at_work.stop().finished, 1U);
    EXPECT_EQ(this->read(id).job.result, "at attempt 2");
}

TYPED_TEST(worker_crashes, of_every_attempt_end_the_job_and_others_go_on) {
    const auto deadly = this->submit({}, {.priority = 1});
    for (int i = 1; i <= max_attempts; ++i) {
        EXPECT_THROW(this->start("worker_that_dies").finish(), std::runtime_error);
        ASSERT_EQ(this->read(deadly).attempts, i);
        this->pass_time(deadly, lease + 1s);
    }
    const auto harmless = this->submit();
    auto made = worker_of(this->store, [](task& given) { return given.finish(pass); });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(harmless, done));
    ASSERT_TRUE(this->becomes(deadly, dead));
    EXPECT_EQ(at_work.stop().claimed, 1U);
}

TYPED_TEST(worker_crashes, by_a_freeze_past_the_lease_change_nothing_after_the_thaw) {
    const auto id = this->submit();
    auto frozen = this->start("worker_that_freezes");
    ASSERT_TRUE(eventually([&] { return this->read(id).job.percent != 0; }));
    const int who = this->read(id).job.percent;
    auto made = worker_of(this->store, [](task& given) {
        return given.finish(complete, {"of the next, epoch " + std::to_string(given.epoch())});
    });
    working_thread at_work(made, quick());
    ASSERT_TRUE(this->becomes(id, done)) << "its lease runs out in real time";
    EXPECT_EQ(at_work.stop().finished, 1U);
    const auto before = this->stored(id);
    ASSERT_EQ(kill(who, SIGCONT), 0);
    const auto said = frozen.finish();
    ASSERT_EQ(said.size(), 3U);
    EXPECT_EQ(said[0].said, "told to stop");
    EXPECT_EQ(said[1].said, "rejected: stale_epoch");
    EXPECT_EQ(said[1].epoch, 1);
    EXPECT_EQ(said[2].number, 1);
    EXPECT_EQ(this->stored(id), before);
    EXPECT_EQ(this->read(id).job.result, "of the next, epoch 2");
}

}  // namespace
}  // namespace conformance::working
