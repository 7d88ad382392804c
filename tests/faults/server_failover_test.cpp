// The primary dies after commits whose wait for the synchronous standby was cancelled, and the
// standby takes over: those may be lost, and nobody was told that they are safe.
#include "workload.hpp"

#include "field/raw.hpp"
#include "support/postgres_server.hpp"

#include <statemachine/postgres.hpp>

#include <algorithm>
#include <future>

namespace {

using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::throwaway_postgres;
using statemachine::tests::wait_until;

constexpr auto deadline = 3s;
constexpr int most_cancelled = 24;

class server_failover : public testing::Test {
protected:
    /// Makes the second a standby that commits of the first wait for.
    static void pair(throwaway_postgres& primary, throwaway_postgres& standby) {
        standby.follow(primary);
        const field::raw by(primary.conninfo());
        by.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        by.run("SELECT pg_reload_conf()");
        EXPECT_TRUE(wait_until(
            [&] { return by.ask("SELECT sync_state FROM pg_stat_replication") == "sync"; }));
    }

    /// Cancels commits that wait for the standby, which is frozen.
    static int cancel_commits(const throwaway_postgres& primary) {
        const field::raw by(primary.conninfo());
        int cancelled = 0;
        EXPECT_TRUE(wait_until([&] {
            cancelled +=
                std::stoi(by.ask("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE "
                                 "wait_event = 'SyncRep' AND application_name = 'statemachine'"));
            return cancelled >= most_cancelled;
        }));
        return cancelled;
    }

    static std::string conninfo(const throwaway_postgres& one, const throwaway_postgres& other) {
        return "host=127.0.0.1,127.0.0.1 port=" + std::to_string(one.port()) + "," +
               std::to_string(other.port()) +
               " user=postgres dbname=postgres target_session_attrs=read-write";
    }
};

TEST_F(server_failover, loses_nothing_that_was_acknowledged_and_hands_out_no_epoch_twice) {
    for (const auto seed : seeds()) {
        throwaway_postgres one, other;
        throwaway_postgres* primary = &one;
        throwaway_postgres* standby = &other;
        pair(*primary, *standby);
        workload<database> load(
            [&] { return sm::postgres::connect(conninfo(one, other), {.deadline = deadline}); },
            {.seed = seed, .may_lose_local_commits = true});
        load.start();
        for (int times = 0; times < 2; ++times) {
            standby->freeze();
            EXPECT_GE(cancel_commits(*primary), most_cancelled);
            load.seen().remark("fail-over");
            primary->kill();
            standby->thaw();
            standby->promote();
            EXPECT_TRUE(load.goes_on(20));
            std::swap(primary, standby);
            if (times == 0) pair(*primary, *standby);
            EXPECT_TRUE(load.goes_on(20));
        }
        EXPECT_TRUE(load.is_sound());
        const auto calls = load.seen().calls();
        EXPECT_GT(
            std::count_if(calls.begin(), calls.end(), [](const auto& each) { return each.local; }),
            0);
    }
}

// A server whose commits no standby confirms: what it is asked for waits until somebody cancels
// that.
class commit_without_standby : public server_failover {
protected:
    using store_type = sm::store<work::machine>;

    template <class Call>
    auto answer_once_cancelled(Call call) const {
        auto answer = std::async(std::launch::async, call);
        EXPECT_TRUE(wait_until([&] {
            by.run(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = "
                "'SyncRep' AND application_name = 'statemachine'");
            return answer.wait_for(0s) == std::future_status::ready;
        }));
        return answer.get();
    }

    throwaway_postgres primary{{"synchronous_standby_names = 'nobody'"}};
    const field::raw by{primary.conninfo()};
    database unsafe =
        sm::postgres::connect(primary.tcp_conninfo() + " options='-c synchronous_commit=local'")
            .value();
    database safe = sm::postgres::connect(primary.tcp_conninfo(), {.deadline = 60s}).value();
    store_type prepares{unsafe};
    store_type jobs{safe};
};

TEST_F(commit_without_standby, is_told_of_to_each_of_a_batch) {
    prepares.migrate().value();
    const std::vector<store_type::submission> two(2);
    for (const auto& each : prepares.submit_many(two)) each.value().value();
    const auto runs = *prepares.claim_many(work::claim, 2, {.owner = "w"}).value();
    std::vector<store_type::step<work::outcome>> steps;
    for (const auto& run : runs) steps.push_back({run, {"done"}});
    const auto all_local = [](const auto& answers) {
        return std::ranges::all_of(answers, [](const auto& each) {
            return each.value().applied() && each.value().committed_locally();
        });
    };
    EXPECT_TRUE(all_local(answer_once_cancelled([&] { return jobs.submit_many(two); })));
    EXPECT_TRUE(all_local(answer_once_cancelled(
        [&] { return jobs.fire_many<work::outcome>(work::complete, steps); })));
}

// A repetition reads what the first call did. What the standby lacks is no safer for being read.
TEST_F(commit_without_standby, is_told_of_to_whoever_asks_for_a_change_that_the_standby_lacks) {
    prepares.migrate().value();
    const auto id = prepares.submit({}).value()->id;
    const auto run = *prepares.claim_by_id(work::claim, id, {.owner = "w"}).value();
    const auto complete = [&] { return jobs.fire(work::complete, run, {"done"}, "token").value(); };
    const auto first = answer_once_cancelled(complete);
    EXPECT_TRUE(first.applied() && first.committed_locally());
    const auto again = answer_once_cancelled(complete);
    EXPECT_TRUE(again.already_applied() && again.committed_locally()) << again.why();
    const auto asked = answer_once_cancelled([&] { return jobs.resolve(id, "token").value(); });
    EXPECT_TRUE(asked.already_applied() && asked.committed_locally()) << asked.why();
}

}  // namespace
