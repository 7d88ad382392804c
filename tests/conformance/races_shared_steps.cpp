// Steps that many threads of one process fire at once, over one store: they may share statements
// and commits, and each is answered as if it had been alone.
#include "callers.hpp"

#include <statemachine/observer.hpp>

#include <atomic>
#include <future>
#include <thread>

namespace conformance::racing {
namespace {

constexpr int callers = 16;

template <class Backend>
class shared_steps : public races<Backend> {
public:
    template <class Call>
    static std::vector<std::string> at_once(Call make) {
        return all_at_once<std::string>(callers, make);
    }
    std::string told_of_end(const std::string& result, std::int64_t id, std::int64_t epoch = 1) {
        return told(
            insist([&] { return this->store.fire(finish, run_of(id, epoch, 0), {result}); }));
    }
    std::int64_t logged(const std::string& event) const {
        return this->place.number("SELECT count(*) FROM racing_jobs_log WHERE event = '" + event +
                                  "'");
    }
    /// That it happened at all: SQLite shares commits, and says so elsewhere.
    void expect_fewer_transactions_than_changes(const std::string& event) const {
        if constexpr (std::is_same_v<Backend, postgres_backend>) {
            EXPECT_LT(this->transactions_of(event), logged(event)) << "no two shared a statement";
        }
    }
};
TYPED_TEST_SUITE(shared_steps, backends, backend_names);

constexpr int rounds = 15;

TYPED_TEST(shared_steps, are_each_applied_once_with_their_own_content) {
    this->make_runs(rounds * callers);
    for (int round = 0; round < rounds; ++round)
        for (const auto& each : this->at_once([&](int i) {
                 return this->told_of_end("by " + std::to_string(i), round * callers + i + 1);
             }))
            EXPECT_EQ(each, "applied");
    for (int id = 1; id <= rounds * callers; ++id)
        EXPECT_EQ(this->read(id).job.result, "by " + std::to_string((id - 1) % callers));
    EXPECT_EQ(this->logged("finish"), rounds * callers);
    this->expect_fewer_transactions_than_changes("finish");
}

TYPED_TEST(shared_steps, of_one_job_have_one_winner) {
    this->make_runs(rounds);
    for (int id = 1; id <= rounds; ++id) {
        said counts;
        for (const auto& each :
             this->at_once([&](int i) { return this->told_of_end("by " + std::to_string(i), id); }))
            ++counts[each];
        EXPECT_EQ(counts, (said{{"applied", 1}, {"rejected: wrong_state", callers - 1}}));
    }
    EXPECT_EQ(this->logged("finish"), rounds);
}

// It leads back to its own state, so that nothing but the token keeps it from repeating.
TYPED_TEST(shared_steps, with_one_token_change_their_job_once) {
    constexpr int jobs = 4;
    this->make_runs(rounds * jobs);
    for (int round = 0; round < rounds; ++round) {
        said counts;
        for (const auto& each : this->at_once([&](int i) {
                 const auto run = run_of(round * jobs + i % jobs + 1, 1, 0);
                 return told(insist([&] { return this->store.fire(step, run, "token"); }));
             }))
            ++counts[each];
        EXPECT_EQ(counts, (said{{"applied", jobs}, {"already_applied", callers - jobs}}));
    }
    for (int id = 1; id <= rounds * jobs; ++id) EXPECT_EQ(this->read(id).job.steps, 1);
    this->expect_fewer_transactions_than_changes("step");
}

TYPED_TEST(shared_steps, that_repeat_are_each_counted) {
    constexpr int jobs = 4;
    this->make_runs(jobs);
    for (int round = 0; round < rounds; ++round)
        for (const auto& each : this->at_once([&](int i) {
                 const auto run = run_of(i % jobs + 1, 1, 0);
                 return told(insist([&] { return this->store.fire(step, run); }));
             }))
            EXPECT_EQ(each, "applied");
    for (int id = 1; id <= jobs; ++id) EXPECT_EQ(this->read(id).job.steps, rounds * callers / jobs);
}

TYPED_TEST(shared_steps, of_a_stale_run_are_refused_among_others_that_are_not) {
    this->make_runs(rounds * callers);
    this->run_out(rounds * callers);
    ASSERT_EQ(this->store.claim_many(racing::claim, rounds * callers, {.owner = "second"})
                  .value()
                  ->size(),
              static_cast<std::size_t>(rounds * callers));
    for (int round = 0; round < rounds; ++round) {
        const auto answers = this->at_once([&](int i) {
            return this->told_of_end("by " + std::to_string(i), round * callers + i + 1,
                                     i % 2 == 0 ? 2 : 1);
        });
        for (std::size_t i = 0; i < answers.size(); ++i)
            EXPECT_EQ(answers[i], i % 2 == 0 ? "applied" : "rejected: stale_epoch");
    }
    EXPECT_EQ(this->logged("finish"), rounds * callers / 2);
    this->expect_fewer_transactions_than_changes("finish");
}

struct partings final : sm::observer {
    void observed(const sm::observation& seen) noexcept override {
        calls += seen.event == "finish" ? 1 : 0;
        if (seen.parted != nullptr && seen.parted->code() == sm::errc::constraint_violated)
            ++parted;
    }
    std::atomic<int> calls{0}, parted{0};
};

TYPED_TEST(shared_steps, that_the_table_refuses_spoil_no_others_and_are_told_of) {
    this->make_runs(rounds * callers);
    if constexpr (std::is_same_v<TypeParam, sqlite_backend>)
        this->place.execute(
            "CREATE TRIGGER picky BEFORE UPDATE ON racing_jobs WHEN NEW.result = 'forbidden' "
            "BEGIN SELECT RAISE(ABORT, 'picky'); END");
    else
        this->place.execute("ALTER TABLE racing_jobs ADD CHECK (result <> 'forbidden')");
    partings seen;
    auto watched = store_on<machine>(this->database, {.watch = &seen});
    for (int round = 0; round < rounds; ++round) {
        const auto answers = this->at_once([&](int i) {
            const auto run = run_of(round * callers + i + 1, 1, 0);
            return told(
                insist([&] { return watched.fire(finish, run, {i == 7 ? "forbidden" : "fine"}); }));
        });
        for (std::size_t i = 0; i < answers.size(); ++i)
            EXPECT_EQ(answers[i], i == 7 ? "error: constraint_violated" : "applied");
    }
    EXPECT_EQ(seen.calls, rounds * callers);
    if constexpr (std::is_same_v<TypeParam, postgres_backend>) {
        EXPECT_GT(seen.parted, 0);
    }
    EXPECT_EQ(this->logged("finish"), rounds * (callers - 1));
}

}  // namespace
}  // namespace conformance::racing
