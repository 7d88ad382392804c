// Many jobs in one call: each has its own answer, and none spoils another.
#include "fixture.hpp"

#include <algorithm>
#include <array>
#include <memory_resource>

namespace conformance {
namespace {

// A batch in which one step has a token is another statement on PostgreSQL.
constexpr std::array<const char*, 2> either_form{"", "token"};

template <class Backend>
class batch_of_steps : public on_queue<Backend> {
public:
    using step = typename sm::store<queue::machine>::template step<queue::outcome>;

    std::vector<typename on_queue<Backend>::run_type> runs(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) this->submit({.payload = "job"});
        auto claimed = this->store.claim_many(queue::claim, count, {.owner = "worker"}).value();
        return *std::move(claimed);
    }
    std::vector<std::string> fire(const std::vector<step>& steps) {
        std::vector<std::string> said;
        for (const auto& each :
             this->store.template fire_many<queue::outcome>(queue::complete, steps))
            said.push_back(told(each));
        return said;
    }
    // The table refuses the result of one job.
    void refuse_result(const std::string& result) {
        if constexpr (std::is_same_v<Backend, sqlite_backend>)
            this->place.execute(
                "CREATE TRIGGER picky BEFORE UPDATE ON queue_jobs "
                "WHEN NEW.result = '" +
                result + "' BEGIN SELECT RAISE(ABORT, 'picky'); END");
        else
            this->place.execute("ALTER TABLE queue_jobs ADD CHECK (result <> '" + result + "')");
    }
};
TYPED_TEST_SUITE(batch_of_steps, backends, backend_names);

TYPED_TEST(batch_of_steps, ends_all_of_its_runs) {
    const auto runs = this->runs(50);
    std::vector<typename TestFixture::step> steps;
    // From the last to the first: the answers come as the steps were given.
    for (auto run = runs.rbegin(); run != runs.rend(); ++run)
        steps.push_back({*run, {"result of " + std::to_string(run->id)}});
    const auto answers = this->store.template fire_many<queue::outcome>(queue::complete, steps);
    ASSERT_EQ(answers.size(), steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        ASSERT_EQ(told(answers[i]), "applied");
        const auto& made = *answers[i].value();
        const auto is = this->read(steps[i].run.id);
        EXPECT_EQ(made.id, is.id);
        EXPECT_EQ(made.version, is.version);
        EXPECT_EQ(made.epoch, is.epoch);
        EXPECT_EQ(made.from, queue::state::running);
        EXPECT_EQ(made.to, is.state);
        EXPECT_EQ(made.at, is.changed_at);
        EXPECT_EQ(made.run_at, is.run_at);
        EXPECT_EQ(made.attempts, is.attempts);
        EXPECT_EQ(made.lease_until, is.lease_until);
        EXPECT_EQ(is.job.result, "result of " + std::to_string(is.id));
    }
    EXPECT_EQ(this->transactions_of("complete"), 1);
}

TYPED_TEST(batch_of_steps, answers_duplicates_as_if_they_were_sent_in_turn) {
    const auto runs = this->runs(2);
    const auto& first = runs[0];
    EXPECT_EQ(this->fire({{first, {"one"}, "token"},
                          {runs[1], {"other"}},
                          {first, {"one"}, "token"},
                          {first, {"two"}, "token"},
                          {first, {"three"}}}),
              (std::vector<std::string>{"applied", "applied", "already_applied",
                                        "rejected: token_reused", "rejected: wrong_state"}));
    EXPECT_EQ(this->read(first.id).job.result, "one");
    EXPECT_EQ(this->history(first.id).size(), 3U);
    EXPECT_EQ(this->transactions_of("complete"), 1);
}

TYPED_TEST(batch_of_steps, spoils_none_when_one_is_refused) {
    for (const char* const token : either_form) {
        const auto runs = this->runs(3);
        ASSERT_EQ(told(this->store.fire(queue::release, runs[1])), "applied");
        const auto again = this->claim(queue::claim, runs[1].id, "another");
        EXPECT_EQ(
            this->fire(
                {{runs[0], {"a"}, token}, {runs[1], {"late"}}, {runs[2], {"c"}, "not a token"}}),
            (std::vector<std::string>{"applied", "rejected: stale_epoch",
                                      "error: invalid_argument"}));
        EXPECT_EQ(this->read(again.id).state, queue::running);
        EXPECT_EQ(this->read(runs[2].id).state, queue::running);
    }
}

TYPED_TEST(batch_of_steps, answers_what_it_does_not_send_where_it_stands) {
    const std::string refused = "error: invalid_argument";
    const auto sorted = this->runs(3);
    EXPECT_EQ(
        this->fire({{sorted[0], {"a"}}, {sorted[1], {"b"}, "not a token"}, {sorted[2], {"c"}}}),
        (std::vector<std::string>{"applied", refused, "applied"}));
    const auto unsorted = this->runs(3);
    EXPECT_EQ(
        this->fire({{unsorted[1], {"b"}, "not a token"}, {unsorted[2], {"c"}}, {unsorted[0], {}}}),
        (std::vector<std::string>{refused, "applied", "applied"}));
    EXPECT_EQ(this->read(sorted[1].id).state, queue::state::running);
    EXPECT_EQ(this->read(unsorted[1].id).state, queue::state::running);
    const std::vector<typename sm::store<queue::machine>::submission> jobs{
        {{.payload = "a"}}, {{.payload = "b"}, "not a key"}, {{.payload = "c"}}};
    const auto made = this->store.submit_many(jobs);
    ASSERT_EQ(made.size(), 3U);
    EXPECT_EQ(told(made[1]), refused);
    EXPECT_EQ(this->read(made[0].value()->id).job.payload, "a");
    EXPECT_EQ(this->read(made[2].value()->id).job.payload, "c");
}

TYPED_TEST(batch_of_steps, spoils_none_when_the_table_refuses_one) {
    this->refuse_result("forbidden");
    const auto runs = this->runs(3);
    EXPECT_EQ(this->fire({{runs[0], {"a"}}, {runs[1], {"forbidden"}}, {runs[2], {"c"}}}),
              (std::vector<std::string>{"applied", "error: constraint_violated", "applied"}));
    EXPECT_EQ(this->read(runs[1].id).state, queue::running);
    EXPECT_EQ(this->history(runs[1].id).size(), 2U);
}

TYPED_TEST(batch_of_steps, takes_some_with_a_token_and_some_without) {
    const auto runs = this->runs(4);
    EXPECT_EQ(this->fire({{runs[0], {"a"}}, {runs[1], {"b"}, "t"}, {runs[2], {"c"}}}),
              (std::vector<std::string>(3, "applied")));
    EXPECT_EQ(this->fire({{runs[0], {"a"}}, {runs[1], {"b"}, "t"}, {runs[3], {"d"}, "t"}}),
              (std::vector<std::string>{"rejected: wrong_state", "already_applied", "applied"}));
    EXPECT_EQ(this->stored().tokens.size(), 2U);
    EXPECT_EQ(this->history(runs[1].id).back().actor, "worker");
}

TYPED_TEST(batch_of_steps, without_tokens_ends_each_run_once) {
    const auto runs = this->runs(3);
    EXPECT_EQ(this->fire({{runs[0], {"a"}}, {runs[1], {"b"}}, {runs[0], {"c"}}}),
              (std::vector<std::string>{"applied", "applied", "rejected: wrong_state"}));
    EXPECT_EQ(this->fire({{runs[1], {"d"}}, {runs[2], {"e"}}}),
              (std::vector<std::string>{"rejected: wrong_state", "applied"}));
    for (std::size_t i = 0; i < runs.size(); ++i) {
        EXPECT_EQ(this->read(runs[i].id).job.result, std::string(1, "abe"[i]));
        EXPECT_EQ(this->history(runs[i].id).size(), 3U);
    }
}

TYPED_TEST(batch_of_steps, writes_down_the_actor_of_each) {
    auto runs = this->runs(2);
    runs[1].owner = "another";
    EXPECT_EQ(this->fire({{runs[0], {"a"}}, {runs[1], {"b"}}}),
              (std::vector<std::string>(2, "applied")));
    EXPECT_EQ(this->history(runs[0].id).back().actor, "worker");
    EXPECT_EQ(this->history(runs[1].id).back().actor, "another");
}

TYPED_TEST(batch_of_steps, changes_a_job_as_often_as_it_stands_there) {
    const auto runs = this->runs(3);
    using checkpoint = typename sm::store<queue::machine>::template step<sm::no_inputs>;
    const std::vector<checkpoint> steps{
        {runs[2]}, {runs[0]}, {runs[2]}, {runs[2], {}, "t"}, {runs[2], {}, "t"}};
    std::vector<std::string> said;
    for (const auto& each : this->store.template fire_many<sm::no_inputs>(queue::checkpoint, steps))
        said.push_back(told(each));
    EXPECT_EQ(said, (std::vector<std::string>{"applied", "applied", "applied", "applied",
                                              "already_applied"}));
    EXPECT_EQ(this->read(runs[0].id).job.steps, 1);
    EXPECT_EQ(this->read(runs[1].id).job.steps, 0);
    EXPECT_EQ(this->read(runs[2].id).job.steps, 3);
    EXPECT_EQ(this->transactions_of("checkpoint"), 1);
}

TYPED_TEST(batch_of_steps, takes_runs_where_there_are_no_inputs) {
    auto runs = this->runs(4);
    runs[1].epoch += 1;
    runs[3].owner = "another";
    std::vector<std::string> said;
    for (const auto& each : this->store.fire_many(queue::checkpoint, runs))
        said.push_back(told(each));
    EXPECT_EQ(said,
              (std::vector<std::string>{"applied", "rejected: stale_epoch", "applied", "applied"}));
    EXPECT_EQ(this->read(runs[0].id).job.steps, 1);
    EXPECT_EQ(this->read(runs[1].id).job.steps, 0);
    EXPECT_EQ(this->history(runs[2].id).back().actor, "worker");
    EXPECT_EQ(this->history(runs[3].id).back().actor, "another");
    EXPECT_TRUE(this->store.fire_many(queue::checkpoint, std::span(runs).first(0)).empty());
}

// The library takes its memory where everybody does.
TYPED_TEST(batch_of_steps, is_claimed_without_the_default_resource_of_the_program) {
    std::pmr::memory_resource* const usual =
        std::pmr::set_default_resource(std::pmr::null_memory_resource());
    const auto runs = this->runs(3);
    std::pmr::set_default_resource(usual);
    ASSERT_EQ(runs.size(), 3U);
    for (const auto& run : runs) EXPECT_EQ(run.job.payload, "job");
}

TYPED_TEST(batch_of_steps, chooses_for_each_the_rule_that_holds) {
    const auto runs = this->runs(3);
    using failure = typename sm::store<queue::machine>::template step<queue::failure>;
    const std::vector<failure> steps{
        {runs[0], {"once more", false}}, {runs[1], {"never", true}}, {runs[2], {"again", false}}};
    for (const auto& each : this->store.template fire_many<queue::failure>(queue::fail, steps))
        EXPECT_EQ(told(each), "applied");
    EXPECT_EQ(this->read(runs[0].id).state, queue::queued);
    EXPECT_EQ(this->read(runs[1].id).state, queue::failed);
    EXPECT_EQ(this->read(runs[2].id).state, queue::queued);
    EXPECT_EQ(this->read(runs[0].id).error, "once more");
    EXPECT_EQ(this->read(runs[1].id).error, "never");
    const auto delay = this->read(runs[2].id).run_at - this->read(runs[2].id).changed_at;
    EXPECT_NEAR(static_cast<double>(delay.count()), 4000, 100);
    EXPECT_EQ(this->transactions_of("fail"), 1);
}

TYPED_TEST(batch_of_steps, larger_than_a_statement_ends_all_of_its_runs) {
    constexpr std::size_t count = 2100;
    std::vector<typename sm::store<queue::machine>::submission> jobs(count);
    for (std::size_t i = 0; i < count; ++i) {
        jobs[i].job.payload = std::to_string(i);
        jobs[i].key = "key-" + std::to_string(i % 2050);
    }
    const auto made = this->store.submit_many(jobs);
    for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(told(made[i]), i < 2050 ? "applied" : "rejected: key_conflict") << i;
    auto runs = *this->store.claim_many(queue::claim, count, {.owner = "worker"}).value();
    ASSERT_EQ(runs.size(), 2050U);
    std::vector<typename TestFixture::step> steps;
    for (const auto& run : runs) steps.push_back({run, {"result of " + run.job.payload}});
    steps.push_back({runs[7], {"another"}});
    runs[3].epoch = 2;
    steps[3].run = runs[3];
    const auto said = this->fire(steps);
    for (std::size_t i = 0; i < 2050; ++i)
        ASSERT_EQ(said[i], i == 3 ? "rejected: stale_epoch" : "applied") << i;
    EXPECT_EQ(said.back(), "rejected: wrong_state");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs WHERE state = 'worked' AND "
                                 "result = 'result of ' || payload"),
              2049);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs_log WHERE event = 'complete'"),
              2049);
    EXPECT_EQ(this->transactions_of("submit"), 1);
    EXPECT_EQ(this->transactions_of("complete"), 1);
}

TYPED_TEST(batch_of_steps, of_none_is_none_and_of_too_many_is_refused) {
    EXPECT_TRUE(this->fire({}).empty());
    const auto run = this->runs(1).front();
    auto small = store_on<queue::machine>(this->database, {.max_batch = 1});
    const std::vector<typename TestFixture::step> two{{run, {"a"}}, {run, {"b"}}};
    for (const auto& each : small.template fire_many<queue::outcome>(queue::complete, two))
        EXPECT_EQ(told(each), "error: too_large");
    EXPECT_EQ(this->read(run.id).state, queue::running);
}

template <class Backend>
class batch_where_late_steps_are_refused : public on_gate<Backend> {};
TYPED_TEST_SUITE(batch_where_late_steps_are_refused, backends, backend_names);

TYPED_TEST(batch_where_late_steps_are_refused, takes_those_in_time_whose_condition_holds) {
    using step = typename sm::store<gate::machine>::template step<gate::decision>;
    for (const char* const token : either_form) {
        std::vector<step> steps;
        for (int i = 0; i < 3; ++i)
            steps.push_back({this->claim(gate::enter, this->submit()), {.good = i != 1}});
        steps[0].token = token;
        this->pass_time(steps[2].run.id, gate::lease + 1s);
        const auto late = this->stored(steps[2].run.id);
        std::vector<std::string> said;
        for (const auto& each : this->store.template fire_many<gate::decision>(gate::leave, steps))
            said.push_back(told(each));
        EXPECT_EQ(said, (std::vector<std::string>{"applied", "rejected: guard_failed",
                                                  "rejected: lease_expired"}));
        EXPECT_EQ(this->stored(steps[2].run.id), late);
    }
    EXPECT_LE(this->transactions_of("leave"), 2);
}

template <class Backend>
class batch_with_jitter : public on_retrying<Backend> {};
TYPED_TEST_SUITE(batch_with_jitter, backends, backend_names);

TYPED_TEST(batch_with_jitter, delays_each_job_by_its_own_share) {
    using step = typename sm::store<retrying::machine>::template step<sm::no_inputs>;
    for (const char* const token : either_form) {
        std::vector<step> steps;
        for (int i = 0; i < 20; ++i)
            steps.push_back({this->claim(retrying::claim, this->submit({.payload = "p"}))});
        steps[0].token = token;
        for (const auto& each :
             this->store.template fire_many<sm::no_inputs>(retrying::stumble, steps))
            ASSERT_EQ(told(each), "applied");
        std::vector<std::int64_t> delays;
        for (const auto& each : steps) {
            const auto stored = this->read(each.run.id);
            delays.push_back((stored.run_at - stored.changed_at).count());
            EXPECT_GE(delays.back(), 1999);
            EXPECT_LE(delays.back(), 3100);
        }
        const auto [least, most] = std::minmax_element(delays.begin(), delays.end());
        EXPECT_GT(*most - *least, 100);
    }
    EXPECT_LE(this->transactions_of("stumble"), 2);
}

}  // namespace
}  // namespace conformance
