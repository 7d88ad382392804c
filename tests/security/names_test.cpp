// Tokens and keys are compared byte by byte, whatever the database takes for equal.
#include "letters.hpp"
#include "recording.hpp"

#include <unistd.h>

namespace security {
namespace {

/// Alike to a reader, to a collation, or to a fold of case; each a name of its own.
const std::vector<std::string>& alike() {
    static const std::vector<std::string> all{
        "token",  "Token",  "TOKEN",   "to-ken",  "to.ken", "to:ken", "to_ken", "token.",
        ".token", "token0", "token00", "token-0", "0token", "1e2",    "100",    "0x64"};
    return all;
}

/// Each token changes once, and each key makes one job.
template <class Database>
void expect_each_is_its_own(Database& database) {
    letters::store_type jobs{database};
    jobs.migrate().value();
    std::set<std::int64_t> ids;
    for (const std::string& each : alike()) {
        const auto made = jobs.submit({.text = each}, {.key = each});
        ASSERT_TRUE(made && made.value().applied()) << each;
        ids.insert(made.value()->id);
    }
    EXPECT_EQ(ids.size(), alike().size());
    for (const std::string& each : alike()) {
        const auto again = jobs.submit({.text = each}, {.key = each});
        EXPECT_TRUE(again && again.value().already_applied()) << each;
        EXPECT_EQ(jobs.read(again.value()->id).value()->job.text, each);
    }
    std::vector<letters::store_type::submission> many(alike().size());
    for (std::size_t i = 0; i < many.size(); ++i)
        many[i] = {.job = {.text = "many"}, .key = "many" + alike()[i]};
    for (const auto& each : jobs.submit_many(many)) EXPECT_TRUE(each.value().applied());

    const auto run = *jobs.claim(letters::claim, {.owner = "w"}).value();
    ASSERT_TRUE(jobs.fire(letters::send, run, {"note"}, alike()[0]).value().applied());
    EXPECT_TRUE(jobs.fire(letters::send, run, {"note"}, alike()[0]).value().already_applied());
    for (const std::string& each : alike()) {
        if (each == alike()[0]) continue;
        const auto other = jobs.fire(letters::send, run, {"note"}, each);
        EXPECT_TRUE(other && other.value().rejected()) << each;
        const auto settled = jobs.resolve(run.id, each);
        EXPECT_EQ(settled.value().reason(), sm::reason::never_applied) << each;
    }
    EXPECT_TRUE(jobs.resolve(run.id, alike()[0]).value().already_applied());
}

template <class Backend>
class names : public ::testing::Test {};
TYPED_TEST_SUITE(names, conformance::backends, conformance::backend_names);

TYPED_TEST(names, that_look_alike_are_tokens_and_keys_of_their_own) {
    TypeParam place;
    auto database = place.open();
    expect_each_is_its_own(database);
}

/// A database whose own collation knows neither case nor punctuation, as far as it orders by it.
class names_under_a_collation : public ::testing::Test {
protected:
    names_under_a_collation() {
        server.execute("CREATE DATABASE " + name +
                       " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' "
                       "LOCALE_PROVIDER icu ICU_LOCALE 'und-u-ka-shifted-ks-level1'");
    }
    ~names_under_a_collation() override { server.execute("DROP DATABASE " + name + " (FORCE)"); }

    std::string conninfo() const { return server.conninfo() + " options='' dbname=" + name; }

    conformance::postgres_backend server;
    const std::string name = "collated_" + std::to_string(getpid());
};

TEST_F(names_under_a_collation, are_compared_byte_by_byte) {
    auto database = sm::postgres::connect(conninfo()).value();
    expect_each_is_its_own(database);
}

TEST_F(names_under_a_collation, are_told_to_differ_from_the_declaration_where_a_column_has_it) {
    auto database = sm::postgres::connect(conninfo()).value();
    letters::store_type{database}.migrate().value();
    sm::schema<letters::machine> schema(database);
    ASSERT_TRUE(schema.check().value().fits());
    const auto run = [&](const std::string& sql) {
        return database.connection().transact(
            sm::access::write, [&](sm::executor& inside) -> sm::result<sm::verdict> {
                const sm::statement what{.text = sql, .results = {}, .prepared = false};
                auto done = inside.execute(what, {}, [](std::span<const sm::value>) {});
                if (!done) return done.error();
                return sm::verdict::commit;
            });
    };
    ASSERT_TRUE(
        run("CREATE COLLATION anything (provider = icu, deterministic = false, "
            "locale = 'und-u-ka-shifted-ks-level1')"));
    ASSERT_TRUE(run("ALTER TABLE letters_tokens ALTER COLUMN token TYPE text COLLATE anything"));
    const auto found = schema.check().value();
    EXPECT_FALSE(found.fits()) << "two tokens could now be one";
    EXPECT_NE(::testing::PrintToString(found.differences).find("'token'"), std::string::npos);
}

}  // namespace
}  // namespace security
