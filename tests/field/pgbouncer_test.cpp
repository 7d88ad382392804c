// Behind PgBouncer in transaction mode every call may meet another session of the server.
#include "work.hpp"

#include "support/pgbouncer.hpp"
#include "support/postgres_server.hpp"
#include "support/proxy.hpp"

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace field;
using statemachine::tests::fault;
using statemachine::tests::fault_proxy;
using statemachine::tests::pgbouncer;

constexpr int servers = 3;
constexpr int clients = 12;
constexpr int jobs_each = 20;
constexpr sm::postgres::options pooled{.connections = clients, .transaction_pooling = true};

/// Runs it on so many threads at once.
template <class Body>
void at_once(int threads, Body body) {
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i) all.emplace_back([&body, i] { body(i); });
}

class behind_pgbouncer : public testing::Test {
protected:
    place here;
    pgbouncer pooler{conninfo(), servers};
    sm::postgres::database db = sm::postgres::connect(here.by(pooler.conninfo()), pooled).value();
    work_store jobs = store_of(db);

    int shown(const std::string& what) const {
        const raw console(pooler.console());
        PGresult* const reply = PQexec(console.get(), ("SHOW " + what).c_str());
        int found = 0;
        for (int r = 0; r < PQntuples(reply); ++r)
            if (PQgetvalue(reply, r, PQfnumber(reply, "database")) == here.name()) ++found;
        PQclear(reply);
        return found;
    }

    /// Submits, claims, renews, finishes or fails, each with its token and once more.
    void live(int client, std::map<std::string, int>& counts) {
        const std::string name = "client-" + std::to_string(client);
        for (int i = 0; i < jobs_each; ++i) {
            const std::string key = name + "-" + std::to_string(i);
            EXPECT_EQ(told(jobs.submit({.payload = key}, {.key = key})), "applied");
            EXPECT_EQ(told(jobs.submit({.payload = key}, {.key = key})), "already_applied");
        }
        for (int i = 0; i < jobs_each / 4; ++i) {
            const auto runs = jobs.claim_many(work::claim, 4, {.owner = name}).value();
            if (!runs) continue;
            const auto renewed = jobs.renew_many(*runs);
            for (const auto& each : renewed.value()) EXPECT_TRUE(each.applied()) << each.why();
            for (const work_run& run : *runs) {
                EXPECT_EQ(told(jobs.renew(work::progress, run, {50})), "applied");
                const auto token = "done-" + std::to_string(run.id);
                const auto did = told(jobs.fire(work::complete, run, {name}, token));
                ++counts[did];
                EXPECT_EQ(told(jobs.fire(work::complete, run, {name}, token)), "already_applied");
            }
            EXPECT_TRUE(jobs.sweep()) << told(jobs.sweep());
        }
    }
};

TEST_F(behind_pgbouncer, the_whole_life_works_for_many_clients_on_few_connections) {
    at_once(4, [&](int) { EXPECT_EQ(told(store_of(db).migrate()), "success"); });
    std::mutex mutex;
    std::map<std::string, int> all;
    at_once(clients, [&](int client) {
        std::map<std::string, int> counts;
        live(client, counts);
        const std::lock_guard lock(mutex);
        for (const auto& [did, times] : counts) all[did] += times;
    });
    EXPECT_EQ(all.size(), 1u) << testing::PrintToString(all);
    EXPECT_GT(all["applied"], clients * jobs_each / 2);
    EXPECT_EQ(here.ask("SELECT count(*) FROM work_jobs WHERE state = 'done'"),
              std::to_string(all["applied"]));
    EXPECT_EQ(here.ask("SELECT count(*) FROM work_jobs"), std::to_string(clients * jobs_each));
    EXPECT_EQ(here.breaches(), std::vector<std::string>{});
    EXPECT_GT(shown("CLIENTS"), servers) << "the connections were not shared";
    EXPECT_LE(shown("SERVERS"), servers);
}

TEST_F(behind_pgbouncer, no_session_keeps_anything_of_a_call) {
    ASSERT_EQ(told(jobs.migrate()), "success");
    std::map<std::string, int> counts;
    live(0, counts);
    // Transactions that are open at the same time are on different sessions.
    std::vector<std::unique_ptr<raw>> each_of_them;
    std::set<std::string> seen;
    for (int i = 0; i < servers; ++i) {
        const raw& through =
            *each_of_them.emplace_back(std::make_unique<raw>(here.by(pooler.conninfo())));
        through.run("BEGIN");
        seen.insert(through.ask("SELECT pg_backend_pid()"));
        EXPECT_EQ(through.ask("SELECT count(*) FROM pg_prepared_statements"), "0");
        EXPECT_EQ(through.ask("SELECT count(*) FROM pg_listening_channels()"), "0");
        // The pooler itself sets what each client told it at its start.
        EXPECT_EQ(through.ask("SELECT coalesce(string_agg(name, ' '), '') FROM pg_settings WHERE "
                              "source = 'session' AND name NOT IN ('client_encoding', 'DateStyle', "
                              "'TimeZone', 'standard_conforming_strings', 'application_name')"),
                  "");
    }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(servers));
}

TEST_F(behind_pgbouncer, more_callers_than_sessions_wait_and_are_all_served) {
    ASSERT_EQ(told(jobs.migrate()), "success");
    // Callers that share a statement would wait for one session together.
    sm::postgres::options alone = pooled;
    alone.merge_calls = false;
    auto each_alone = sm::postgres::connect(here.by(pooler.conninfo()), alone).value();
    auto store = store_of(each_alone);
    std::vector<std::unique_ptr<raw>> taken;
    for (int i = 0; i < servers; ++i) {
        taken.push_back(std::make_unique<raw>(here.by(pooler.conninfo())));
        taken.back()->run("BEGIN");
    }
    std::atomic<int> served = 0;
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < clients; ++i)
            callers.emplace_back([&] { served += store.submit({}).value().applied() ? 1 : 0; });
        const raw console(pooler.console());
        const auto all_wait = [&] {
            PGresult* const reply = PQexec(console.get(), "SHOW CLIENTS");
            int waiting = 0;
            for (int r = 0; r < PQntuples(reply); ++r)
                if (std::string(PQgetvalue(reply, r, PQfnumber(reply, "state"))) == "waiting")
                    ++waiting;
            PQclear(reply);
            return waiting >= clients;
        };
        EXPECT_TRUE(wait_until(all_wait));
        EXPECT_EQ(served, 0);
        for (const auto& each : taken) each->run("COMMIT");
    }
    EXPECT_EQ(served, clients);
}

TEST_F(behind_pgbouncer, a_statement_that_waits_for_no_session_returns_by_its_deadline) {
    ASSERT_EQ(told(jobs.migrate()), "success");
    auto hurried = sm::postgres::connect(here.by(pooler.conninfo()),
                                         {.deadline = 500ms, .transaction_pooling = true})
                       .value();
    std::vector<std::unique_ptr<raw>> taken;
    for (int i = 0; i < servers; ++i) {
        taken.push_back(std::make_unique<raw>(here.by(pooler.conninfo())));
        taken.back()->run("BEGIN");
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto said = told(store_of(hurried).submit({}));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(said, "unknown: deadline_passed") << "the pooler may still pass it on";
}

TEST(behind_pgbouncer_and_a_broken_network, what_was_done_is_never_called_not_applied) {
    const place here;
    fault_proxy between(conninfo());
    const pgbouncer pooler(between.conninfo(), servers);
    auto db = sm::postgres::connect(here.by(pooler.conninfo()), pooled).value();
    auto jobs = store_of(db);
    ASSERT_EQ(told(jobs.migrate()), "success");
    between.arm({.what = fault::cut_reply, .text = "INSERT"});
    const auto done = jobs.submit({.payload = "once"}, {.key = "once"});
    EXPECT_TRUE(between.wait_for_faults(1));
    ASSERT_TRUE(done) << told(done);
    EXPECT_TRUE(done.value().unknown() || done.value().succeeded()) << told(done);
    EXPECT_EQ(here.ask("SELECT count(*) FROM work_jobs"), "1");
    EXPECT_TRUE(jobs.submit({.payload = "once"}, {.key = "once"}).value().succeeded());
    EXPECT_EQ(here.ask("SELECT count(*) FROM work_jobs"), "1");
}

// A fail-over behind the pooler: its clients keep their connections meanwhile.
TEST(standby_behind_pgbouncer, is_an_outage_until_it_is_promoted) {
    statemachine::tests::throwaway_postgres server;
    const pgbouncer pooler(server.conninfo(), servers);
    const place here(server.conninfo());
    auto db = sm::postgres::connect(here.by(pooler.conninfo()), pooled).value();
    auto jobs = store_of(db);
    ASSERT_EQ(told(jobs.migrate()), "success");
    server.stop();
    std::ofstream(server.directory() + "/data/standby.signal").close();
    server.start();
    // While the pooler reconnects it may tell of that first.
    EXPECT_TRUE(wait_until([&] {
        const auto got = jobs.submit({});
        EXPECT_TRUE(got && !got.value().applied()) << told(got);
        const auto* const cause = got ? got.value().cause() : nullptr;
        return cause != nullptr && cause->code() == sm::errc::cannot_connect &&
               cause->native() == "25006";
    }));
    server.promote();
    EXPECT_TRUE(wait_until([&] { return told(jobs.submit({})) == "applied"; }));
}

}  // namespace
