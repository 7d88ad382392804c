// Values reach a database as parameters, whatever stands in them.
#include "catalogue.hpp"
#include "operations.hpp"

namespace security {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

/// What would do harm inside a statement. Names take no such thing, and so are as long as can be.
std::vector<words> hostile_words() {
    const std::string drop = "'); DROP TABLE letters; --";
    const std::string quotes = "\"; DELETE FROM letters_log; $$ \\' ' \" ` /* %s $1 ?1 :name";
    const std::string nothing = "\x01\x7f\xe2\x80\xae\xf0\x9f\x92\xa5 E'\\x27' \\000";
    const std::string name = std::string(100, ':') + "--..";
    return {{drop, drop, drop, drop, drop, drop, name, name, name},
            {quotes, quotes, quotes, quotes, quotes, quotes, name, name, name},
            {nothing, nothing, nothing, nothing, nothing, nothing, name, name, name}};
}

/// The difference of two sets, one text a line.
std::string without(const std::set<std::string>& some, const std::set<std::string>& others) {
    std::string text;
    for (const std::string& each : some)
        if (!others.contains(each)) text.append(each).append("\n---\n");
    return text;
}

template <class Backend>
class statements : public ::testing::Test {
public:
    static std::set<std::string> rendered() {
        return rendered_texts<letters::machine, Backend::database::dialect>();
    }
    /// What only callers send who meet: it takes its values as a batch of submits does.
    static std::set<std::string> of_several_callers() {
        const std::string_view text =
            sm::detail::catalog_of<letters::machine, Backend::database::dialect>()
                .submit_shared.sql.text;
        return {std::string(text)};
    }
};
TYPED_TEST_SUITE(statements, conformance::backends, conformance::backend_names);

TYPED_TEST(statements, are_those_that_were_rendered_whatever_the_values_hold) {
    for (const words& each : hostile_words()) {
        SCOPED_TRACE(each.text);
        correspondence<TypeParam> all(each);
        all.run_everything();
        EXPECT_EQ(without(all.database.seen.texts, this->rendered()), "") << "was sent";
        auto expected = this->of_several_callers();
        expected.merge(all.database.seen.texts);
        EXPECT_EQ(without(this->rendered(), expected), "") << "was never sent";
        const auto stored = all.jobs.read(1).value().value();
        EXPECT_EQ(stored.job.text, each.text);
        EXPECT_EQ(stored.job.raw, all.a_letter().raw);
        EXPECT_EQ(stored.job.document, sm::json{each.document});
        EXPECT_EQ(stored.job.note, each.note);
    }
}

TYPED_TEST(statements, have_the_same_text_for_a_mebibyte_as_for_nothing) {
    correspondence<TypeParam> all({.text = std::string(mebibyte / 2, '\''),
                                   .document = "{}",
                                   .note = std::string(mebibyte, ';'),
                                   .reason = "r",
                                   .owner = "w",
                                   .actor = "a",
                                   .key = "k",
                                   .token = "t",
                                   .group = "g"});
    letters::letter content{.text = std::string(mebibyte, '\'')};
    ASSERT_TRUE(all.jobs.submit(content).value().applied());
    ASSERT_TRUE(all.jobs.submit({}).value().applied());
    const auto run = *all.jobs.claim(letters::claim, {.owner = "w"}).value();
    const std::string note(mebibyte, ';');
    ASSERT_TRUE(all.jobs.renew(letters::progress, run, {note}).value().applied());
    ASSERT_TRUE(all.jobs.fire(letters::send, run, {note}, "t").value().applied());
    EXPECT_EQ(all.database.seen.longest_value, mebibyte);
    EXPECT_EQ(without(all.database.seen.texts, this->rendered()), "");
    const auto stored = all.jobs.read(run.id).value().value();
    EXPECT_EQ(stored.job.text, content.text);
    EXPECT_EQ(stored.job.note, note);
}

// A migration, its check and its explanation build texts at run time: of names, never of rows.
TYPED_TEST(statements, about_tables_are_the_same_whatever_the_rows_hold) {
    const auto texts_over = [](const words& with) {
        correspondence<TypeParam> all(with);
        all.submits();
        all.claims_and_renewals();
        all.database.seen = {};
        sm::schema<letters::machine> schema(all.database);
        EXPECT_TRUE(schema.check().value().fits());
        EXPECT_FALSE(schema.explain().value().empty());
        all.place.execute(
            "DELETE FROM letters_schema; DROP TABLE letters_sweeps; DROP INDEX letters_key");
        EXPECT_FALSE(schema.migrate().value().changes.empty());
        return all.database.seen.texts;
    };
    const auto plain = texts_over({"x", "{}", "x", "x", "w", "a", "k", "t", "g"});
    EXPECT_GT(plain.size(), 10U);
    for (const words& each : hostile_words()) EXPECT_EQ(texts_over(each), plain);
}

}  // namespace
}  // namespace security
