#include "postgres_fixture.hpp"

#include <latch>
#include <thread>

namespace {

using namespace postgres_test;
using sm::postgres::borrow;

std::string settings_of(const raw& mine) {
    return mine.ask(
        "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings");
}

constexpr statement insert_one{.text = "INSERT INTO borrowed VALUES (1) RETURNING n",
                               .results = one_int};

TEST(postgres_borrowed, is_provisional_until_the_caller_commits) {
    const table t("borrowed", "n integer");
    const raw mine;
    auto db = borrow(mine.get()).value();
    for (const auto need : {access::single, access::write}) {
        mine.run("BEGIN");
        EXPECT_EQ(outcome(run(db, insert_one, {}, no_rows, need)), "provisional");
        EXPECT_EQ(mine.ask("SELECT count(*) FROM borrowed"), "1");
        EXPECT_EQ(t.rows(), "0");
        mine.run("ROLLBACK");
        EXPECT_EQ(t.rows(), "0");
    }
    mine.run("BEGIN");
    EXPECT_EQ(outcome(run(db, insert_one)), "provisional");
    mine.run("COMMIT");
    EXPECT_EQ(t.rows(), "1");
}

TEST(postgres_borrowed, commits_by_itself_outside_of_a_transaction) {
    const table t("borrowed", "n integer");
    const raw mine;
    auto db = borrow(mine.get()).value();
    EXPECT_EQ(outcome(run(db, insert_one)), "committed");
    EXPECT_EQ(outcome(run(db, insert_one, {}, no_rows, access::write)), "committed");
    EXPECT_EQ(t.rows(), "2");
}

TEST(postgres_borrowed, undoes_its_own_work_only) {
    const table t("borrowed", "n integer");
    const raw mine;
    auto db = borrow(mine.get()).value();
    mine.run("BEGIN; SAVEPOINT statemachine; INSERT INTO borrowed VALUES (10)");
    const auto undone =
        db.connection().transact(access::write, [](sm::executor& inside) -> sm::result<verdict> {
            inside.execute(insert_one, {}, no_rows).value();
            return verdict::roll_back;
        });
    EXPECT_EQ(outcome(undone), "rolled_back");
    EXPECT_EQ(outcome(run(db, "SELECT 1/0")), "invalid_value");
    EXPECT_EQ(ask(db, "SELECT 1, 2", column_type::int64), "undeclared_value");
    EXPECT_EQ(PQtransactionStatus(mine.get()), PQTRANS_INTRANS);
    mine.run("RELEASE SAVEPOINT statemachine; COMMIT");
    EXPECT_EQ(t.by.ask("SELECT sum(n) FROM borrowed"), "10");
}

TEST(postgres_borrowed, leaves_the_connection_as_it_was) {
    const table t("borrowed", "n integer");
    const raw mine;
    const auto before = settings_of(mine);
    {
        auto db = borrow(mine.get(), {.deadline = 1s}).value();
        for (const int mode : {0, 1}) {
            ASSERT_EQ(PQsetnonblocking(mine.get(), mode), 0);
            EXPECT_EQ(outcome(run(db, insert_one)), "committed");
            EXPECT_EQ(outcome(run(db, "SELECT 1/0", access::write)), "invalid_value");
            EXPECT_EQ(PQisnonblocking(mine.get()), mode);
        }
        ASSERT_EQ(PQsetnonblocking(mine.get(), 0), 0);
    }
    EXPECT_EQ(settings_of(mine), before);
    EXPECT_EQ(mine.ask("SELECT count(*) FROM pg_prepared_statements"), "0");
    EXPECT_EQ(PQtransactionStatus(mine.get()), PQTRANS_IDLE);
}

TEST(postgres_borrowed, keeps_the_callers_notice_receiver) {
    const raw mine;
    int notices = 0;
    PQsetNoticeReceiver(
        mine.get(), [](void* count, const PGresult*) { ++*static_cast<int*>(count); }, &notices);
    auto db = borrow(mine.get()).value();
    EXPECT_EQ(outcome(run(db, "DO $$ BEGIN RAISE NOTICE 'hear'; END $$")), "committed");
    EXPECT_EQ(notices, 1);
}

TEST(postgres_borrowed, refuses_a_connection_that_cannot_take_the_call) {
    const raw mine;
    auto db = borrow(mine.get()).value();
    mine.run("BEGIN");
    mine.ask("SELECT 1/0");
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "transaction_aborted");
    mine.run("ROLLBACK");

    ASSERT_EQ(PQsendQuery(mine.get(), "SELECT 1"), 1);
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "nested_call");
    while (PGresult* reply = PQgetResult(mine.get())) PQclear(reply);

    ASSERT_EQ(PQenterPipelineMode(mine.get()), 1);
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "nested_call");
    ASSERT_EQ(PQexitPipelineMode(mine.get()), 1);

    mine.run("SET client_encoding = 'LATIN1'");
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "misconfigured");
    mine.run("SET client_encoding = 'UTF8'");
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "committed");
}

TEST(postgres_borrowed, refuses_no_connection_and_a_closed_one) {
    EXPECT_EQ(outcome(borrow(nullptr)), "invalid_argument");
    PGconn* const never = PQconnectdb("host=/nowhere");
    EXPECT_EQ(outcome(borrow(never)), "cannot_connect");
    PQfinish(never);
}

TEST(postgres_borrowed, tells_a_lost_race_under_the_callers_isolation_level) {
    const table t("borrowed", "n integer");
    t.by.run("INSERT INTO borrowed VALUES (1)");
    const raw mine;
    mine.run("SET default_transaction_isolation = 'repeatable read'");
    auto db = borrow(mine.get()).value();
    mine.run("BEGIN; SELECT * FROM borrowed");
    t.by.run("UPDATE borrowed SET n = 2");
    const auto lost = run(db, "UPDATE borrowed SET n = 3");
    EXPECT_EQ(outcome(lost), "serialization_failure");
    EXPECT_EQ(lost.error().native(), "40001");
    EXPECT_EQ(PQtransactionStatus(mine.get()), PQTRANS_INTRANS);
    mine.run("ROLLBACK");
    EXPECT_EQ(outcome(run(db, "UPDATE borrowed SET n = 3", access::write)), "committed");
}

TEST(postgres_borrowed, gives_up_at_the_deadline_and_stays_open) {
    const table t("borrowed", "n integer");
    t.by.run("INSERT INTO borrowed VALUES (1)");
    t.by.run("BEGIN; UPDATE borrowed SET n = 2");
    const raw mine;
    auto db = borrow(mine.get(), {.deadline = 200ms}).value();
    mine.run("BEGIN");
    EXPECT_EQ(outcome(run(db, "UPDATE borrowed SET n = 3")), "deadline_passed");
    EXPECT_EQ(PQtransactionStatus(mine.get()), PQTRANS_ACTIVE);
    EXPECT_EQ(outcome(run(db, "SELECT 1")), "nested_call");
    t.by.run("ROLLBACK");
    while (PGresult* reply = PQgetResult(mine.get())) PQclear(reply);
    mine.run("ROLLBACK");
}

TEST(postgres_borrowed, that_the_server_closed_is_told) {
    const raw mine, by;
    auto db = borrow(mine.get()).value();
    by.run("SELECT pg_terminate_backend(" + std::to_string(PQbackendPID(mine.get())) + ", 60000)");
    mine.ask("SELECT 1");
    const auto done = run(db, "SELECT 1");
    EXPECT_EQ(outcome(done), "cannot_connect");
}

TEST(postgres_borrowed, serves_threads_in_turn) {
    const table t("borrowed", "n integer");
    const raw mine;
    auto db = borrow(mine.get(), {.deadline = 20s}).value();
    std::latch inside(1);
    std::thread other;
    const auto first =
        db.connection().transact(access::write, [&](sm::executor& now) -> sm::result<verdict> {
            other = std::thread([&] {
                inside.wait();
                EXPECT_EQ(outcome(run(db, insert_one)), "committed");
            });
            inside.count_down();
            for (int row = 0; row < 100; ++row) now.execute(insert_one, {}, no_rows).value();
            EXPECT_EQ(t.rows(), "0");
            return verdict::commit;
        });
    other.join();
    EXPECT_EQ(outcome(first), "committed");
    EXPECT_EQ(t.rows(), "101");
}

}  // namespace
