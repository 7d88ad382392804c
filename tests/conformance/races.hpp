// The machine that contenders race on, and what they do with it.
#pragma once

#include "fixture.hpp"
#include "invariants.hpp"
#include "roles.hpp"

namespace conformance::racing {

enum class state { waiting, working, done, failed, withdrawn };
using enum state;

struct job {
    std::int64_t number = 0;
    std::int64_t steps = 0;
    std::optional<std::string> result{};
};
struct outcome {
    std::string result;
};

inline constexpr sm::event<> claim{"claim"}, step{"step"}, withdraw{"withdraw"};
inline constexpr sm::event<> hand_back{"hand_back"};
inline constexpr sm::event<outcome> finish{"finish"}, fail{"fail"};

inline constexpr const char* table = "racing_jobs";
inline constexpr auto lease = 60s;

inline constexpr sm::column columns[] = {
    {"number", sm::field<&job::number>, sm::identity},
    {"steps", sm::field<&job::steps>},
    {"result", sm::field<&job::result>, sm::once},
};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {working, "working"},
                                              {done, "done", sm::terminal},
                                              {failed, "failed", sm::terminal},
                                              {withdrawn, "withdrawn", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = working,
     .lease = lease,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = step, .from = working, .to = working, .then = {sm::add<&job::steps>(1)}},
    {.on = finish,
     .from = working,
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)}},
    {.on = fail,
     .from = working,
     .to = failed,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)}},
    {.on = hand_back, .from = working, .to = waiting},
    {.on = withdraw, .from = waiting, .to = withdrawn, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

using run_type = sm::store<machine>::run_type;

/// The run that a worker holds which claimed this job as the n-th.
inline run_type run_of(std::int64_t id, std::int64_t epoch, int index) {
    run_type run;
    run.id = id;
    run.epoch = epoch;
    run.owner = "worker-" + std::to_string(index);
    return run;
}

/// Sends the same again as long as the answer is that it can be.
template <class Call>
auto insist(Call call) {
    auto got = call();
    for (int again = 0; again < 100 && got && got.value().retryable(); ++again) got = call();
    return got;
}

/// A report of a call whose content has an id, a version and perhaps an epoch.
template <class Answer>
report reported(std::int64_t id, const Answer& got) {
    report made{told(got), id, 0, 0};
    if (!got || !got.value().succeeded()) return made;
    if constexpr (requires { got.value()->id; }) made.id = got.value()->id;
    if constexpr (requires { got.value()->epoch; }) made.epoch = got.value()->epoch;
    if constexpr (requires { got.value()->version; }) made.number = got.value()->version;
    return made;
}

/// A test on a fresh place, with the machine's rows checked at its end.
template <class Backend>
class races : public on_machine<Backend, machine> {
public:
    ~races() override { EXPECT_EQ(breaches<machine>(this->place), std::vector<std::string>{}); }

    /// Jobs 1 to n, waiting.
    void make_jobs(int count) {
        std::vector<typename sm::store<machine>::submission> all(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) all[static_cast<std::size_t>(i)].job.number = i;
        std::int64_t last = 0;
        for (const auto& each : this->store.submit_many(all)) last = each.value()->id;
        ASSERT_EQ(last, count);
    }
    /// Jobs 1 to n, each held by its first run.
    void make_runs(int count) {
        make_jobs(count);
        const auto most = static_cast<std::size_t>(count);
        ASSERT_EQ(this->store.claim_many(claim, most, {.owner = "first"}).value()->size(), most);
    }
    /// As if the leases of jobs 1 to n had run out.
    void run_out(int count) {
        for (int id = 1; id <= count; ++id) this->pass_time(id, lease + 1s);
    }

    /// What all said of one job, each with how many said it.
    static std::map<std::string, int> said_of(const std::vector<reports>& all, std::int64_t id) {
        std::map<std::string, int> counts;
        for (const reports& each : all)
            for (const report& one : each)
                if (one.id == id) ++counts[one.said];
        return counts;
    }
};

using said = std::map<std::string, int>;

}  // namespace conformance::racing
