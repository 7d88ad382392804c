// What an observer and an operator see.
#include "fixture.hpp"

#include <statemachine/overview.hpp>
#include <statemachine/sweeper.hpp>

#include <mutex>

namespace conformance {
namespace {

struct notes final : sm::observer {
    void observed(const sm::observation& seen) noexcept override {
        std::string line{seen.event};
        line.append(" ").append(to_string(seen.status));
        if (seen.reason != sm::reason::none) line.append(" ").append(to_string(seen.reason));
        if (seen.cause != nullptr) line.append(" ").append(to_string(seen.cause->code()));
        line += " " + std::to_string(seen.jobs) + "/" + std::to_string(seen.others);
        if (seen.table != "queue_jobs") line += " of another table";
        if (seen.took <= std::chrono::nanoseconds{}) line += " in no time";
        const std::lock_guard lock(mutex);
        lines.push_back(line);
    }
    std::mutex mutex;
    std::vector<std::string> lines;
};

template <class Backend>
class observer : public on_queue<Backend> {
public:
    notes seen;
    sm::store<queue::machine> watched = store_on<queue::machine>(this->database, {.watch = &seen});
};
TYPED_TEST_SUITE(observer, backends, backend_names);

TYPED_TEST(observer, sees_each_call_with_its_answer) {
    const auto id = this->watched.submit({}, {.key = "key"}).value()->id;
    static_cast<void>(this->watched.submit({.payload = "other"}, {.key = "key"}));
    const auto run = *this->watched.claim(queue::claim, {.owner = "worker"}).value();
    static_cast<void>(this->watched.claim(queue::claim, {.owner = "worker"}));
    static_cast<void>(this->watched.renew(run));
    static_cast<void>(this->watched.fire(queue::complete, run, {"done"}, "token"));
    static_cast<void>(this->watched.fire(queue::complete, run, {"done"}, "token"));
    static_cast<void>(this->watched.fire(queue::complete, run, {"done"}, "no token"));
    static_cast<void>(this->watched.fire(queue::cancel, id, sm::version{1}));
    static_cast<void>(this->watched.resolve(id, "token"));
    EXPECT_EQ(this->seen.lines,
              (std::vector<std::string>{
                  "submit applied 1/0", "submit rejected key_conflict 0/1", "claim applied 1/0",
                  "claim rejected none_due 0/1", "renew applied 1/0", "complete applied 1/0",
                  "complete already_applied 1/0", "complete rejected invalid_argument 0/1",
                  "cancel rejected stale_version 0/1", "resolve already_applied 1/0"}));
}

TYPED_TEST(observer, sees_a_batch_as_one_call) {
    using submission = typename sm::store<queue::machine>::submission;
    const std::vector<submission> jobs{{{"a"}, "k"}, {{"b"}}, {{"other"}, "k"}};
    static_cast<void>(this->watched.submit_many(jobs));
    const auto runs = *this->watched.claim_many(queue::claim, 10, {.owner = "worker"}).value();
    static_cast<void>(this->watched.renew_many(runs));
    EXPECT_EQ(this->seen.lines,
              (std::vector<std::string>{"submit rejected key_conflict 2/1", "claim applied 2/0",
                                        "renew applied 2/0"}));
}

TYPED_TEST(observer, sees_sweeps) {
    const auto run = this->claim(queue::claim, this->submit());
    this->pass_time(run.id, queue::lease + 1s);
    sm::sweeper<queue::machine> sweeper(this->database, {.watch = &this->seen});
    static_cast<void>(sweeper.sweep_once());
    EXPECT_EQ(this->seen.lines, (std::vector<std::string>{"sweep applied 1/0"}));
}

template <class Backend>
class overview : public on_queue<Backend> {
public:
    sm::state_overview<queue::state> of(const std::string& name) {
        const auto seen = sm::overview_of<queue::machine>(this->database).value();
        for (const auto& each : seen.states)
            if (each.name == name) return each;
        return {};
    }
};
TYPED_TEST_SUITE(overview, backends, backend_names);

TYPED_TEST(overview, counts_jobs_by_state_and_says_since_when_the_oldest_is_due) {
    EXPECT_TRUE(sm::overview_of<queue::machine>(this->database).value().states.empty());
    const auto first = this->submit();
    this->submit();
    this->submit({}, {.delay = 1h});
    this->pass_time(first, 10min);
    const auto queued = this->of("queued");
    EXPECT_EQ(queued.state, queue::queued);
    EXPECT_EQ(queued.jobs, 3U);
    EXPECT_EQ(queued.oldest_due, this->read(first).run_at);
    EXPECT_EQ(queued.expired, 0U);
    EXPECT_EQ(queued.used_up, 0U);
}

TYPED_TEST(overview, counts_what_ran_out_and_what_is_used_up) {
    const auto alive = this->claim(queue::claim, this->submit());
    const auto expired = this->claim(queue::claim, this->submit());
    this->pass_time(expired.id, queue::lease + 1s);
    const auto spent = this->submit();
    for (int i = 0; i < queue::max_attempts; ++i) {
        static_cast<void>(this->claim(queue::claim, spent));
        this->pass_time(spent, queue::lease + 1s);
    }
    const auto running = this->of("running");
    EXPECT_EQ(running.jobs, 3U);
    EXPECT_EQ(running.expired, 2U);
    EXPECT_EQ(running.used_up, 1U);
    EXPECT_FALSE(running.oldest_due.has_value());
    EXPECT_EQ(this->read(alive.id).state, queue::running);
}

TYPED_TEST(overview, shows_a_state_that_this_program_does_not_declare) {
    const auto id = this->submit();
    this->place.execute_unchecked(
        "queue_jobs", "UPDATE queue_jobs SET state = 'later' WHERE id = " + std::to_string(id));
    const auto later = this->of("later");
    EXPECT_EQ(later.jobs, 1U);
    EXPECT_FALSE(later.state.has_value());
}

TYPED_TEST(overview, takes_a_sensible_number_of_reasons) {
    EXPECT_EQ(told(sm::overview_of<queue::machine>(this->database, 0)), "error: invalid_argument");
}

}  // namespace
}  // namespace conformance
