#include "postgres_fixture.hpp"

namespace {

using namespace postgres_test;

constexpr column_type one_text[] = {column_type::text};
constexpr statement count_kept{
    .text = "SELECT count(*) FROM pg_prepared_statements", .results = one_int, .prepared = false};
constexpr statement double_it{.text = "SELECT $1 * 2", .results = one_int};
constexpr statement one_off{.text = "SELECT $1 * 3", .results = one_int, .prepared = false};
constexpr value twenty_one = value::integer(column_type::int64, 21);

TEST(postgres_statements, are_prepared_once_on_each_connection) {
    auto db = opened({.connections = 1});
    EXPECT_EQ(ask(db, count_kept), "0");
    EXPECT_EQ(ask(db, double_it, {&twenty_one, 1}), "42");
    EXPECT_EQ(ask(db, double_it, {&twenty_one, 1}), "42");
    EXPECT_EQ(ask(db, count_kept), "1");
}

// Behind a pooler, one client's statement could otherwise be run in place of another's.
TEST(postgres_statements, have_names_that_no_other_connection_uses) {
    constexpr statement name{.text = "SELECT name FROM pg_prepared_statements",
                             .results = one_text};
    auto first = opened({.connections = 1});
    auto second = opened({.connections = 1});
    EXPECT_NE(ask(first, name), ask(second, name));
}

TEST(postgres_statements, that_are_not_worth_keeping_are_not_kept) {
    auto db = opened({.connections = 1});
    EXPECT_EQ(ask(db, one_off, {&twenty_one, 1}), "63");
    EXPECT_EQ(ask(db, count_kept), "0");
}

TEST(postgres_statements, leave_nothing_behind_under_transaction_pooling) {
    auto db = opened({.connections = 1, .transaction_pooling = true});
    EXPECT_EQ(ask(db, double_it, {&twenty_one, 1}), "42");
    EXPECT_EQ(ask(db, count_kept), "0");
    const auto changed =
        ask(db, "SELECT string_agg(name, ' ') FROM pg_settings WHERE source = 'session'");
    EXPECT_EQ(changed, "null");
}

TEST(postgres_statements, that_the_server_refuses_to_prepare_can_be_sent_again) {
    auto db = opened({.connections = 1});
    constexpr statement insert{.text = "INSERT INTO comes_later VALUES ($1)", .results = {}};
    EXPECT_EQ(outcome(run(db, insert, {&twenty_one, 1})), "schema_missing");
    const table t("comes_later", "n bigint");
    EXPECT_EQ(outcome(run(db, insert, {&twenty_one, 1})), "committed");
    EXPECT_EQ(t.rows(), "1");
}

TEST(postgres_statements, without_results_tell_how_many_rows_they_have_changed) {
    const table t("counted", "n bigint");
    auto db = opened({.connections = 1});
    constexpr statement insert{.text = "INSERT INTO counted SELECT generate_series(1, $1)",
                               .results = {}};
    constexpr statement change{.text = "UPDATE counted SET n = 0 WHERE n > $1", .results = {}};
    constexpr statement settings{.text = "SET LOCAL work_mem = 100", .results = {}};
    EXPECT_TRUE(
        db.connection().transact(access::write, [&](sm::executor& on) -> sm::result<sm::verdict> {
            const auto changed = [&](const statement& what, std::span<const value> with = {}) {
                return on.execute(what, with, no_rows).value();
            };
            EXPECT_EQ(changed(insert, {&twenty_one, 1}), 21U);
            EXPECT_EQ(changed(change, {&twenty_one, 1}), 0U);
            const auto twenty = value::integer(column_type::int64, 20);
            EXPECT_EQ(changed(change, {&twenty, 1}), 1U);
            EXPECT_EQ(changed(settings), 0U);
            return sm::verdict::commit;
        }));
}

constexpr statement read_changing{.text = "SELECT n FROM changing", .results = one_int};

TEST(postgres_statements, are_prepared_anew_when_the_schema_has_changed) {
    const table t("changing", "n integer");
    t.by.run("INSERT INTO changing VALUES (5)");
    auto db = opened({.connections = 1});
    EXPECT_EQ(ask(db, read_changing), "5");
    t.by.run("ALTER TABLE changing ALTER n TYPE bigint");
    EXPECT_EQ(ask(db, read_changing, {}, access::read), "5");
    t.by.run("ALTER TABLE changing ALTER n TYPE smallint");
    EXPECT_EQ(ask(db, read_changing, {}, access::single), "5");
    t.by.run("ALTER TABLE changing ALTER n TYPE integer");
    EXPECT_EQ(ask(db, read_changing, {}, access::write), "5");
}

TEST(postgres_statements, are_prepared_anew_when_a_pooler_has_dropped_them) {
    auto db = opened({.connections = 1});
    for (const auto need : {access::read, access::single, access::write}) {
        EXPECT_EQ(ask(db, double_it, {&twenty_one, 1}, need), "42");
        ASSERT_EQ(outcome(run(db, "DEALLOCATE ALL")), "committed");
    }
    EXPECT_EQ(ask(db, double_it, {&twenty_one, 1}), "42");
}

TEST(postgres_statements, outdated_after_a_change_of_the_same_call_are_not_repeated) {
    const table t("changing_late", "n integer");
    t.by.run("INSERT INTO changing_late VALUES (5)");
    auto db = opened({.connections = 1});
    constexpr statement read{.text = "SELECT n FROM changing_late", .results = one_int};
    constexpr statement insert{.text = "INSERT INTO changing_late VALUES (6)", .results = {}};
    EXPECT_EQ(ask(db, read), "5");
    t.by.run("ALTER TABLE changing_late ALTER n TYPE bigint");
    const auto call = [&] {
        return db.connection().transact(access::write,
                                        [&](sm::executor& inside) -> sm::result<verdict> {
                                            auto first = inside.execute(insert, {}, no_rows);
                                            if (!first) return first.error();
                                            auto second = inside.execute(read, {}, no_rows);
                                            if (!second) return second.error();
                                            return verdict::commit;
                                        });
    };
    const auto refused = call();
    EXPECT_EQ(outcome(refused), "serialization_failure");
    EXPECT_EQ(refused.error().what_is_known(), fate::not_applied_retry);
    EXPECT_EQ(t.rows(), "1");
    EXPECT_EQ(outcome(call()), "committed");
    EXPECT_EQ(t.rows(), "2");
}

TEST(postgres_statements, that_no_server_knows_are_not_repeated_for_ever) {
    auto db = opened({.connections = 1});
    constexpr statement execute{.text = "EXECUTE nobody_prepared_this", .results = {}};
    EXPECT_EQ(outcome(run(db, execute)), "misconfigured");
    EXPECT_EQ(outcome(run(db, execute)), "misconfigured");
}

}  // namespace
