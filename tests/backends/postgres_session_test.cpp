#include "postgres_fixture.hpp"

namespace {

using namespace postgres_test;

TEST(postgres_single, commits_by_itself) {
    const table t("single_commits", "n integer");
    auto db = opened();
    EXPECT_EQ(outcome(run(db, "INSERT INTO single_commits VALUES (1)")), "committed");
    EXPECT_EQ(t.rows(), "1");
}

TEST(postgres_single, refuses_a_second_statement) {
    const table t("single_once", "n integer");
    auto db = opened();
    const auto done =
        db.connection().transact(access::single, [](sm::executor& inside) -> sm::result<verdict> {
            inside.execute(plain("INSERT INTO single_once VALUES (1)"), {}, no_rows).value();
            auto second = inside.execute(plain("INSERT INTO single_once VALUES (2)"), {}, no_rows);
            if (!second) return second.error();
            return verdict::commit;
        });
    EXPECT_EQ(outcome(done), "unexpected");
    EXPECT_EQ(t.rows(), "1");
}

TEST(postgres_single, says_committed_even_when_the_work_changes_its_mind) {
    const table t("single_mind", "n integer");
    auto db = opened();
    const auto done =
        db.connection().transact(access::single, [](sm::executor& inside) -> sm::result<verdict> {
            inside.execute(plain("INSERT INTO single_mind VALUES (1)"), {}, no_rows).value();
            return verdict::roll_back;
        });
    EXPECT_EQ(outcome(done), "committed");
    EXPECT_EQ(t.rows(), "1");
}

TEST(postgres_single, takes_as_long_as_its_own_deadline_and_leaves_the_limits_as_they_were) {
    sm::postgres::options how;
    how.deadline = 400ms;
    how.connections = 1;
    auto db = sm::postgres::connect(conninfo(), how).value();
    const auto until = std::chrono::steady_clock::now() + 60s;
    const auto longer = db.connection().transact(
        access::single, until, [](sm::executor& inside) -> sm::result<verdict> {
            auto done = inside.execute(plain("SELECT pg_sleep(1)"), {}, no_rows);
            if (!done) return done.error();
            return verdict::commit;
        });
    EXPECT_EQ(outcome(longer), "committed");
    EXPECT_EQ(outcome(run(db, "SELECT pg_sleep(1)")), "cancelled");
}

TEST(postgres_write, commits_all_or_nothing) {
    const table t("write_all", "n integer PRIMARY KEY");
    auto db = opened();
    const auto insert = [&db](std::initializer_list<const char*> texts, verdict wanted) {
        return db.connection().transact(
            access::write, [&](sm::executor& inside) -> sm::result<verdict> {
                for (const auto* text : texts)
                    if (auto done = inside.execute(plain(text), {}, no_rows); !done)
                        return done.error();
                return wanted;
            });
    };
    const auto* const one = "INSERT INTO write_all VALUES (1)";
    const auto* const two = "INSERT INTO write_all VALUES (2)";
    EXPECT_EQ(outcome(insert({one, two}, verdict::roll_back)), "rolled_back");
    EXPECT_EQ(t.rows(), "0");
    EXPECT_EQ(outcome(insert({one, two, one}, verdict::commit)), "unique_violated");
    EXPECT_EQ(t.rows(), "0");
    EXPECT_EQ(outcome(insert({one, two}, verdict::commit)), "committed");
    EXPECT_EQ(t.rows(), "2");
}

TEST(postgres_write, that_failed_inside_is_not_reported_as_committed) {
    const table t("write_aborted", "n integer");
    auto db = opened();
    const auto done =
        db.connection().transact(access::write, [](sm::executor& inside) -> sm::result<verdict> {
            inside.execute(plain("INSERT INTO write_aborted VALUES (1)"), {}, no_rows).value();
            EXPECT_FALSE(inside.execute(plain("SELECT 1/0"), {}, no_rows));
            return verdict::commit;
        });
    EXPECT_EQ(outcome(done), "transaction_aborted");
    EXPECT_EQ(t.rows(), "0");
}

TEST(postgres_write, leaves_the_connection_clean_after_every_ending) {
    auto db = opened({.connections = 1});
    const auto before = ask(db, "SELECT pg_backend_pid()", column_type::int64);
    EXPECT_EQ(outcome(run(db, "SELECT 1/0", access::write)), "invalid_value");
    EXPECT_EQ(outcome(run(db, "SELECT 1/0")), "invalid_value");
    EXPECT_EQ(ask(db, "SELECT 1, 2", column_type::int64), "undeclared_value");
    EXPECT_EQ(ask(db, "SELECT pg_backend_pid()", column_type::int64), before);
}

// The rows of an autocommitted statement come before its commit, which may still fail.
TEST(postgres_commit, that_is_refused_after_the_rows_is_no_success) {
    const table t("commit_refused", "n integer, UNIQUE (n) DEFERRABLE INITIALLY DEFERRED");
    t.by.run("INSERT INTO commit_refused VALUES (1)");
    auto db = opened();
    constexpr statement insert{.text = "INSERT INTO commit_refused VALUES (1) RETURNING n",
                               .results = one_int};
    for (const auto need : {access::single, access::write}) {
        std::size_t rows = 0;
        const auto done = run(
            db, insert, {}, [&rows](auto) { ++rows; }, need);
        EXPECT_EQ(outcome(done), "unique_violated");
        if (need == access::single) {
            EXPECT_EQ(rows, 0U);
        }
    }
    EXPECT_EQ(t.rows(), "1");
}

TEST(postgres_read, sees_what_was_committed_between_its_statements) {
    const table t("read_sees", "n integer");
    auto db = opened();
    std::size_t first = 9, second = 9;
    const statement all{.text = "SELECT n FROM read_sees", .results = one_int, .prepared = false};
    const auto done =
        db.connection().transact(access::read, [&](sm::executor& inside) -> sm::result<verdict> {
            first = inside.execute(all, {}, no_rows).value();
            t.by.run("INSERT INTO read_sees VALUES (1)");
            second = inside.execute(all, {}, no_rows).value();
            return verdict::commit;
        });
    EXPECT_EQ(outcome(done), "committed");
    EXPECT_EQ(first, 0U);
    EXPECT_EQ(second, 1U);
}

TEST(postgres_session, runs_several_commands_in_one_text) {
    auto db = opened();
    EXPECT_EQ(outcome(run(db,
                          "CREATE TABLE several (n integer); INSERT INTO several VALUES (1), (2);"
                          "CREATE INDEX ON several (n); DROP TABLE several",
                          access::write)),
              "committed");
}

TEST(postgres_session, lets_the_server_end_a_call_before_its_deadline_definitely) {
    const table t("ends_first", "n integer");
    t.by.run("INSERT INTO ends_first VALUES (1)");
    t.by.run("BEGIN; UPDATE ends_first SET n = 2");
    auto db = opened({.deadline = 2s, .connections = 1});
    const auto session = ask(db, "SELECT pg_backend_pid()", column_type::int64);
    EXPECT_EQ(outcome(run(db, "UPDATE ends_first SET n = 3")), "busy");
    EXPECT_EQ(outcome(run(db, "UPDATE ends_first SET n = 3", access::write)), "busy");
    const auto slow = run(db, "SELECT pg_sleep(60)");
    EXPECT_EQ(outcome(slow), "cancelled");
    EXPECT_EQ(slow.error().native(), "57014");
    EXPECT_EQ(ask(db, "SELECT pg_backend_pid()", column_type::int64), session);
    t.by.run("ROLLBACK");
    EXPECT_EQ(outcome(run(db, "UPDATE ends_first SET n = 4")), "committed");
}

TEST(postgres_session, works_at_read_committed_in_utf_8_whatever_the_surroundings_say) {
    auto db = opened({}, conninfo() +
                             " client_encoding=LATIN1 "
                             "options='-c default_transaction_isolation=serializable'");
    EXPECT_EQ(ask(db, "SELECT current_setting('transaction_isolation')"), "read committed");
    EXPECT_EQ(ask(db, "SELECT current_setting('client_encoding')"), "UTF8");
}

TEST(postgres_session, names_itself_unless_the_user_does) {
    auto db = opened();
    auto named = opened({}, conninfo() + " application_name=transcoder");
    EXPECT_EQ(ask(db, "SELECT current_setting('application_name')"), "statemachine");
    EXPECT_EQ(ask(named, "SELECT current_setting('application_name')"), "transcoder");
}

TEST(postgres_session, prints_nothing) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    auto db = opened();
    const auto done = run(db, "DO $$ BEGIN RAISE WARNING 'loud'; END $$");
    const auto refused = sm::postgres::connect("host=/nowhere");
    const auto printed =
        testing::internal::GetCapturedStderr() + testing::internal::GetCapturedStdout();
    EXPECT_EQ(outcome(done), "committed");
    EXPECT_FALSE(refused);
    EXPECT_EQ(printed, "");
}

TEST(postgres_session, names_what_is_missing_but_shows_no_values) {
    const table t("shows_names", "n integer CONSTRAINT small_enough CHECK (n < 10)");
    auto db = opened();
    const auto missing = run(db, "INSERT INTO no_such_table VALUES (4711)");
    EXPECT_EQ(outcome(missing), "schema_missing");
    EXPECT_NE(missing.error().message().find("no_such_table"), std::string::npos);
    const auto drifted = run(db, "UPDATE shows_names SET no_such_column = 4711");
    EXPECT_EQ(outcome(drifted), "schema_drifted");
    EXPECT_NE(drifted.error().message().find("no_such_column"), std::string::npos);
    const auto violated = run(db, "INSERT INTO shows_names VALUES (4711)");
    EXPECT_EQ(outcome(violated), "constraint_violated");
    EXPECT_EQ(violated.error().native(), "23514");
    EXPECT_NE(violated.error().message().find("small_enough"), std::string::npos);
    for (const auto* done : {&missing, &drifted, &violated})
        EXPECT_EQ(done->error().message().find("4711"), std::string::npos);
}

TEST(postgres_session, tells_a_role_that_may_not_write) {
    const table t("may_not", "n integer");
    t.by.run("DROP ROLE IF EXISTS may_not_write; CREATE ROLE may_not_write LOGIN");
    {
        auto db = opened({}, conninfo() + " user=may_not_write");
        const auto done = run(db, "INSERT INTO may_not VALUES (1)");
        EXPECT_EQ(outcome(done), "permission_denied");
        auto frozen = opened({}, conninfo() + " options='-c default_transaction_read_only=on'");
        EXPECT_EQ(outcome(run(frozen, "INSERT INTO may_not VALUES (1)")), "read_only");
    }
    t.by.run("DROP ROLE may_not_write");
}

}  // namespace
