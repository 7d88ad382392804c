// Every way in which the tables can differ is reported in words, and so are plans.
#include "runtime_schema.hpp"

#include <cstdlib>

namespace conformance {
namespace {

template <class Backend>
class schema_check : public on_orders<Backend> {
public:
    schema_check() { this->template schema<orders::first::machine>().migrate().value(); }

    sm::schema_report report() {
        return this->template schema<orders::first::machine>().check().value();
    }
    void expect_difference(std::initializer_list<const char*> words) {
        const auto found = report();
        EXPECT_TRUE(any_says(found.differences, words))
            << ::testing::PrintToString(found.differences);
        EXPECT_FALSE(found.fits());
    }
    // Replaces the table by one whose definition was edited.
    void rebuild(const std::string& from, const std::string& to) {
        std::string text = this->place.text("SELECT sql FROM sqlite_schema WHERE name = 'orders'");
        text.replace(text.find(from), from.size(), to);
        this->place.execute("DROP TABLE orders; " + text);
    }
};
TYPED_TEST_SUITE(schema_check, backends, backend_names);

TYPED_TEST(schema_check, finds_nothing_after_a_migration) {
    EXPECT_EQ(this->report().differences, std::vector<std::string>{});
    EXPECT_EQ(this->report().remarks, std::vector<std::string>{});
}

TYPED_TEST(schema_check, finds_tables_that_are_missing) {
    for (const char* table : {"orders_log", "orders_tokens", "orders_schema"}) {
        this->place.execute(std::string{"DROP TABLE "} + table);
        this->expect_difference({table, "does not exist"});
    }
    TypeParam fresh;
    auto empty = fresh.open();
    const auto found = orders::schema_on<orders::first::machine>(empty).check().value();
    EXPECT_TRUE(any_says(found.differences, {"'orders'", "does not exist"}));
}

TYPED_TEST(schema_check, finds_columns_that_are_missing_or_too_many) {
    this->place.execute("ALTER TABLE orders DROP COLUMN note");
    this->place.execute("ALTER TABLE orders_log DROP COLUMN nonce");
    this->place.execute("ALTER TABLE orders ADD COLUMN other TEXT");
    this->expect_difference({"'orders'", "lacks", "'note'"});
    this->expect_difference({"'orders_log'", "lacks", "'nonce'"});
    EXPECT_TRUE(any_says(this->report().remarks, {"'other'", "not declared"}));
}

TYPED_TEST(schema_check, finds_columns_of_another_type) {
    this->place.execute("ALTER TABLE orders DROP COLUMN note");
    this->place.execute(this->is_sqlite ? "ALTER TABLE orders ADD COLUMN note INTEGER"
                                        : "ALTER TABLE orders ADD COLUMN note text");
    this->expect_difference({"'note'", "has the type", "instead of"});
    EXPECT_EQ(told(this->template schema<orders::first::machine>().migrate()),
              "error: schema_drifted");
}

TYPED_TEST(schema_check, finds_columns_that_take_null_or_should) {
    if constexpr (schema_check<TypeParam>::is_sqlite) {
        this->rebuild("\"article\" TEXT NOT NULL", "\"article\" TEXT");
        this->expect_difference({"'article'", "takes NULL"});
        this->rebuild("\"note\" TEXT", "\"note\" TEXT NOT NULL");
        this->expect_difference({"'note'", "is NOT NULL"});
    } else {
        this->place.execute("ALTER TABLE orders ALTER COLUMN article DROP NOT NULL");
        this->expect_difference({"'article'", "takes NULL"});
        this->place.execute("UPDATE orders SET note = 'some'");
        this->place.execute("ALTER TABLE orders ALTER COLUMN note SET NOT NULL");
        this->expect_difference({"'note'", "is NOT NULL"});
        this->place.execute("ALTER TABLE orders ALTER COLUMN article SET NOT NULL");
        const auto done = this->template schema<orders::first::machine>().migrate().value();
        EXPECT_TRUE(any_says(done.changes, {"\"note\"", "DROP NOT NULL"}));
    }
}

TYPED_TEST(schema_check, finds_a_mandatory_column_that_nobody_fills) {
    if constexpr (schema_check<TypeParam>::is_sqlite)
        this->rebuild("\"note\" TEXT", "\"note\" TEXT, \"other\" TEXT NOT NULL");
    else
        this->place.execute(
            "DELETE FROM orders; ALTER TABLE orders ADD COLUMN other text NOT NULL");
    this->expect_difference({"'other'", "mandatory and not declared"});
}

TYPED_TEST(schema_check, finds_ids_that_could_be_given_twice) {
    if constexpr (schema_check<TypeParam>::is_sqlite)
        this->rebuild(" AUTOINCREMENT", "");
    else
        this->place.execute("ALTER TABLE orders ALTER COLUMN id DROP IDENTITY");
    this->expect_difference({"'id'", "twice"});
}

TYPED_TEST(schema_check, finds_indexes_that_are_missing_or_not_unique) {
    this->place.execute("DROP INDEX orders_leases_9515f25b");
    this->place.execute("DROP INDEX orders_key; CREATE INDEX orders_key ON orders (key)");
    this->expect_difference({"'orders_leases_9515f25b'", "does not exist"});
    this->expect_difference({"'orders_key'", "not unique"});
    EXPECT_EQ(told(this->template schema<orders::first::machine>().migrate()),
              "error: schema_drifted");
    this->place.execute("DROP INDEX orders_key");
    this->template schema<orders::first::machine>().migrate().value();
    EXPECT_TRUE(this->report().fits());
}

TYPED_TEST(schema_check, finds_states_that_nothing_holds_or_that_are_not_allowed) {
    const auto hold = [this](const std::string& states) {
        if constexpr (schema_check<TypeParam>::is_sqlite)
            this->place.execute(
                "DROP TRIGGER IF EXISTS orders_state_update; CREATE TRIGGER orders_state_update "
                "AFTER UPDATE ON orders WHEN CASE "
                "WHEN NEW.\"priority\" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 "
                "WHEN NEW.\"weight\" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 "
                "ELSE NEW.state NOT IN (" +
                states + ") END BEGIN SELECT RAISE(ABORT, 'no such state'); END");
        else
            this->place.execute(
                "ALTER TABLE orders DROP CONSTRAINT orders_state, ADD CONSTRAINT orders_state "
                "CHECK (state IN (" +
                states + "))");
    };
    hold("'waiting', 'packing', 'packed', 'lost', 'more'");
    EXPECT_TRUE(any_says(this->report().remarks, {"allows 'more'"}));
    EXPECT_TRUE(this->report().fits());
    this->place.execute("UPDATE orders SET state = 'lost'");
    hold("'waiting', 'packing', 'lost'");
    this->expect_difference({"lacks 'packed'"});
    this->place.execute_unchecked("orders", "");
    this->expect_difference({"holds the states", "does not exist"});
    this->template schema<orders::first::machine>().migrate().value();
    EXPECT_TRUE(this->report().fits());
    EXPECT_THROW(this->place.execute("UPDATE orders SET state = 'more'"), std::runtime_error);
}

// As in a table that was made when its CHECK held them.
TYPED_TEST(schema_check, finds_numbers_whose_range_nothing_holds) {
    if constexpr (TestFixture::is_sqlite) {  // elsewhere their type does
        this->place.execute(
            "DROP TRIGGER orders_state_insert; CREATE TRIGGER orders_state_insert BEFORE INSERT ON "
            "orders WHEN NEW.state NOT IN ('waiting', 'packing', 'packed', 'lost') BEGIN SELECT "
            "RAISE(FAIL, 'the state is not declared'); END");
        this->expect_difference({"orders_state_insert", "does not hold 'priority' to the range"});
        this->expect_difference({"orders_state_insert", "does not hold 'weight' to the range"});
        this->template schema<orders::first::machine>().migrate().value();
    }
    EXPECT_TRUE(this->report().fits());
    EXPECT_THROW(this->insert_with("weight", "3000000000"), std::runtime_error);
    EXPECT_THROW(this->place.execute("UPDATE orders SET weight = -3000000000"), std::runtime_error);
    this->insert_with("weight", "2147483647");
}

TYPED_TEST(schema_check, is_mended_by_a_migration_where_that_can_be) {
    this->place.execute("ALTER TABLE orders DROP COLUMN note");
    this->place.execute("DROP TABLE orders_tokens");
    EXPECT_FALSE(this->report().fits());
    this->template schema<orders::first::machine>().migrate().value();
    EXPECT_EQ(this->report().differences, std::vector<std::string>{});
}

// What the top of schema.hpp shows.
TYPED_TEST(schema_check, explains_each_statement) {
    auto tables = this->template schema<orders::first::machine>();
    const auto all = tables.explain().value();
    std::string claims;
    for (const sm::explained& each : all) {
        EXPECT_FALSE(each.sql.empty()) << each.event << " " << each.form;
        if (each.event == "claim" && each.form == "next") claims = each.plan;
    }
    EXPECT_GT(all.size(), 10U);
    // A pooler's sessions plan each call for the table as it is, and read one as small as this one
    // from end to end.
    const bool planned_each_time = std::getenv("STATEMACHINE_TEST_POOLER") != nullptr;
    const char* const search = this->is_sqlite     ? "USING INDEX orders_claim_due_"
                               : planned_each_time ? "Scan on orders"
                                                   : "Index Scan using orders_claim_due_";
    EXPECT_TRUE(says(claims, {search})) << claims;
    EXPECT_EQ(this->place.number("SELECT count(*) FROM orders"), 5);
    EXPECT_EQ(this->place.number("SELECT sum(version) FROM orders"), 13);
}

class schema_check_of_roles : public schema_check<postgres_backend> {
public:
    ~schema_check_of_roles() override {
        place.execute("DROP OWNED BY " + role);
        place.execute("DROP ROLE " + role);
    }

    schema_check_of_roles() {
        place.execute("CREATE ROLE " + role + "; GRANT USAGE ON SCHEMA " + place.where() + " TO " +
                      role + "; GRANT ALL ON ALL TABLES IN SCHEMA " + place.where() + " TO " +
                      role);
    }

    postgres_backend::database open_as_role() const {
        return postgres_backend::database(
            sm::postgres::connect(place.conninfo() + " options='-csearch_path=" + place.where() +
                                  " -crole=" + role + "'")
                .value());
    }
    sm::schema_report report_as_role() const {
        auto as_role = open_as_role();
        return orders::schema_on<orders::first::machine>(as_role).check().value();
    }

    const std::string role = place.where() + "_worker";
};

TEST_F(schema_check_of_roles, finds_row_level_security_that_may_hide_rows) {
    EXPECT_TRUE(report_as_role().fits());
    place.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");
    EXPECT_TRUE(any_says(report_as_role().differences, {"row level security", "'orders'"}));
    EXPECT_TRUE(report().fits()) << "a superuser sees every row";
    place.execute("ALTER ROLE " + role + " BYPASSRLS");
    EXPECT_TRUE(report_as_role().fits());
    place.execute("ALTER ROLE " + role + " NOBYPASSRLS; ALTER TABLE orders OWNER TO " + role);
    EXPECT_TRUE(report_as_role().fits()) << "the owner sees every row";
    place.execute("ALTER TABLE orders FORCE ROW LEVEL SECURITY");
    EXPECT_FALSE(report_as_role().fits());
}

TEST_F(schema_check_of_roles, needs_no_right_to_create_where_all_fits) {
    auto as_role = open_as_role();
    EXPECT_EQ(told(orders::schema_on<orders::first::machine>(as_role).migrate()), "success");
}

}  // namespace
}  // namespace conformance
