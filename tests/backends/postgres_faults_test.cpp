#include "postgres_fixture.hpp"
#include "support/postgres_server.hpp"

#include <atomic>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

namespace {

using namespace postgres_test;
using sm::tests::throwaway_postgres;

/// One server for all tests of the suite, thawed and running at the start of each.
class postgres_faults : public testing::Test {
protected:
    static void SetUpTestSuite() { server = std::make_unique<throwaway_postgres>(); }
    static void TearDownTestSuite() { server.reset(); }
    void SetUp() override { server->start(); }

    static sm::postgres::database opened_here(sm::postgres::options how = {.connections = 1}) {
        return opened(how, server->conninfo());
    }

    static inline std::unique_ptr<throwaway_postgres> server;
};

/// A call on a thread of its own.
class call {
public:
    template <class Body>
    explicit call(Body body)
        : thread_([this, body] {
              done_.emplace(body());
              ended_ = true;
          }) {}
    ~call() {
        if (thread_.joinable()) thread_.join();
    }
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    bool ended() const { return ended_; }
    const sm::result<ending>& end() {
        thread_.join();
        return *done_;
    }

private:
    std::optional<sm::result<ending>> done_;
    std::atomic<bool> ended_ = false;
    std::thread thread_;
};

/// A table with one row that somebody else keeps locked, so that a call stands still inside its
/// statement for as long as the test wants.
struct locked_row : table {
    explicit locked_row(const std::string& where) : table("locked_row", "n integer", where) {
        by.run("INSERT INTO locked_row VALUES (1)");
        by.run("BEGIN; UPDATE locked_row SET n = 2");
    }
    void unlock() const { by.run("ROLLBACK"); }
};

constexpr const char* blocked = "UPDATE locked_row SET n = 3";

TEST_F(postgres_faults, a_connection_that_died_while_idle_is_replaced) {
    auto db = opened_here();
    const raw watcher(server->conninfo());
    for (const auto need : {access::single, access::write, access::read}) {
        const auto session = ask(db, "SELECT pg_backend_pid()", column_type::int64);
        watcher.run("SELECT pg_terminate_backend(" + session + ", 60000)");
        EXPECT_EQ(outcome(run(db, "SELECT 1", need)), "committed");
    }
}

TEST_F(postgres_faults, a_connection_that_dies_inside_a_statement_leaves_only_a_single_unknown) {
    struct {
        sm::access need;
        const char* code;
        fate known;
    } const cases[] = {{access::single, "connection_lost", fate::unknown},
                       {access::write, "cannot_connect", fate::not_applied_retry},
                       {access::read, "cannot_connect", fate::not_applied_retry}};
    for (const auto& [need, code, known] : cases) {
        const locked_row row(server->conninfo());
        auto db = opened_here();
        const raw watcher(server->conninfo());
        call stuck([&db, need = need] { return run(db, blocked, need); });
        ASSERT_TRUE(eventually([&] { return waits_for_lock(watcher, blocked); }));
        terminate(watcher, blocked);
        const auto& done = stuck.end();
        EXPECT_EQ(outcome(done), code);
        EXPECT_EQ(done.error().what_is_known(), known);
        EXPECT_EQ(done.error().native(), "57P01");
        row.unlock();
        EXPECT_EQ(outcome(run(db, blocked)), "committed");
    }
}

TEST_F(postgres_faults, a_connection_that_dies_inside_commit_leaves_the_fate_unknown) {
    const table t("dies_in_commit", "n integer", server->conninfo());
    t.by.run(
        "CREATE OR REPLACE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON dies_in_commit DEFERRABLE "
        "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_in_commit();"
        "SELECT pg_advisory_lock(4711)");
    auto db = opened_here();
    const raw watcher(server->conninfo());
    call stuck([&] { return run(db, "INSERT INTO dies_in_commit VALUES (1)", access::write); });
    ASSERT_TRUE(eventually([&] { return waits_for_lock(watcher, "COMMIT"); }));
    terminate(watcher, "COMMIT");
    EXPECT_EQ(outcome(stuck.end()), "connection_lost");
}

TEST_F(postgres_faults, a_server_that_is_killed_inside_a_statement_leaves_a_single_unknown) {
    const locked_row row(server->conninfo());
    auto db = opened_here();
    const raw watcher(server->conninfo());
    call stuck([&] { return run(db, blocked); });
    ASSERT_TRUE(eventually([&] { return waits_for_lock(watcher, blocked); }));
    server->kill();
    EXPECT_EQ(outcome(stuck.end()), "connection_lost");
    const auto down = run(db, blocked);
    EXPECT_EQ(outcome(down), "cannot_connect");
    EXPECT_NE(down.error().message().find("check that it runs"), std::string::npos);
    server->start();
    EXPECT_EQ(outcome(run(db, blocked)), "committed");
}

TEST_F(postgres_faults, a_server_that_was_restarted_between_calls_is_not_noticed) {
    auto db = opened_here({.connections = 4});
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "committed");
    server->stop();
    server->start();
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "committed");
    server->kill();
    server->start();
    EXPECT_EQ(outcome(run(db, "SELECT 1", access::write)), "committed");
}

TEST_F(postgres_faults, a_server_that_is_down_is_told_at_once) {
    const auto where = server->tcp_conninfo();
    server->stop();
    const auto begin = std::chrono::steady_clock::now();
    const auto done = sm::postgres::connect(where, {.deadline = 300s});
    EXPECT_EQ(outcome(done), "cannot_connect");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);
    EXPECT_NE(done.error().message().find("No server listens"), std::string::npos);
}

TEST_F(postgres_faults, a_frozen_server_holds_no_call_beyond_its_deadline) {
    struct {
        sm::access need;
        const char* code;
    } const cases[] = {{access::single, "deadline_passed"},
                       {access::write, "cancelled"},
                       {access::read, "cancelled"}};
    for (const auto& [need, code] : cases) {
        auto db = opened_here({.deadline = 1s, .connections = 1});
        server->freeze();
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(outcome(run(db, "SELECT 1", need)), code);
        EXPECT_EQ(outcome(run(db, "SELECT 1", need)), "cannot_connect");
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
        server->thaw();
        auto patient = opened_here();
        EXPECT_EQ(outcome(run(patient, "SELECT 1", need)), "committed");
    }
}

TEST_F(postgres_faults, a_frozen_server_takes_no_more_than_its_share_of_several_hosts) {
    server->freeze();
    const auto both = "host='" + server->directory() + "/socket," + server->directory() +
                      "/nowhere' port=" + std::to_string(server->port()) + " user=postgres";
    const auto begin = std::chrono::steady_clock::now();
    const auto done = sm::postgres::connect(both, {.deadline = 1s});
    const auto took = std::chrono::steady_clock::now() - begin;
    server->thaw();
    EXPECT_EQ(outcome(done), "cannot_connect");
    EXPECT_NE(done.error().message().find("Unix socket"), std::string::npos)
        << done.error().message();
    EXPECT_GE(took, 500ms);
    EXPECT_LT(took, 1s);
}

/// A server that waits for a standby which never comes.
struct missing_standby {
    explicit missing_standby(const raw& with) : by(with) { set("nobody"); }
    ~missing_standby() { set(""); }
    missing_standby(const missing_standby&) = delete;
    missing_standby& operator=(const missing_standby&) = delete;

    void set(const std::string& name) const {
        by.run("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'");
        by.run("SELECT pg_reload_conf()");
    }
    bool cancel_a_waiting_commit() const {
        return by.ask(
                   "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = "
                   "'SyncRep'") == "t";
    }

    const raw& by;
};

TEST_F(postgres_faults, a_commit_that_its_standby_never_confirmed_is_not_called_committed) {
    const table t("unconfirmed", "n integer", server->conninfo());
    auto db = opened_here();
    const missing_standby standby(t.by);
    int calls = 0;
    // The setting takes a moment to reach the server's processes: calls before that are committed.
    const auto unconfirmed = [&](sm::access need) {
        for (;;) {
            ++calls;
            call stuck([&db, need] { return run(db, "INSERT INTO unconfirmed VALUES (1)", need); });
            bool cancelled = false;
            EXPECT_TRUE(eventually([&] {
                cancelled = standby.cancel_a_waiting_commit();
                return cancelled || stuck.ended();
            }));
            if (const auto done = stuck.end(); cancelled || !done) return done;
        }
    };
    for (const auto need : {access::single, access::write}) {
        const auto done = unconfirmed(need);
        EXPECT_EQ(outcome(done), "committed_locally");
    }
    EXPECT_EQ(t.rows(), std::to_string(calls));
    standby.set("");
    EXPECT_EQ(outcome(run(db, "INSERT INTO unconfirmed VALUES (1)")), "committed");
}

TEST_F(postgres_faults, a_standby_takes_no_calls_until_it_is_promoted) {
    const table t("promoted", "n integer", server->conninfo());
    auto db = opened_here();
    server->stop();
    std::ofstream(server->directory() + "/data/standby.signal").close();
    server->start();

    const auto refused = sm::postgres::connect(server->conninfo());
    EXPECT_EQ(outcome(refused), "read_only");
    EXPECT_EQ(outcome(run(db, "INSERT INTO promoted VALUES (1)")), "cannot_connect");
    auto reader = opened({.connections = 1}, server->conninfo() + " target_session_attrs=any");
    EXPECT_EQ(ask(reader, "SELECT count(*) FROM promoted", column_type::int64), "0");
    EXPECT_EQ(outcome(run(reader, "INSERT INTO promoted VALUES (1)")), "read_only");

    raw(server->conninfo()).run("SELECT pg_promote()");
    EXPECT_EQ(outcome(run(db, "INSERT INTO promoted VALUES (1)")), "committed");
}

TEST_F(postgres_faults, a_wrong_or_missing_password_is_told_without_showing_it) {
    const raw by(server->conninfo());
    by.run("CREATE ROLE guarded LOGIN PASSWORD 'swordfish'");
    {
        const auto file = server->directory() + "/data/pg_hba.conf";
        std::ofstream(file) << "local all postgres trust\nlocal all all scram-sha-256\n";
        by.run("SELECT pg_reload_conf()");
    }
    const auto as_guarded = [](const std::string& password) {
        return sm::postgres::connect(server->conninfo() + " user=guarded passfile=/nowhere" +
                                     password);
    };
    ASSERT_TRUE(eventually([&] { return !as_guarded(""); }));
    EXPECT_EQ(outcome(as_guarded("")), "authentication_failed");
    const auto wrong = as_guarded(" password=hunter2");
    EXPECT_EQ(outcome(wrong), "authentication_failed");
    EXPECT_EQ(wrong.error().native(), "28P01");
    EXPECT_EQ(wrong.error().message().find("hunter2"), std::string::npos);
    EXPECT_EQ(outcome(as_guarded(" password=swordfish")), "success");
}

}  // namespace
