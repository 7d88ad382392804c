// A database of the first declaration becomes one of the next, and nothing is lost on the way.
#include "runtime_schema.hpp"

namespace conformance {
namespace {

template <class Backend>
class migrated_orders : public on_orders<Backend> {};
TYPED_TEST_SUITE(migrated_orders, backends, backend_names);

TYPED_TEST(migrated_orders, keep_every_job_with_its_log_and_tokens) {
    const std::string jobs =
        "SELECT id, state, version, epoch, attempts, owner, run_at, key, fingerprint, created_at, "
        "changed_at, article, weight, note FROM orders ORDER BY id";
    const auto jobs_before = this->place.query(jobs);
    const auto log_before = this->place.query("SELECT * FROM orders_log ORDER BY job, version");
    const auto tokens_before = this->place.query("SELECT * FROM orders_tokens ORDER BY job, token");
    const auto done = this->template schema<orders::wider::machine>().migrate().value();
    EXPECT_FALSE(done.changes.empty());
    EXPECT_EQ(done.number, 2);
    EXPECT_FALSE(done.superseded);
    EXPECT_EQ(jobs_before.size(), 5U);
    EXPECT_EQ(this->place.query(jobs), jobs_before);
    EXPECT_EQ(this->place.query("SELECT * FROM orders_log ORDER BY job, version"), log_before);
    EXPECT_EQ(this->place.query("SELECT * FROM orders_tokens ORDER BY job, token"), tokens_before);
}

TYPED_TEST(migrated_orders, fit_their_declaration_and_are_left_alone_the_second_time) {
    this->template schema<orders::wider::machine>().migrate().value();
    const auto history = this->place.query("SELECT * FROM orders_schema ORDER BY number");
    const auto again = this->template schema<orders::wider::machine>().migrate().value();
    EXPECT_EQ(again.changes, std::vector<std::string>{});
    EXPECT_EQ(again.number, 2);
    EXPECT_EQ(this->place.query("SELECT * FROM orders_schema ORDER BY number"), history);
    const auto report = this->template schema<orders::wider::machine>().check().value();
    EXPECT_EQ(report.differences, std::vector<std::string>{});
    EXPECT_EQ(report.remarks, std::vector<std::string>{});
}

TYPED_TEST(migrated_orders, say_what_was_done_when_and_by_which_version) {
    const auto done = this->template schema<orders::wider::machine>().migrate().value();
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_schema"), 2);
    EXPECT_NE(this->place.text("SELECT library FROM orders_schema WHERE number = 2"), "");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_schema AS new, orders_schema AS old "
                                 "WHERE new.number = 2 AND old.number = 1 AND new.at > old.at"),
              1);
    const auto changes = this->place.text("SELECT changes FROM orders_schema WHERE number = 2");
    EXPECT_TRUE(says(changes, {"ADD COLUMN \"urgent\""})) << changes;
}

TYPED_TEST(migrated_orders, get_in_new_columns_what_a_job_made_by_default_holds) {
    this->template schema<orders::wider::machine>().migrate().value();
    auto store = this->template store<orders::wider::machine>();
    for (const std::int64_t id : {1, 2, 3, 4, 5}) {
        orders::wider::job wanted;
        const auto job = store.read(id).value().value().job;
        wanted.article = job.article;
        wanted.weight = job.weight;
        wanted.note = job.note;
        EXPECT_EQ(job, wanted) << id;
        EXPECT_FALSE(job.article.empty());
    }
}

TYPED_TEST(migrated_orders, go_on_where_they_were) {
    this->template schema<orders::wider::machine>().migrate().value();
    auto store = this->template store<orders::wider::machine>();
    // The key, a token, the lease that ran out, the attempts, the next id.
    EXPECT_EQ(told(store.submit({.article = "lamp"}, {.key = "k-1"})), "already_applied");
    typename decltype(store)::run_type finished;
    finished.id = 3;
    finished.epoch = 1;
    EXPECT_EQ(told(store.fire(orders::finish, finished, "finished-3")), "already_applied");
    EXPECT_EQ(store.sweep().value().expired, 1U);
    const auto runs = store.claim_many(orders::claim, 10, {.owner = "w"}).value();
    ASSERT_EQ(runs->size(), 3U);
    for (const auto& run : *runs) EXPECT_EQ(run.attempts, run.id == 1 ? 1 : 2) << run.id;
    EXPECT_EQ(told(store.fire(orders::finish, runs->front(), "t")), "applied");
    EXPECT_GT(store.submit({.article = "new"}).value()->id, 5);
    EXPECT_EQ(store.history(3).value().size(), 4U);
}

TYPED_TEST(migrated_orders, reach_the_new_states_by_the_new_claim) {
    this->template schema<orders::wider::machine>().migrate().value();
    auto store = this->template store<orders::wider::machine>();
    EXPECT_EQ(told(store.fire(orders::wider::send_back, 3, sm::any_version)), "applied");
    const auto run = store.claim(orders::wider::inspect, {.owner = "inspector"}).value();
    EXPECT_EQ(run->id, 3);
    EXPECT_EQ(told(store.fire(orders::wider::accept, *run)), "applied");
    EXPECT_TRUE(store.read(3).value()->job.inspected.has_value());
}

TYPED_TEST(migrated_orders, still_hold_only_declared_states) {
    this->template schema<orders::wider::machine>().migrate().value();
    this->place.execute("UPDATE orders SET state = 'inspecting' WHERE id = 5");
    EXPECT_THROW(this->place.execute("UPDATE orders SET state = 'elsewhere'"), std::runtime_error);
    EXPECT_THROW(this->place.execute("UPDATE orders SET state = 'working'"), std::runtime_error);
}

TYPED_TEST(migrated_orders, hold_new_numbers_to_what_their_members_can_take) {
    this->template schema<orders::wider::machine>().migrate().value();
    for (const char* beyond : {"copies = 2147483648", "copies = -2147483649", "urgent = 2"})
        EXPECT_THROW(this->place.execute(std::string{"UPDATE orders SET "} + beyond),
                     std::runtime_error);
    this->place.execute("UPDATE orders SET copies = 2147483647");
    EXPECT_THROW(this->insert_with("urgent", "2"), std::runtime_error);
}

// Where one type of the database holds both; elsewhere another type is refused.
TYPED_TEST(migrated_orders,
           take_larger_numbers_for_a_wider_member_and_no_smaller_member_for_those) {
    if constexpr (TestFixture::is_sqlite) {
        TypeParam elsewhere;
        auto fresh = elsewhere.open();
        auto narrow = orders::schema_on<orders::first::machine>(fresh);
        auto wide = orders::schema_on<orders::heavier::machine>(fresh);
        narrow.migrate().value();
        elsewhere.execute(
            "INSERT INTO orders (state, version, epoch, attempts, run_at, priority, created_at, "
            "changed_at, rule, article, weight) VALUES ('waiting', 1, 0, 0, 0, 0, 0, 0, 0, 'x', "
            "1)");
        EXPECT_THROW(elsewhere.execute("UPDATE orders SET weight = 3000000000"),
                     std::runtime_error);
        EXPECT_FALSE(wide.check().value().fits());
        wide.migrate().value();
        EXPECT_TRUE(wide.check().value().fits());
        EXPECT_TRUE(narrow.migrate().value().superseded) << "the older program works beside it";
        elsewhere.execute("UPDATE orders SET weight = 3000000000");
        const auto refused = orders::schema_on<orders::wider::machine>(fresh).migrate();
        ASSERT_EQ(told(refused), "error: schema_drifted");
        EXPECT_TRUE(says(refused.error().message(), {"'weight'", "cannot take"}));
        elsewhere.execute("UPDATE orders SET weight = 2147483647");
        orders::schema_on<orders::wider::machine>(fresh).migrate().value();
        EXPECT_THROW(elsewhere.execute("UPDATE orders SET weight = 3000000000"),
                     std::runtime_error);
    } else {
        EXPECT_EQ(told(this->template schema<orders::heavier::machine>().migrate()),
                  "error: schema_drifted");
    }
}

TYPED_TEST(migrated_orders, take_larger_numbers_under_a_new_name) {
    if constexpr (TestFixture::is_sqlite) {
        TypeParam elsewhere;
        auto fresh = elsewhere.open();
        orders::schema_on<orders::first::machine>(fresh).migrate().value();
        auto wide = orders::schema_on<orders::heavier_renamed::machine>(fresh);
        wide.migrate().value();
        EXPECT_EQ(wide.check().value().differences, std::vector<std::string>{});
        EXPECT_EQ(elsewhere.text("SELECT sql FROM sqlite_schema WHERE name = 'orders_state_update'")
                      .find("mass"),
                  std::string::npos);
    } else {
        EXPECT_EQ(told(this->template schema<orders::heavier_renamed::machine>().migrate()),
                  "error: schema_drifted");
    }
}

TYPED_TEST(migrated_orders, keep_what_others_built_on_the_table) {
    this->place.execute(
        "CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders "
        "(id) ON DELETE CASCADE); INSERT INTO parcels VALUES (1, 3), (2, 2); "
        "CREATE INDEX orders_by_note ON orders (note); "
        "CREATE VIEW heavy AS SELECT id, weight FROM orders WHERE state = 'packed'; "
        "ALTER TABLE orders ADD COLUMN mine INTEGER; UPDATE orders SET mine = id");
    this->template schema<orders::wider::machine>().migrate().value();
    EXPECT_EQ(this->place.number("SELECT count(*) FROM parcels"), 2);
    EXPECT_EQ(this->place.number("SELECT weight FROM heavy"), 15000);
    EXPECT_EQ(this->place.number("SELECT sum(mine) FROM orders"), 15);
    this->place.execute("DROP INDEX orders_by_note");
    const auto report = this->template schema<orders::wider::machine>().check().value();
    EXPECT_TRUE(report.fits());
    EXPECT_TRUE(any_says(report.remarks, {"'mine'", "not declared"}));
}

TYPED_TEST(migrated_orders, are_found_under_a_new_name_of_a_state_and_a_column) {
    this->template schema<orders::renamed::machine>().migrate().value();
    auto store = this->template store<orders::renamed::machine>();
    EXPECT_EQ(this->state_of(2), "working");
    const auto job = store.read(2).value().value();
    EXPECT_EQ(job.state, orders::renamed::working);
    EXPECT_EQ(job.job.grams, 7000);
    EXPECT_EQ(store.sweep().value().expired, 1U);
    EXPECT_EQ(store.claim_many(orders::claim, 10, {.owner = "w"}).value()->size(), 3U);
    EXPECT_EQ(told(this->template schema<orders::renamed::machine>().migrate()), "success");
    EXPECT_THROW(this->place.execute("UPDATE orders SET state = 'packing'"), std::runtime_error);
}

TYPED_TEST(migrated_orders, show_the_new_name_of_a_state_in_old_history_and_tokens) {
    this->template schema<orders::renamed::machine>().migrate().value();
    auto store = this->template store<orders::renamed::machine>();
    const auto history = store.history(3).value();
    ASSERT_EQ(history.size(), 4U);
    EXPECT_EQ(history[1].to, "working");
    EXPECT_EQ(history[3].from, "working");
    EXPECT_EQ(this->place.text("SELECT to_state FROM orders_log WHERE job = 3 AND version = 2"),
              "packing");
    typename decltype(store)::run_type finished;
    finished.id = 3;
    finished.epoch = 1;
    const auto again = store.fire(orders::finish, finished, "finished-3").value();
    EXPECT_EQ(told(again), "already_applied");
    EXPECT_EQ(again->from, orders::renamed::working);
}

TYPED_TEST(migrated_orders, are_not_changed_where_a_removed_state_has_jobs) {
    const std::string all = "SELECT * FROM orders ORDER BY id";
    const auto before = this->place.query(all);
    const auto refused = this->template schema<orders::narrower::machine>().migrate();
    ASSERT_EQ(told(refused), "error: schema_drifted");
    EXPECT_TRUE(says(refused.error().message(), {"1 in 'packed'"})) << refused.error().message();
    EXPECT_EQ(this->place.query(all), before);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_schema"), 1);
    this->place.execute("UPDATE orders SET state = 'packed' WHERE id = 4");
    this->place.execute("UPDATE orders SET state = 'lost'");
    EXPECT_EQ(told(this->template schema<orders::narrower::machine>().migrate()), "success");
    EXPECT_THROW(this->place.execute("UPDATE orders SET state = 'packed'"), std::runtime_error);
}

TYPED_TEST(migrated_orders, are_not_changed_where_a_column_cannot_follow) {
    const auto before = this->place.query("SELECT * FROM orders ORDER BY id");
    const auto refused = this->template schema<orders::stricter::machine>().migrate();
    ASSERT_EQ(told(refused), "error: schema_drifted");
    EXPECT_TRUE(says(refused.error().message(), {"'weight'", "takes NULL", "not optional"}))
        << refused.error().message();
    EXPECT_EQ(this->place.query("SELECT * FROM orders ORDER BY id"), before);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders_schema"), 1);
    const auto report = this->template schema<orders::first::machine>().check().value();
    EXPECT_FALSE(any_says(report.differences, {"'article'"}));
}

TYPED_TEST(migrated_orders, lose_the_indexes_that_nobody_needs_and_no_others) {
    const auto indexes = [this](const std::string& like) {
        return this->place.number(
            this->is_sqlite
                ? "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name LIKE '" + like +
                      "'"
                : "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema() AND "
                  "indexname LIKE '" +
                      like + "'");
    };
    const std::string of_first = "orders_leases_9515f25b";
    this->place.execute("CREATE INDEX orders_claim_due_00000000 ON orders (note)");
    this->template schema<orders::wider::machine>().migrate().value();
    // A program with the declaration before may still run.
    EXPECT_EQ(indexes("orders_leases_%"), 2);
    EXPECT_EQ(indexes(of_first), 1);
    const auto done = this->template schema<orders::renamed::machine>().migrate().value();
    EXPECT_TRUE(any_says(done.changes, {"DROP INDEX", of_first.c_str()}));
    EXPECT_EQ(indexes("orders_leases_%"), 2);
    EXPECT_EQ(indexes(of_first), 0);
    EXPECT_EQ(indexes("orders_claim_due_00000000"), 1);
    EXPECT_TRUE(this->template schema<orders::renamed::machine>().check().value().fits());
}

}  // namespace
}  // namespace conformance
