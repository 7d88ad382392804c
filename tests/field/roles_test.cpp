// The grants of docs/operations.md: each role can do its part with them, needs every one of them,
// and is told what it may not do.
#include "guarded.hpp"
#include "work.hpp"

#include "support/postgres_server.hpp"
#include "support/proxy.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>

namespace {

using namespace field;
using statemachine::tests::fault;
using statemachine::tests::fault_proxy;
using statemachine::tests::throwaway_postgres;
using guarded_store = sm::store<guarded::machine>;
using guarded_relay = sm::relay<guarded::machine>;

constexpr const char* table = "transcode_jobs";

/// The SQL of the section, block by block.
std::vector<std::string> documented() {
    std::ifstream file(STATEMACHINE_SOURCE_DIR "/docs/operations.md");
    std::string all(std::istreambuf_iterator<char>(file), {});
    all.erase(0, all.find("## Roles"));
    all.erase(std::min(all.size(), all.find("\n## ", 1)));
    std::vector<std::string> blocks;
    for (std::size_t at = 0; (at = all.find("```sql\n", at)) != all.npos;) {
        at += 7;
        blocks.push_back(all.substr(at, all.find("```", at) - at));
        at += blocks.back().size();
    }
    return blocks;
}

struct privilege {
    std::string what, on, to;
};

/// What a role does, and what it was told each time.
using answers = std::vector<std::string>;

class roles : public testing::Test {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<throwaway_postgres>();
        here = std::make_unique<place>(server->tcp_conninfo());
        between = std::make_unique<fault_proxy>(server->tcp_conninfo());
        const auto blocks = documented();
        here->run(blocks.at(0));
        for (const char* const role :
             {"owner", "submitter", "worker", "sweeper", "relay", "reader"})
            here->run("CREATE ROLE " + std::string(role) + " LOGIN IN ROLE jobs_" + role);
        here->run("CREATE ROLE nobody LOGIN");
        auto by_owner = as("owner");
        migrated = told(sm::schema<guarded::machine>(by_owner).migrate());
        const raw owner(here->conninfo() + " user=owner");
        for (std::size_t i = 1; i < blocks.size(); ++i) owner.run(blocks[i]);
        all = std::make_unique<sm::postgres::database>(here->open());
        EXPECT_TRUE(relay_of(*all).join());
        // As if sweeps had always gone on, so that there is no grace.
        here->run("UPDATE transcode_jobs_sweeps SET ended_at = clock_timestamp()");
    }
    static void TearDownTestSuite() {
        all.reset();
        between.reset();
        here.reset();
        server.reset();
    }

    static sm::postgres::database as(const std::string& user) {
        return sm::postgres::connect(here->by(between->conninfo()) + " user=" + user,
                                     {.deadline = 3s})
            .value();
    }

    static guarded_relay relay_of(sm::postgres::database& db, bool takes = true) {
        return guarded_relay{db,
                             {.group = "g", .tries = 2, .retry = {1ms, 1ms, 0}},
                             [takes](const guarded_relay::event_type& event) -> sm::result<void> {
                                 if (const auto job = event.read(); !job) return job.error();
                                 if (takes) return sm::success();
                                 return sm::error{sm::errc::unexpected, "not today"};
                             }};
    }

    /// Jobs as they are before a worker comes: from nobody's limits.
    static std::int64_t waiting_job() { return guarded_store(*all).submit({}).value()->id; }
    static guarded_store::run_type held_job() {
        return *guarded_store(*all)
                    .claim_by_id(guarded::claim, waiting_job(), {.owner = "w"})
                    .value();
    }
    static void shift(const std::string& set, std::int64_t id, const char* column = "id",
                      const std::string& suffix = "") {
        here->run("UPDATE " + std::string(table) + suffix + " SET " + set + " WHERE " + column +
                  " = " + std::to_string(id));
    }

    static answers submits() {
        auto db = as("submitter");
        auto jobs = guarded_store(db);
        static int number = 0;
        const std::string key = "key-" + std::to_string(++number);
        answers said{told(jobs.submit({}, {.key = key})), told(jobs.submit({}, {.key = key}))};
        const std::vector<guarded_store::submission> two(2);
        for (const auto& each : jobs.submit_many(two)) said.push_back(told(each));
        between->arm({.what = fault::cut_reply, .text = "INSERT INTO"});
        said.push_back(told(jobs.submit({}, {.key = key + "-lost"})));
        between->disarm();
        return said;
    }

    static answers works() {
        auto db = as("worker");
        auto jobs = guarded_store(db);
        answers said;
        const auto id = waiting_job();
        const auto run = jobs.claim_by_id(guarded::claim, id, {.owner = "w"});
        said.push_back(told(run));
        waiting_job();
        said.push_back(told(jobs.claim(guarded::claim, {.owner = "w"})));
        const auto held = held_job();
        said.push_back(told(jobs.renew(held)));
        said.push_back(told(jobs.fire(guarded::complete, held, "token")));
        said.push_back(told(jobs.fire(guarded::complete, held, "token")));
        said.push_back(told(jobs.fire(guarded::fail, held_job())));
        said.push_back(told(jobs.fire(guarded::cancel, waiting_job(), sm::any_version)));
        between->arm({.what = fault::cut_reply, .text = "UPDATE"});
        said.push_back(told(jobs.fire(guarded::complete, held_job())));
        between->disarm();
        // A token that nobody has used: it is made void.
        said.push_back(told(jobs.resolve(held.id, "never")));
        // A claim that finds the lease of another run over.
        const auto lost = held_job();
        shift("lease_until = lease_until - interval '1 hour'", lost.id);
        said.push_back(told(jobs.claim_by_id(guarded::claim, lost.id, {.owner = "w"})));
        return said;
    }

    static answers sweeps() {
        const auto expired = held_job();
        shift("lease_until = lease_until - interval '1 hour'", expired.id);
        const auto used_up = waiting_job();
        shift("attempts = 2", used_up);
        const auto old = held_job();
        EXPECT_EQ(told(guarded_store(*all).fire(guarded::complete, old, "t")), "applied");
        EXPECT_TRUE(relay_of(*all).deliver_some());
        shift(
            "changed_at = changed_at - interval '1 day', created_at = created_at - interval "
            "'1 day'",
            old.id);
        // A job that goes on, with a token and a log that are old.
        const auto on = held_job();
        EXPECT_EQ(told(guarded_store(*all).fire(guarded::fail, on, "t")), "applied");
        for (const char* const suffix : {"_tokens", "_log", "_outbox"})
            here->run("UPDATE " + std::string(table) + suffix + " SET at = at - interval '1 day'");
        auto db = as("sweeper");
        const auto done = sm::sweeper<guarded::machine>(db, {.interval = 0ms}).sweep_once();
        answers said{told(done)};
        if (!done) return said;
        const auto& counts = done.value();
        if (counts.expired == 0) said.push_back("nothing expired");
        if (counts.exhausted == 0) said.push_back("nothing exhausted");
        if (counts.removed == 0) said.push_back("nothing removed");
        if (counts.forgotten == 0) said.push_back("nothing forgotten");
        return said;
    }

    static answers relays() {
        auto db = as("relay");
        answers said;
        for (const bool takes : {true, false}) {
            EXPECT_EQ(told(guarded_store(*all).fire(guarded::complete, held_job())), "applied");
            const auto done = relay_of(db, takes).deliver_some();
            said.push_back(told(done));
            if (done && takes && done.value().delivered == 0) said.push_back("nothing delivered");
        }
        // An event that was in flight when its group joined.
        EXPECT_EQ(told(guarded_store(*all).fire(guarded::complete, held_job())), "applied");
        here->run("DELETE FROM transcode_jobs_deliveries");
        here->run("UPDATE transcode_jobs_outbox SET generation = 0");
        said.push_back(told(relay_of(db).deliver_some()));
        static int number = 0;
        guarded_relay next{db, {.group = "group-" + std::to_string(++number)}, [](const auto&) {
                               return sm::success();
                           }};
        said.push_back(told(next.join()));
        // Or what it never gets would be kept for it.
        EXPECT_TRUE(sm::outbox<guarded::machine>(*all).leave("group-" + std::to_string(number)));
        return said;
    }

    static answers reads() {
        const auto id = waiting_job();
        auto db = as("reader");
        sm::reader<guarded::machine> jobs(db);
        return {told(jobs.read(id)), told(jobs.history(id)),
                told(sm::overview_of<guarded::machine>(db)),
                told(sm::outbox<guarded::machine>(db).parked("g"))};
    }

    static answers play(const std::string& role) {
        if (role == "jobs_submitter") return submits();
        if (role == "jobs_worker") return works();
        if (role == "jobs_sweeper") return sweeps();
        if (role == "jobs_relay") return relays();
        return reads();
    }

    static inline std::unique_ptr<throwaway_postgres> server;
    static inline std::unique_ptr<place> here;
    static inline std::unique_ptr<fault_proxy> between;
    static inline std::unique_ptr<sm::postgres::database> all;
    static inline std::string migrated;
};

const std::map<std::string, answers> expected{
    {"jobs_submitter", {"applied", "already_applied", "applied", "applied", "applied"}},
    {"jobs_worker",
     {"applied", "applied", "applied", "applied", "already_applied", "applied", "applied",
      "applied", "rejected: never_applied", "applied"}},
    {"jobs_sweeper", {"success"}},
    {"jobs_relay", {"success", "success", "success", "success"}},
    {"jobs_reader", {"success", "success", "success", "success"}}};

TEST_F(roles, as_documented_can_do_their_part) {
    EXPECT_EQ(migrated, "success");
    for (const auto& [role, said] : expected) EXPECT_EQ(play(role), said) << role;
}

TEST_F(roles, need_each_privilege_that_is_documented) {
    int privileges = 0;
    for (const auto& row : here->query(
             "SELECT privilege_type, table_name, grantee FROM "
             "information_schema.role_table_grants WHERE grantee LIKE 'jobs\\_%' AND grantee <> "
             "'jobs_owner' ORDER BY 3, 2, 1")) {
        ++privileges;
        const std::string grant = row[0] + " ON " + row[1];
        here->run("REVOKE " + grant + " FROM " + row[2]);
        EXPECT_NE(play(row[2]), expected.at(row[2])) << row[2] << " does not need " << grant;
        here->run("GRANT " + grant + " TO " + row[2]);
    }
    EXPECT_GT(privileges, 30);
}

TEST_F(roles, are_told_what_they_may_not_do_and_change_nothing) {
    const std::string denied = "error: permission_denied";
    const auto waiting = waiting_job();
    const auto held = held_job();
    const auto before = here->query("SELECT * FROM transcode_jobs ORDER BY id");
    for (const char* const user : {"submitter", "reader", "nobody"}) {
        auto db = as(user);
        auto jobs = guarded_store(db);
        EXPECT_EQ(told(jobs.claim(guarded::claim, {.owner = "w"})), denied) << user;
        EXPECT_EQ(told(jobs.claim_by_id(guarded::claim, waiting, {.owner = "w"})), denied) << user;
        EXPECT_EQ(told(jobs.renew(held)), denied) << user;
        EXPECT_EQ(told(jobs.fire(guarded::complete, held, "t")), denied) << user;
        EXPECT_EQ(told(jobs.fire(guarded::cancel, waiting, sm::any_version)), denied) << user;
        EXPECT_EQ(told(sm::sweeper<guarded::machine>(db, {.interval = 0ms}).sweep_once()), denied)
            << user;
    }
    for (const char* const user : {"worker", "sweeper", "relay", "reader", "nobody"}) {
        auto db = as(user);
        EXPECT_EQ(told(guarded_store(db).submit({}, {.key = "k"})), denied) << user;
    }
    for (const char* const user : {"submitter", "worker", "reader", "nobody"}) {
        auto db = as(user);
        EXPECT_EQ(told(relay_of(db).deliver_some()), denied) << user;
    }
    auto db = as("nobody");
    EXPECT_EQ(told(sm::reader<guarded::machine>(db).read(waiting)), denied);
    EXPECT_EQ(here->query("SELECT * FROM transcode_jobs ORDER BY id"), before);
}

TEST_F(roles, other_than_the_owner_cannot_change_the_schema) {
    here->run("ALTER TABLE transcode_jobs DROP COLUMN video");
    for (const char* const user : {"submitter", "worker", "sweeper", "relay", "reader", "nobody"}) {
        auto db = as(user);
        const auto said = told(sm::schema<guarded::machine>(db).migrate());
        EXPECT_EQ(said, "error: permission_denied") << user;
    }
    auto db = as("owner");
    EXPECT_EQ(told(sm::schema<guarded::machine>(db).migrate()), "success");
}

}  // namespace
