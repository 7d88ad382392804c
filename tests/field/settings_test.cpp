// Under whatever settings a role or a database has: the same answers, or typed ones.
#include "work.hpp"

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

namespace {

using namespace field;

/// With settings of its own for each session, or with those of the role, as behind a pooler.
constexpr std::array<sm::postgres::options, 2> both_ways{
    {{.transaction_pooling = false}, {.transaction_pooling = true}}};

std::string called(const sm::postgres::options& how) {
    return how.transaction_pooling ? "role's settings" : "session's settings";
}

/// Everything that one job goes through, with what reading it brings.
std::string life_of_a_job(work_store& jobs) {
    const std::string odd = "back\\slash 'quote' \"double\" \n \xC3\xA9 $1";
    std::string said;
    const auto say = [&](const auto& got) { said += told(got) + "; "; };
    say(jobs.submit({.payload = odd}, {.key = "k"}));
    say(jobs.submit({.payload = odd}, {.key = "k"}));
    const auto run = jobs.claim(work::claim, {.owner = odd});
    say(run);
    if (!run || !run.value()) return said;
    const work_run& held = *run.value();
    say(jobs.renew(work::progress, held, {42}));
    say(jobs.fire(work::complete, held, {odd}, "token"));
    say(jobs.fire(work::complete, held, {odd}, "token"));
    say(jobs.fire(work::fail, held));
    say(jobs.sweep());
    const auto read = jobs.read(held.id);
    say(read);
    if (!read || !read.value()) return said;
    const auto& job = read.value()->job;
    said += job.payload == odd && job.result == odd && job.percent == 42 ? "same; " : "other; ";
    const auto now = std::chrono::system_clock::now();
    const auto age = now - read.value()->changed_at;
    said += age < 1min && age > -1min ? "now" : "some other time";
    return said;
}

constexpr const char* whole_life =
    "applied; already_applied; applied; applied; applied; already_applied; rejected: wrong_state; "
    "success; success; same; now";

TEST(settings, of_the_database_change_no_answer) {
    const char* const settings[] = {
        "default_transaction_isolation = 'repeatable read'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "search_path = 'Odd \"Schema', public",
        "standard_conforming_strings = off",
        "backslash_quote = off",
        "bytea_output = 'escape'",
        "DateStyle = 'German, DMY'",
        "TimeZone = 'Asia/Kathmandu'",
        "IntervalStyle = 'sql_standard'",
        "extra_float_digits = -15",
        "transform_null_equals = on",
        "array_nulls = off",
        "quote_all_identifiers = on",
        "plan_cache_mode = 'force_generic_plan'",
        "row_security = off",
        "client_min_messages = 'debug1'",
        "lc_messages = 'C'",
        "check_function_bodies = off",
        "synchronous_commit = off",
    };
    place here;
    here.run("CREATE SCHEMA \"Odd \"\"Schema\"");
    for (const char* const setting : settings) {
        here.run("ALTER DATABASE " + here.name() + " SET " + setting);
        here.reconnect();
        for (const auto& how : both_ways) {
            auto db = here.open(how);
            auto jobs = store_of(db);
            ASSERT_EQ(told(jobs.migrate()), "success") << setting;
            EXPECT_EQ(life_of_a_job(jobs), whole_life) << setting << ", " << called(how);
            EXPECT_EQ(here.breaches(), std::vector<std::string>{}) << setting;
            here.run("TRUNCATE work_jobs, work_jobs_log, work_jobs_tokens");
        }
        here.run("ALTER DATABASE " + here.name() + " RESET ALL");
    }
}

TEST(settings, that_forbid_writing_are_told) {
    for (const auto& how : both_ways) {
        const place here;
        auto before = here.open();
        ASSERT_EQ(told(store_of(before).migrate()), "success");
        here.run("ALTER DATABASE " + here.name() + " SET default_transaction_read_only = on");
        auto db = here.open(how);
        auto jobs = store_of(db);
        EXPECT_EQ(told(jobs.submit({})), "error: read_only");
        EXPECT_EQ(told(jobs.claim(work::claim, {.owner = "w"})), "error: read_only");
        EXPECT_EQ(told(jobs.migrate()), "success") << "there is nothing to migrate";
        EXPECT_EQ(told(jobs.list(work::waiting)), "success");
    }
}

TEST(settings, that_hide_the_schema_are_told) {
    const place here;
    auto before = here.open();
    ASSERT_EQ(told(store_of(before).migrate()), "success");
    here.run("ALTER DATABASE " + here.name() + " SET search_path = pg_catalog");
    auto db = here.open();
    EXPECT_EQ(told(store_of(db).submit({})), "error: schema_missing");
}

/// A row that somebody else is changing, until told to commit.
struct change_in_flight {
    change_in_flight(const place& here, const std::string& sql) : by(here.conninfo()) {
        by.run("BEGIN; " + sql);
    }
    void commit() const { by.run("COMMIT"); }
    bool is_waited_for() const {
        return by.ask(
                   "SELECT count(*) > 0 FROM pg_stat_activity WHERE pg_backend_pid() = ANY("
                   "pg_blocking_pids(pid))") == "t";
    }
    raw by;
};

TEST(settings, of_the_session_spare_a_loser_the_serialization_failure) {
    struct {
        sm::postgres::options how;
        const char* said;
    } const cases[] = {{both_ways[0], "applied"},
                       {both_ways[1], "retryable: serialization_failure"}};
    for (const auto* const level : {"repeatable read", "serializable"})
        for (const auto& [how, said] : cases) {
            const place here;
            here.run("ALTER DATABASE " + here.name() + " SET default_transaction_isolation = '" +
                     level + "'");
            auto db = here.open(how);
            auto jobs = store_of(db);
            ASSERT_EQ(told(jobs.migrate()), "success");
            const auto id = jobs.submit({}).value()->id;
            const auto run = jobs.claim_by_id(work::claim, id, {.owner = "w"}).value();
            const change_in_flight other(here, "UPDATE work_jobs SET percent = 7");
            std::string got;
            {
                std::jthread call([&] { got = told(jobs.fire(work::complete, *run, {"r"})); });
                EXPECT_TRUE(wait_until([&] { return other.is_waited_for(); }));
                other.commit();
            }
            EXPECT_EQ(got, said) << level << ", " << called(how);
            // What was not applied may be sent again.
            if (got != "applied") {
                EXPECT_EQ(told(jobs.fire(work::complete, *run, {"r"})), "applied");
            }
            EXPECT_EQ(here.breaches(), std::vector<std::string>{});
        }
}

/// Claims and finishes until nothing is due, and counts what it was told.
void work_off(work_store jobs, const std::string& owner, std::map<std::string, int>& counts) {
    for (int idle = 0; idle < 3;) {
        const auto runs = jobs.claim_many(work::claim, 3, {.owner = owner});
        const auto said = told(runs);
        ++counts["claim " + said];
        if (said == "rejected: none_due") ++idle;
        if (!runs || !runs.value()) continue;
        for (const work_run& run : *runs.value())
            for (;;) {
                const auto done = told(jobs.fire(work::complete, run, {owner}));
                ++counts["complete " + done];
                if (done.substr(0, 9) != "retryable") break;
            }
    }
}

TEST(settings, of_isolation_never_let_two_claim_one_job) {
    constexpr int workers = 4;
    constexpr int count = 120;
    for (const auto* const level : {"read committed", "repeatable read", "serializable"})
        for (const auto& how : both_ways) {
            const place here;
            here.run("ALTER DATABASE " + here.name() + " SET default_transaction_isolation = '" +
                     level + "'");
            auto db = here.open(how);
            auto jobs = store_of(db);
            ASSERT_EQ(told(jobs.migrate()), "success");
            const std::vector<work_store::submission> all(count);
            for (const auto& each : jobs.submit_many(all)) ASSERT_EQ(told(each), "applied");
            std::mutex mutex;
            std::map<std::string, int> counts;
            {
                std::vector<std::jthread> threads;
                for (int i = 0; i < workers; ++i)
                    threads.emplace_back([&, i] {
                        std::map<std::string, int> own;
                        work_off(store_of(db), "worker-" + std::to_string(i), own);
                        const std::lock_guard lock(mutex);
                        for (const auto& [said, times] : own) counts[said] += times;
                    });
            }
            EXPECT_EQ(counts["complete applied"], count) << level << ", " << called(how);
            for (const auto& [said, times] : counts) {
                const bool is_expected =
                    said == "complete applied" || said == "claim applied" ||
                    said == "claim rejected: none_due" ||
                    (how.transaction_pooling &&
                     said.find("retryable: serialization_failure") != said.npos);
                EXPECT_TRUE(is_expected)
                    << said << ", " << times << " times, " << level << ", " << called(how);
            }
            EXPECT_EQ(here.ask("SELECT count(*) FROM work_jobs WHERE state = 'done' AND epoch = 1"),
                      std::to_string(count));
            EXPECT_EQ(here.breaches(), std::vector<std::string>{});
        }
}

TEST(settings, of_time_limits_give_definite_answers) {
    const place here;
    auto before = here.open();
    auto jobs_before = store_of(before);
    ASSERT_EQ(told(jobs_before.migrate()), "success");
    const auto id = jobs_before.submit({}).value()->id;
    const std::string database = "ALTER DATABASE " + here.name();
    struct {
        const char* setting;
        const char* said;
    } const cases[] = {{"statement_timeout", "retryable: cancelled"},
                       {"lock_timeout", "retryable: busy"}};
    for (const auto& [setting, said] : cases) {
        here.run(database + " SET " + setting + " = '50ms'");
        auto db = here.open(both_ways[1]);
        const change_in_flight other(here, "UPDATE work_jobs SET percent = 7");
        EXPECT_EQ(told(store_of(db).fire(work::cancel, id, sm::any_version)), said);
        // The session's own limits go before the role's.
        auto patient = here.open(both_ways[0]);
        std::string got;
        std::atomic<bool> answered{false};
        {
            std::jthread call([&] {
                got = told(store_of(patient).fire(work::cancel, id, sm::version{99}));
                answered = true;
            });
            EXPECT_TRUE(wait_until([&] { return other.is_waited_for() || answered; }));
            other.commit();
        }
        EXPECT_EQ(got, "rejected: stale_version");
        here.run(database + " RESET " + setting);
    }
}

}  // namespace
