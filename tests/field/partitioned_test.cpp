// A job table, its log and its tokens in eight hash partitions each: docs/scaling.md says how, and
// what does not work then.
#include "work.hpp"

#include <conformance/keyed.hpp>
#include <statemachine/overview.hpp>
#include <statemachine/schema.hpp>
#include <statemachine/sweeper.hpp>
#include <statemachine/worker.hpp>

#include <fstream>
#include <iterator>
#include <set>
#include <thread>

namespace {

using namespace field;
namespace keyed = conformance::keyed;
using jobs_type = sm::store<keyed::machine>;
using run_type = jobs_type::run_type;

/// The document's own statements, which turn tables that `migrate` has made into partitioned ones.
std::string documented() {
    std::ifstream file(STATEMACHINE_SOURCE_DIR "/docs/scaling.md");
    std::string all(std::istreambuf_iterator<char>(file), {});
    const auto begin = all.find("DO $$");
    std::string sql = all.substr(begin, all.find("```", begin) - begin);
    for (std::size_t at = 0; (at = sql.find("transcode_jobs", at)) != sql.npos;)
        sql.replace(at, 14, "keyed_jobs");
    return sql;
}

// The declaration after it, with a column and a state more.
namespace grown {

struct job {
    std::string payload{};
    std::optional<std::string> result{};
    std::int32_t size = 7;
};
constexpr sm::event<> hold{"hold"}, resume{"resume"};

inline constexpr sm::column columns[] = {{"payload", sm::field<&job::payload>, sm::identity},
                                         {"result", sm::field<&job::result>, sm::once},
                                         {"size", sm::field<&job::size>}};
enum class state { waiting, running, done, failed, held };
using enum state;
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {running, "running"},
                                              {done, "done", sm::terminal, 1h},
                                              {failed, "failed", sm::terminal},
                                              {held, "held"}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = keyed::claim,
     .from = waiting,
     .to = running,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = keyed::complete,
     .from = running,
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&keyed::outcome::result>)}},
    {.on = hold, .from = waiting, .to = held, .control = true},
    {.on = resume, .from = held, .to = waiting, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "keyed_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .keys = sm::keys::apart,
                                                 .memory = {.tokens = 1h}};

}  // namespace grown

class partitioned : public testing::Test {
public:
    partitioned() {
        jobs.migrate().value();
        here.run(documented());
    }

    std::int64_t submit(const std::string& key = {}) {
        return jobs.submit({.payload = "p"}, {.key = key}).value()->id;
    }
    std::vector<std::int64_t> submit_some(int count) {
        std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
        for (auto& id : ids) id = submit();
        return ids;
    }
    run_type claim(std::int64_t id) {
        return *jobs.claim_by_id(keyed::claim, id, {.owner = "w"}).value();
    }
    void pass_time(const std::string& column) {
        here.run("UPDATE keyed_jobs SET " + column + " = " + column + " - interval '1 day'");
    }

    place here;
    sm::postgres::database db = here.open();
    jobs_type jobs{db};
};

TEST_F(partitioned, tables_fit_the_declaration_and_spread_their_rows) {
    const auto report = sm::schema<keyed::machine>(db).check().value();
    EXPECT_TRUE(report.fits()) << testing::PrintToString(report.differences);
    submit_some(64);
    EXPECT_EQ(here.ask("SELECT count(DISTINCT tableoid) FROM keyed_jobs"), "8");
    EXPECT_EQ(here.ask("SELECT count(DISTINCT tableoid) FROM keyed_jobs_log"), "8");
    EXPECT_TRUE(sm::schema<keyed::machine>(db).migrate().value().changes.empty());
}

TEST_F(partitioned, jobs_of_before_are_still_there) {
    place other;
    auto at = other.open();
    jobs_type store{at};
    store.migrate().value();
    const auto id = store.submit({.payload = "p"}, {.key = "k"}).value()->id;
    const auto run = *store.claim(keyed::claim, {.owner = "w"}).value();
    other.run(documented());
    EXPECT_EQ(told(store.fire(keyed::complete, run, {"r"}, "t")), "applied");
    EXPECT_EQ(store.history(id).value().size(), 3U);
    EXPECT_EQ(store.submit({.payload = "p"}, {.key = "k"}).value()->id, id);
    EXPECT_GT(store.submit({.payload = "p"}).value()->id, id);
}

TEST_F(partitioned, keys_make_one_job_each_however_many_submit_at_once) {
    constexpr int keys = 50;
    std::vector<std::vector<std::int64_t>> ids(4);
    {
        std::vector<std::jthread> threads;
        threads.reserve(ids.size());
        for (auto& own : ids)
            threads.emplace_back([&] {
                for (int key = 0; key < keys; ++key)
                    own.push_back(submit("k" + std::to_string(key)));
            });
    }
    for (const auto& own : ids) EXPECT_EQ(own, ids.front());
    EXPECT_EQ(here.ask("SELECT count(*) FROM keyed_jobs"), std::to_string(keys));
    EXPECT_EQ(told(jobs.submit({.payload = "q"}, {.key = "k1"})), "rejected: key_conflict");
}

TEST_F(partitioned, jobs_are_claimed_once_however_many_claim_at_once) {
    const auto all = submit_some(200);
    std::vector<std::vector<std::int64_t>> taken(4);
    {
        std::vector<std::jthread> threads;
        threads.reserve(taken.size());
        for (auto& own : taken)
            threads.emplace_back([&] {
                while (auto runs = jobs.claim_many(keyed::claim, 7, {.owner = "w"}).value())
                    for (const auto& run : *runs) own.push_back(run.id);
            });
    }
    std::multiset<std::int64_t> seen;
    for (const auto& own : taken) seen.insert(own.begin(), own.end());
    EXPECT_EQ(seen, (std::multiset<std::int64_t>{all.begin(), all.end()}));
}

TEST_F(partitioned, claims_keep_their_order_over_all_partitions) {
    auto ids = submit_some(20);
    const auto urgent = jobs.submit({.payload = "p"}, {.priority = 5}).value()->id;
    const auto later = jobs.submit({.payload = "p"}, {.priority = 9, .delay = 1h}).value()->id;
    ids.insert(ids.begin(), urgent);
    std::vector<std::int64_t> claimed;
    while (auto run = jobs.claim(keyed::claim, {.owner = "w"}).value()) claimed.push_back(run->id);
    EXPECT_EQ(claimed, ids);
    EXPECT_EQ(jobs.read(later).value()->state, keyed::waiting);
}

TEST_F(partitioned, steps_are_fenced_and_tokens_change_once) {
    const auto id = submit();
    const auto stale = claim(id);
    pass_time("lease_until");
    const auto run = claim(id);
    EXPECT_EQ(told(jobs.fire(keyed::complete, stale, {"late"})), "rejected: stale_epoch");
    EXPECT_EQ(told(jobs.renew(stale)), "rejected: stale_epoch");
    EXPECT_EQ(told(jobs.renew(run)), "applied");
    EXPECT_EQ(told(jobs.fire(keyed::complete, run, {"r"}, "t")), "applied");
    EXPECT_EQ(told(jobs.fire(keyed::complete, run, {"r"}, "t")), "already_applied");
    EXPECT_EQ(told(jobs.fire(keyed::complete, run, {"other"}, "t")), "rejected: token_reused");
    EXPECT_EQ(told(jobs.resolve(id, "t")), "already_applied");
    EXPECT_EQ(told(jobs.resolve(id, "never")), "rejected: never_applied");
    EXPECT_EQ(jobs.read(id).value()->job.result, "r");
    const auto past = jobs.history(id).value();
    std::vector<std::string> events;
    events.reserve(past.size());
    for (const auto& each : past) events.push_back(each.event);
    EXPECT_EQ(events, (std::vector<std::string>{"submit", "claim", "claim", "complete"}));
}

TEST_F(partitioned, many_leases_are_renewed_and_many_runs_ended_at_once) {
    submit_some(30);
    const auto runs = *jobs.claim_many(keyed::claim, 30, {.owner = "w"}).value();
    const auto renewed = jobs.renew_many(runs).value();
    std::vector<jobs_type::step<keyed::outcome>> steps;
    for (const auto& run : runs) steps.push_back({run, {"r"}, "t"});
    const auto ended = jobs.fire_many<keyed::outcome>(keyed::complete, steps);
    ASSERT_EQ(renewed.size(), 30U);
    ASSERT_EQ(ended.size(), 30U);
    for (std::size_t i = 0; i < 30; ++i) {
        EXPECT_TRUE(renewed[i].applied());
        EXPECT_EQ(told(ended[i]), "applied");
    }
}

TEST_F(partitioned, sweeps_hand_back_end_and_remove) {
    const auto expired = claim(submit());
    const auto old = submit("k");
    EXPECT_EQ(told(jobs.fire(keyed::complete, claim(old), {"r"}, "t")), "applied");
    const auto used_up = submit();
    here.run("UPDATE keyed_jobs SET attempts = 3 WHERE id = " + std::to_string(used_up));
    pass_time("lease_until");
    pass_time("changed_at");
    sm::sweeper<keyed::machine> sweeper{db, {.interval = 0ms}};
    const auto done = sweeper.sweep_once().value();
    EXPECT_EQ(done.expired, 1U);
    EXPECT_EQ(done.exhausted, 1U);
    EXPECT_EQ(done.removed, 1U);
    EXPECT_EQ(jobs.read(expired.id).value()->state, keyed::waiting);
    EXPECT_EQ(jobs.read(used_up).value()->state, keyed::failed);
    EXPECT_FALSE(jobs.read(old).value());
    EXPECT_TRUE(jobs.history(old).value().empty());
    EXPECT_GT(submit("k"), old);
}

TEST_F(partitioned, workers_do_their_work_and_operators_see_it) {
    submit_some(40);
    std::stop_source stop;
    sm::worker<keyed::machine> worker{
        jobs, keyed::claim, [](auto& task) { return task.finish(keyed::complete, {"r"}); }};
    worker.on_failure(keyed::release);
    std::jthread stopping([&] {
        EXPECT_TRUE(wait_until([&] {
            return here.ask("SELECT count(*) FROM keyed_jobs WHERE state = 'done'") == "40";
        }));
        stop.request_stop();
    });
    const auto worked = worker.run(stop.get_token(), {.owner = "w", .threads = 2});
    EXPECT_EQ(worked.finished, 40U);
    const auto seen = sm::overview_of<keyed::machine>(db).value();
    ASSERT_EQ(seen.states.size(), 1U);
    EXPECT_EQ(seen.states[0].jobs, 40U);
    EXPECT_EQ(jobs.list(keyed::done, {.limit = 100}).value().size(), 40U);
}

TEST_F(partitioned, tables_get_new_columns_and_states) {
    const auto id = submit();
    sm::store<grown::machine> later{db};
    EXPECT_EQ(told(later.migrate()), "success");
    EXPECT_TRUE(sm::schema<grown::machine>(db).check().value().fits());
    EXPECT_EQ(told(later.fire(grown::hold, id, sm::any_version)), "applied");
    EXPECT_EQ(later.read(id).value()->job.size, 7);
    EXPECT_EQ(told(jobs.submit({.payload = "p"})), "applied");
}

// What is said not to work does not, and changes nothing.
TEST_F(partitioned, tables_refuse_keys_in_an_index_of_theirs) {
    sm::store<keyed::indexed> store{db};
    const auto report = sm::schema<keyed::indexed>(db).check().value();
    EXPECT_EQ(report.differences,
              std::vector<std::string>{"the index 'keyed_jobs_key' of 'keyed_jobs' does not exist: "
                                       "migrate the schema"});
    EXPECT_FALSE(store.migrate());
    EXPECT_FALSE(store.submit({.payload = "p"}));
    EXPECT_FALSE(store.submit({.payload = "p"}, {.key = "k"}));
    EXPECT_EQ(here.ask("SELECT count(*) FROM keyed_jobs"), "0");
}

}  // namespace
