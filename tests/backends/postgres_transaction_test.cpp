// `database.transaction` where the connection, the deadline or the function's own statements fail.
#include "postgres_fixture.hpp"

#include <poll.h>

namespace {

using namespace postgres_test;
using sm::postgres::transaction;

constexpr statement insert{.text = "INSERT INTO together VALUES (1) RETURNING n",
                           .results = one_int};

/// One statement as a call on the transaction.
sm::result<ending> run_on(transaction& tx, const statement& what) {
    return tx.connection().transact(access::write,
                                    [&](sm::executor& inside) -> sm::result<verdict> {
                                        if (auto done = inside.execute(what, {}, no_rows); !done)
                                            return done.error();
                                        return verdict::commit;
                                    });
}

/// Runs a statement of the caller's own and says what the server answered.
std::string own(transaction& tx, const std::string& sql) {
    PGresult* const reply = PQexec(tx.handle(), sql.c_str());
    const std::string status = PQresStatus(PQresultStatus(reply));
    PQclear(reply);
    return status;
}

class postgres_transaction : public testing::Test {
protected:
    /// Inserts a row by a call and then ends as `end` says.
    template <class End>
    sm::result<ending> insert_and(End end) {
        return db.transaction([&](transaction& tx) -> sm::result<verdict> {
            EXPECT_EQ(outcome(run_on(tx, insert)), "provisional");
            return end(tx);
        });
    }

    const table t{"together", "n integer"};
    sm::postgres::database db = opened({.connections = 1});
};

TEST_F(postgres_transaction, that_is_lost_before_its_commit_may_be_run_again) {
    const auto lost = insert_and([&](transaction& tx) {
        t.by.run("SELECT pg_terminate_backend(" + std::to_string(PQbackendPID(tx.handle())) +
                 ", 60000)");
        // All that the server said has arrived, and libpq has not read it.
        EXPECT_TRUE(eventually([&] {
            pollfd watched{.fd = PQsocket(tx.handle()), .events = POLLRDHUP, .revents = 0};
            return poll(&watched, 1, 0) == 1;
        }));
        return verdict::commit;
    });
    EXPECT_EQ(outcome(lost), "cannot_connect");
    EXPECT_EQ(lost.error().what_is_known(), fate::not_applied_retry);
    EXPECT_EQ(t.rows(), "0");
    EXPECT_EQ(outcome(insert_and([](transaction&) { return verdict::commit; })), "committed");
}

TEST_F(postgres_transaction, that_is_lost_inside_its_commit_is_unknown) {
    t.by.run(
        "CREATE OR REPLACE FUNCTION die_in_commit() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); "
        "RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON together DEFERRABLE "
        "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die_in_commit()");
    const auto lost = insert_and([](transaction&) { return verdict::commit; });
    EXPECT_EQ(outcome(lost), "connection_lost");
    EXPECT_EQ(lost.error().what_is_known(), fate::unknown);
}

TEST_F(postgres_transaction, commits_nothing_after_its_deadline) {
    auto hasty = opened({.deadline = 300ms, .connections = 1});
    const auto begun = std::chrono::steady_clock::now();
    const auto late = hasty.transaction([&](transaction& tx) -> sm::result<verdict> {
        EXPECT_EQ(outcome(run_on(tx, insert)), "provisional");
        while (std::chrono::steady_clock::now() < begun + 300ms) {
        }
        return verdict::commit;
    });
    EXPECT_EQ(late.error().what_is_known(), fate::not_applied_retry);
    EXPECT_EQ(t.rows(), "0");
    EXPECT_EQ(outcome(run(hasty, insert)), "committed");
}

TEST_F(postgres_transaction, is_not_committed_after_a_failed_statement_of_the_caller) {
    const auto failed = insert_and([](transaction& tx) {
        EXPECT_EQ(own(tx, "SELECT 1/0"), "PGRES_FATAL_ERROR");
        EXPECT_EQ(outcome(run_on(tx, insert)), "transaction_aborted");
        return verdict::commit;
    });
    EXPECT_EQ(outcome(failed), "transaction_aborted");
    EXPECT_EQ(t.rows(), "0");
    EXPECT_EQ(outcome(insert_and([](transaction& tx) {
                  EXPECT_EQ(own(tx, "SAVEPOINT mine"), "PGRES_COMMAND_OK");
                  EXPECT_EQ(own(tx, "SELECT 1/0"), "PGRES_FATAL_ERROR");
                  EXPECT_EQ(own(tx, "ROLLBACK TO mine"), "PGRES_COMMAND_OK");
                  return verdict::commit;
              })),
              "committed");
}

TEST_F(postgres_transaction, is_not_committed_while_a_reply_is_unread) {
    const auto unread = insert_and([](transaction& tx) {
        EXPECT_EQ(PQsendQuery(tx.handle(), "SELECT 1"), 1);
        EXPECT_EQ(outcome(run_on(tx, insert)), "nested_call");
        return verdict::commit;
    });
    EXPECT_EQ(outcome(unread), "nested_call");
    const auto pipelined = insert_and([](transaction& tx) {
        EXPECT_EQ(PQenterPipelineMode(tx.handle()), 1);
        return verdict::commit;
    });
    EXPECT_EQ(outcome(pipelined), "nested_call");
    EXPECT_EQ(t.rows(), "0");
    EXPECT_EQ(outcome(run(db, insert)), "committed");
}

TEST_F(postgres_transaction, waits_in_the_callers_statements_as_a_fresh_connection_does) {
    EXPECT_EQ(outcome(insert_and([](transaction& tx) {
                  EXPECT_EQ(PQisnonblocking(tx.handle()), 0);
                  EXPECT_EQ(own(tx, "INSERT INTO together VALUES (2)"), "PGRES_COMMAND_OK");
                  return verdict::commit;
              })),
              "committed");
    EXPECT_EQ(t.rows(), "2");
}

TEST_F(postgres_transaction, reuses_the_statements_of_the_connection) {
    EXPECT_EQ(outcome(run(db, insert)), "committed");
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(outcome(insert_and([](transaction& tx) {
                      PGresult* const reply =
                          PQexec(tx.handle(), "SELECT count(*) FROM pg_prepared_statements");
                      EXPECT_STREQ(PQgetvalue(reply, 0, 0), "1");
                      PQclear(reply);
                      return verdict::commit;
                  })),
                  "committed");
}

TEST_F(postgres_transaction, plans_the_callers_statements_as_its_settings_say) {
    const std::string where = conninfo() + " options='-cplan_cache_mode=force_custom_plan'";
    auto particular = opened({.connections = 1}, where);
    const auto plan = [](PGconn* on) {
        PGresult* const reply =
            PQexec(on,
                   "SELECT concat_ws(' ', current_setting('plan_cache_mode'), "
                   "current_setting('enable_seqscan'), current_setting('jit'))");
        std::string said = PQgetvalue(reply, 0, 0);
        PQclear(reply);
        return said;
    };
    const auto expect_in = [&](sm::postgres::database& on, const std::string& wanted) {
        const auto done = on.transaction([&](transaction& tx) -> sm::result<void> {
            EXPECT_EQ(plan(tx.handle()), wanted);
            return sm::success();
        });
        EXPECT_EQ(outcome(done), "committed");
    };
    for (int i = 0; i < 2; ++i) expect_in(db, plan(t.by.get()));
    expect_in(particular, plan(raw(where).get()));
}

TEST_F(postgres_transaction, keeps_what_came_before_a_statement_that_the_schema_outdated) {
    EXPECT_EQ(outcome(run(db, insert)), "committed");
    const auto done = db.transaction([&](transaction& tx) -> sm::result<void> {
        EXPECT_EQ(own(tx, "INSERT INTO together VALUES (7)"), "PGRES_COMMAND_OK");
        EXPECT_EQ(own(tx, "ALTER TABLE together ALTER n TYPE bigint"), "PGRES_COMMAND_OK");
        EXPECT_EQ(outcome(run_on(tx, insert)), "provisional");
        return sm::success();
    });
    EXPECT_EQ(outcome(done), "committed");
    EXPECT_EQ(t.by.ask("SELECT string_agg(n::text, ',' ORDER BY n) FROM together"), "1,1,7");
}

TEST_F(postgres_transaction, of_another_database_is_not_nested) {
    auto other = opened({.connections = 1});
    EXPECT_EQ(outcome(insert_and([&](transaction&) {
                  EXPECT_EQ(outcome(run(other, insert)), "committed");
                  EXPECT_EQ(outcome(run(db, insert)), "nested_call");
                  return verdict::commit;
              })),
              "committed");
    EXPECT_EQ(t.rows(), "2");
}

}  // namespace
