// Programs of several versions at once.
#include "roles.hpp"
#include "runtime_schema.hpp"

#include <libpq-fe.h>

#include <atomic>
#include <thread>

namespace conformance {
namespace {

template <class Backend>
class versions_of_orders : public on_orders<Backend> {};
TYPED_TEST_SUITE(versions_of_orders, backends, backend_names);

// Migrates to the wider declaration and says which number of declarations it came to.
template <class Backend>
struct migrates_orders {
    static reports play(contender<Backend>& me) {
        me.line_up();
        const auto done = orders::schema_on<orders::wider::machine>(me.database).migrate();
        return {{done ? "migrated" : done.error().message(), done ? done.value().number : 0, 0, 0}};
    }
};
const declared_role<migrates_orders> as_migrating("migrates_orders");

TYPED_TEST(versions_of_orders, are_migrated_once_by_many_processes_and_threads) {
    for (const reports& each : race(this->place, "migrates_orders", 1)) {
        ASSERT_EQ(each.size(), 1U);
        EXPECT_EQ(each[0].said, "migrated");
        EXPECT_EQ(each[0].id, 2);
    }
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_schema"), 2);
    EXPECT_TRUE(this->template schema<orders::wider::machine>().check().value().fits());
}

TYPED_TEST(versions_of_orders, are_not_migrated_within_times_that_make_no_sense) {
    const auto refused = [&](std::chrono::milliseconds deadline, std::chrono::milliseconds wait) {
        return told(this->template schema<orders::wider::machine>().migrate(
            {.deadline = deadline, .lock_wait = wait}));
    };
    const auto wrong = "error: invalid_argument";
    EXPECT_EQ(refused(0ms, 1s), wrong);
    EXPECT_EQ(refused(std::chrono::milliseconds::max(), 1s), wrong);
    EXPECT_EQ(refused(1s, 0ms), wrong) << "PostgreSQL takes it for no limit";
    EXPECT_EQ(refused(1s, std::chrono::milliseconds::max()), wrong);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_schema"), 1);
}

TYPED_TEST(versions_of_orders, let_an_older_program_go_on) {
    auto older = this->template store<orders::first::machine>();
    older.migrate().value();
    auto newer = this->template store<orders::wider::machine>();
    newer.migrate().value();
    // A job that the newer one took where the older one cannot follow, under a lease that ran out.
    newer.fire(orders::wider::send_back, 3, sm::any_version).value().value();
    newer.claim(orders::wider::inspect, {.owner = "newer"}).value().value();
    this->place.pass_time("orders", 3, 60s);
    const auto before = this->place.query("SELECT * FROM orders WHERE id = 3");

    EXPECT_EQ(older.sweep().value().expired, 1U);
    const auto runs = older.claim_many(orders::claim, 10, {.owner = "older"}).value();
    ASSERT_EQ(runs->size(), 3U);
    EXPECT_EQ(told(older.fire(orders::first::weigh, runs->front(), {5})), "applied");
    EXPECT_EQ(told(older.renew(runs->front())), "applied");
    EXPECT_EQ(told(older.fire(orders::finish, runs->front())), "applied");
    const auto added = older.submit({.article = "old"}).value()->id;
    EXPECT_EQ(newer.read(added).value()->job.country, "it's");
    EXPECT_EQ(older.list(orders::first::packed).value().size(), 1U);

    EXPECT_EQ(told(older.read(3)), "error: undeclared_value");
    EXPECT_EQ(told(older.claim_by_id(orders::claim, 3, {.owner = "older"})),
              "error: undeclared_value");
    EXPECT_EQ(told(older.fire(orders::cancel, 3, sm::any_version)), "error: undeclared_value");
    EXPECT_EQ(told(older.submit({.article = "table"}, {.key = "k-3"})), "error: undeclared_value");
    EXPECT_EQ(this->place.query("SELECT * FROM orders WHERE id = 3"), before);
}

TYPED_TEST(versions_of_orders, are_not_taken_back_by_an_older_program_that_starts) {
    this->template schema<orders::first::machine>().migrate().value();
    this->template schema<orders::wider::machine>().migrate().value();
    this->template store<orders::wider::machine>()
        .fire(orders::wider::send_back, 3, sm::any_version)
        .value()
        .value();
    const auto older = this->template schema<orders::first::machine>().migrate().value();
    EXPECT_TRUE(older.superseded);
    EXPECT_EQ(older.changes, std::vector<std::string>{});
    EXPECT_TRUE(this->template schema<orders::first::machine>().check().value().fits());
    EXPECT_TRUE(this->template schema<orders::wider::machine>().check().value().fits());
    EXPECT_EQ(this->state_of(3), "returned");
}

TYPED_TEST(versions_of_orders, hold_the_numbers_of_an_older_program_that_are_declared_no_more) {
    this->template schema<orders::first::machine>().migrate().value();
    this->template schema<orders::weightless::machine>().migrate().value();
    EXPECT_TRUE(this->template schema<orders::first::machine>().migrate().value().superseded);
    EXPECT_TRUE(this->template schema<orders::first::machine>().check().value().fits());
    if constexpr (TestFixture::is_sqlite) {
        const std::string trigger =
            this->place.text("SELECT sql FROM sqlite_schema WHERE name = 'orders_state_update'");
        EXPECT_NE(trigger.find("NEW.\"weight\" NOT BETWEEN"), std::string::npos);
    }
    this->place.execute("UPDATE orders SET state = 'shelved' WHERE id = 5");
}

// As the operations page says.
TYPED_TEST(versions_of_orders, let_a_number_go_that_no_program_needs) {
    this->template schema<orders::first::machine>().migrate().value();
    auto newer = this->template schema<orders::weightless::machine>();
    newer.migrate().value();
    const std::string drop = "ALTER TABLE orders DROP COLUMN weight";
    if constexpr (TestFixture::is_sqlite) {
        EXPECT_THROW(this->place.execute(drop), std::runtime_error);
        this->place.execute(
            "BEGIN; DROP TRIGGER orders_state_insert; "
            "DROP TRIGGER orders_state_update; " +
            drop + "; COMMIT");
    } else {
        this->place.execute(drop);
    }
    newer.migrate().value();
    EXPECT_EQ(newer.check().value().differences, std::vector<std::string>{});
    EXPECT_THROW(this->place.execute("UPDATE orders SET state = 'elsewhere'"), std::runtime_error);
}

TYPED_TEST(versions_of_orders, tell_an_older_program_that_its_names_are_gone) {
    this->template schema<orders::first::machine>().migrate().value();
    this->template schema<orders::renamed::machine>().migrate().value();
    const auto older = this->template schema<orders::first::machine>().migrate();
    ASSERT_EQ(told(older), "error: schema_drifted");
    EXPECT_TRUE(says(older.error().message(), {"'packing'", "'weight'"}))
        << older.error().message();
}

TYPED_TEST(versions_of_orders, lose_nothing_that_is_written_meanwhile) {
    std::atomic<bool> stop{false};
    std::atomic<int> written{0};
    std::vector<std::int64_t> acknowledged;
    std::thread writer([&] {
        auto own = this->place.open();
        auto older = orders::store_on<orders::first::machine>(own);
        while (!stop) {
            const auto added = older.submit({.article = "meanwhile"});
            if (!added) continue;
            acknowledged.push_back(added.value()->id);
            ++written;
        }
    });
    const auto until_written = [&](int count) {
        while (written < count) std::this_thread::yield();
    };
    until_written(20);
    const auto migrated = this->template schema<orders::wider::machine>().migrate();
    until_written(written + 20);
    stop = true;
    writer.join();
    EXPECT_EQ(told(migrated), "success");
    auto newer = this->template store<orders::wider::machine>();
    for (const std::int64_t id : acknowledged)
        EXPECT_EQ(newer.read(id).value()->job.article, "meanwhile") << id;
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders WHERE article = 'meanwhile'"),
              static_cast<std::int64_t>(acknowledged.size()));
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_log WHERE event = 'submit'"),
              static_cast<std::int64_t>(acknowledged.size()) + 5);
}

class versions_on_postgres : public on_orders<postgres_backend> {};

TEST_F(versions_on_postgres, build_an_index_again_that_was_left_half_done) {
    schema<orders::wider::machine>().migrate().value();
    // A unique index cannot be completed over duplicates, and stays behind as it is.
    place.execute("UPDATE orders SET key = NULL; DROP INDEX orders_key");
    place.execute("UPDATE orders SET key = 'same' WHERE id IN (1, 2)");
    const auto refused = schema<orders::wider::machine>().migrate();
    EXPECT_EQ(told(refused), "error: unique_violated");
    EXPECT_TRUE(any_says(schema<orders::wider::machine>().check().value().differences,
                         {"'orders_key'", "not completed"}));
    place.execute("UPDATE orders SET key = 'other' WHERE id = 2");
    const auto done = schema<orders::wider::machine>().migrate().value();
    EXPECT_TRUE(any_says(done.changes, {"DROP INDEX \"orders_key\""}));
    EXPECT_TRUE(any_says(done.changes, {"CREATE UNIQUE INDEX CONCURRENTLY"}));
    EXPECT_TRUE(schema<orders::wider::machine>().check().value().fits());
}

TEST_F(versions_on_postgres, build_indexes_beside_writers) {
    schema<orders::first::machine>().migrate().value();
    place.execute("DROP INDEX orders_leases_9515f25b");
    PGconn* const writer = PQconnectdb(place.conninfo().c_str());
    PQclear(PQexec(writer, "BEGIN; UPDATE orders SET note = 'held' WHERE id = 1"));
    sm::result<sm::migration> migrated = sm::error(sm::errc::unexpected, "it did not run");
    std::thread migrating([&] {
        auto own = place.open();
        migrated = orders::schema_on<orders::first::machine>(own).migrate();
    });
    while (place.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                        "query LIKE 'CREATE INDEX%orders_leases_9515f25b%'") == 0)
        std::this_thread::yield();
    sm::postgres::options hasty;
    hasty.deadline = 2s;
    postgres_backend::database other(sm::postgres::connect(place.conninfo(), hasty).value());
    auto beside = orders::store_on<orders::first::machine>(other);
    EXPECT_EQ(told(beside.submit({.article = "beside"})), "applied");
    PQclear(PQexec(writer, "COMMIT"));
    PQfinish(writer);
    migrating.join();
    EXPECT_EQ(told(migrated), "success");
    EXPECT_TRUE(schema<orders::first::machine>().check().value().fits());
}

TEST_F(versions_on_postgres, apply_the_states_to_old_rows_in_the_end) {
    // Later than the change of the table, which nobody can write to until it commits.
    const auto changed = schema<orders::wider::machine>().migrate().value();
    EXPECT_TRUE(any_says(changed.changes, {"VALIDATE CONSTRAINT"}));
    EXPECT_EQ(place.text("SELECT convalidated FROM pg_constraint WHERE conname = 'orders_state' "
                         "AND conrelid = 'orders'::regclass"),
              "t");
    // As a migration leaves it that was cut short.
    place.execute(
        "UPDATE pg_constraint SET convalidated = FALSE WHERE conname = 'orders_state' AND "
        "conrelid = 'orders'::regclass");
    EXPECT_FALSE(schema<orders::wider::machine>().check().value().fits());
    const auto done = schema<orders::wider::machine>().migrate().value();
    EXPECT_TRUE(any_says(done.changes, {"VALIDATE CONSTRAINT"}));
}

TEST_F(versions_on_postgres, do_not_hold_up_writers_behind_a_long_transaction) {
    PGconn* const reader = PQconnectdb(place.conninfo().c_str());
    PQclear(PQexec(reader, "BEGIN; SELECT count(*) FROM orders"));
    sm::migrate_options impatient;
    impatient.lock_wait = 100ms;
    impatient.deadline = 500ms;
    const auto refused = schema<orders::wider::machine>().migrate(impatient);
    // By the limit of the lock or by that of the statement, whichever comes first at the end.
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().what_is_known(), sm::fate::not_applied_retry) << told(refused);
    EXPECT_EQ(told(store<orders::first::machine>().submit({.article = "x"})), "applied");
    EXPECT_EQ(place.number("SELECT count(*) FROM orders_schema"), 1);

    // One that has more time asks for the lock again and again, and lets writers in meanwhile.
    sm::migrate_options patient;
    patient.lock_wait = 100ms;
    sm::result<sm::migration> migrated = sm::error(sm::errc::unexpected, "it did not run");
    std::atomic<bool> ended{false};
    std::thread migrating([&] {
        auto own = place.open();
        migrated = orders::schema_on<orders::wider::machine>(own).migrate(patient);
        ended = true;
    });
    while (!ended && place.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND "
                                  "relation = 'orders'::regclass") == 0)
        std::this_thread::yield();
    EXPECT_FALSE(ended);
    EXPECT_EQ(told(store<orders::first::machine>().submit({.article = "y"})), "applied");
    PQclear(PQexec(reader, "COMMIT"));
    PQfinish(reader);
    migrating.join();
    EXPECT_EQ(told(migrated), "success");
}

TEST_F(versions_on_postgres, wait_for_another_that_is_under_way) {
    PGconn* const other = PQconnectdb(place.conninfo().c_str());
    PQclear(PQexec(other, "BEGIN; LOCK TABLE orders_schema IN SHARE UPDATE EXCLUSIVE MODE"));
    std::atomic<bool> ended{false};
    sm::result<sm::migration> migrated = sm::error(sm::errc::unexpected, "it did not run");
    std::thread migrating([&] {
        auto own = place.open();
        migrated = orders::schema_on<orders::wider::machine>(own).migrate();
        ended = true;
    });
    while (!ended && place.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND "
                                  "relation = 'orders_schema'::regclass") == 0)
        std::this_thread::yield();
    EXPECT_FALSE(ended);
    // Writers go on while one migration waits for another.
    EXPECT_EQ(place.number("SELECT count(*) FROM pg_locks WHERE granted AND "
                           "relation = 'orders'::regclass AND mode = 'AccessExclusiveLock'"),
              0);
    PQclear(PQexec(other, "COMMIT"));
    PQfinish(other);
    migrating.join();
    EXPECT_EQ(told(migrated), "success");
    EXPECT_EQ(place.number("SELECT count(*) FROM orders_schema"), 2);
}

}  // namespace
}  // namespace conformance
