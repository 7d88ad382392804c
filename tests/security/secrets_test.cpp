// What users wrote never comes back in a sentence: of an answer, an error, or what an observer
// sees; and the library writes to no stream of the program.
#include "operations.hpp"

namespace security {
namespace {

constexpr std::string_view canary = "kanarienvogel";

words canary_words() {
    const std::string mark{canary};
    return {mark + "-text",  "{\"a\": \"" + mark + "-document\"}",
            mark + "-note",  mark + "-reason",
            mark + "-owner", mark + "-actor",
            mark + "-key",   mark + "-token",
            mark + "-group"};
}

template <class Backend>
class secrets : public ::testing::Test {
public:
    static constexpr bool on_server = !Backend::database::dialect.millisecond.empty();

    secrets() {
        testing::internal::CaptureStderr();
        testing::internal::CaptureStdout();
    }
    ~secrets() override {
        const std::string out = testing::internal::GetCapturedStdout();
        const std::string err = testing::internal::GetCapturedStderr();
        EXPECT_EQ(err, "") << "the library wrote to a stream";
        EXPECT_EQ(out, "") << "the library wrote to a stream";
        EXPECT_GT(all.said.errors + all.said.observations, 0);
        for (const std::string& each : all.said.all)
            EXPECT_EQ(each.find(canary), each.npos) << each;
    }

    void execute(const std::string& sql) { all.place.execute(sql); }

    /// Every kind of change, on jobs of the canary's; how many of them ended in an error.
    int errors_of_changes(int number) {
        const int before = all.said.errors;
        const std::string count = std::to_string(number);
        const std::string key = std::string(canary) + "-again" + count;
        const std::string token = std::string(canary) + "-other" + count;
        all.said.add(all.jobs.submit(all.a_letter(), {.key = key, .actor = canary}));
        for (const auto& each : all.jobs.submit_many(std::vector<letters::store_type::submission>{
                 {.job = all.a_letter(), .key = key}, {.job = all.a_letter()}}))
            all.said.add(each);
        all.said.add(all.jobs.claim(letters::claim, {.owner = canary}));
        all.said.add(all.jobs.renew(all.run));
        const std::string text{canary};
        all.said.add(all.jobs.renew(letters::progress, all.run, {text}));
        all.said.add(all.jobs.fire(letters::send, all.run, {text}));
        all.said.add(all.jobs.fire(letters::fail, all.run, {text}, token));
        for (const auto& each : all.jobs.template fire_many<letters::refusal>(
                 letters::fail, {{{all.run, {text}, token}}}))
            all.said.add(each);
        all.said.add(
            all.jobs.fire(letters::annotate, waiting, sm::any_version, {text}, {.token = token}));
        all.said.add(all.jobs.resolve(waiting, token));
        all.said.add(all.jobs.read(1));
        return all.said.errors - before;
    }
    void prepare() {
        all.submits();
        all.claims_and_renewals();
        waiting = all.fresh();
    }

    std::int64_t waiting = 0;
    correspondence<Backend> all{canary_words()};
};
TYPED_TEST_SUITE(secrets, conformance::backends, conformance::backend_names);

TYPED_TEST(secrets, are_in_no_sentence_of_any_operation) {
    this->all.run_everything();
    EXPECT_GT(this->all.said.observations, 40);
}

TYPED_TEST(secrets, are_in_no_sentence_about_names_and_values_that_are_refused) {
    this->prepare();
    auto& jobs = this->all.jobs;
    auto& said = this->all.said;
    const std::string bad = std::string(canary) + " \xff", text{canary};
    said.add(jobs.submit({}, {.key = bad}));
    said.add(jobs.submit({}, {.actor = bad}));
    said.add(jobs.submit({.text = bad}));
    said.add(jobs.submit({.document = sm::json{bad}}));
    said.add(jobs.submit({.text = std::string(1 << 20, 'x') + text}));
    said.add(jobs.claim(letters::claim, {.owner = bad}));
    said.add(jobs.fire(letters::send, this->all.run, {text}, bad));
    said.add(jobs.fire(letters::send, this->all.run, {bad}, text));
    said.add(jobs.resolve(1, bad));
    said.add(sm::outbox<letters::machine>{this->all.database}.parked(bad));
    EXPECT_EQ(said.errors, 2 * 10 - 1)
        << "each is told to the caller, and of calls to the observer";
}

// PostgreSQL quotes the row in the DETAIL of these.
TYPED_TEST(secrets, are_in_no_sentence_about_a_constraint_that_they_break) {
    this->prepare();
    if (this->on_server) {
        this->execute("ALTER TABLE letters ADD CONSTRAINT quiet CHECK (text = '') NOT VALID");
    } else {
        this->execute(
            "DELETE FROM letters; ALTER TABLE letters ADD COLUMN quiet INTEGER CHECK (text = '')");
    }
    EXPECT_GE(this->errors_of_changes(1), 2);
}

TYPED_TEST(secrets, are_in_no_sentence_about_a_row_that_stands_there_already) {
    this->prepare();
    this->execute(
        "UPDATE letters SET text = text || id; "
        "CREATE UNIQUE INDEX quiet ON letters (text)");
    this->all.said.add(this->all.jobs.submit(this->all.a_letter()));
    EXPECT_GE(this->errors_of_changes(1), 2);
}

TYPED_TEST(secrets, are_in_no_sentence_about_tables_that_are_other_or_gone) {
    this->prepare();
    this->execute("ALTER TABLE letters RENAME COLUMN note TO other");
    EXPECT_GE(this->errors_of_changes(1), 6);
    this->execute("ALTER TABLE letters RENAME COLUMN other TO note");
    this->execute("ALTER TABLE letters_tokens RENAME TO elsewhere");
    EXPECT_GE(this->errors_of_changes(2), 2);
    this->execute("DROP TABLE letters");
    EXPECT_GE(this->errors_of_changes(3), 8);
}

// A trigger may say anything, also in the name of the database.
class secrets_on_postgres : public secrets<conformance::postgres_backend> {
protected:
    void raise_in_each_row(const std::string& how) {
        execute(
            "CREATE OR REPLACE FUNCTION tells_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
            how +
            "; RETURN NEW; END $$; "
            "DROP TRIGGER IF EXISTS tells_all ON letters; CREATE TRIGGER tells_all BEFORE INSERT "
            "OR UPDATE ON letters FOR EACH ROW EXECUTE FUNCTION tells_all()");
    }
};

TEST_F(secrets_on_postgres, are_in_no_sentence_whatever_a_trigger_says_and_under_whichever_code) {
    prepare();
    // Some of the codes mean that the connection is lost: the call is then sent again until then.
    auto impatient = sm::postgres::connect(all.place.conninfo(), {.deadline = 1s}).value();
    letters::store_type jobs{impatient, {.watch = &all.said}};
    int number = 0;
    for (const char* const state :
         {"P0001", "22023", "22001", "22P02", "23514", "23505", "23502", "40001", "40P01", "40003",
          "42501", "42601", "42703", "42804", "42P01", "42883", "42P10", "42704", "42710", "42P07",
          "53100", "53200", "53300", "54000", "55P03", "57014", "57P03", "08006", "0A000", "25006",
          "25P02", "28000", "3D000", "3F000", "58030", "F0000", "XX000", "XX001", "ABCDE"}) {
        SCOPED_TRACE(state);
        raise_in_each_row(
            "RAISE EXCEPTION 'look: %', NEW.text USING ERRCODE = '" + std::string(state) +
            "', DETAIL = NEW.text, HINT = NEW.text, COLUMN = NEW.text, TABLE = "
            "NEW.text, CONSTRAINT = NEW.text, SCHEMA = NEW.text, DATATYPE = NEW.text");
        const int before = all.said.errors;
        all.said.add(jobs.submit(all.a_letter()));
        all.said.add(jobs.renew(all.run));
        EXPECT_GT(all.said.errors, before);
        ++number;
    }
    EXPECT_EQ(number, 39);
}

TEST_F(secrets_on_postgres, are_in_no_sentence_about_a_statement_that_a_trigger_builds) {
    prepare();
    raise_in_each_row("EXECUTE 'SELECT ' || NEW.text");
    EXPECT_GE(errors_of_changes(1), 2);
    raise_in_each_row("EXECUTE 'SELECT * FROM \"' || NEW.text || '\"'");
    EXPECT_GE(errors_of_changes(2), 2);
    raise_in_each_row("PERFORM NEW.text::integer");
    EXPECT_GE(errors_of_changes(3), 2);
}

TEST_F(secrets_on_postgres, are_in_no_stream_where_a_trigger_raises_notices) {
    prepare();
    raise_in_each_row("RAISE NOTICE 'look: %', NEW.text; RAISE WARNING 'look: %', NEW.text");
    EXPECT_EQ(errors_of_changes(1), 0);
}

TEST_F(secrets_on_postgres, are_in_no_sentence_about_a_value_that_a_changed_column_refuses) {
    prepare();
    execute("ALTER TABLE letters ALTER COLUMN text TYPE varchar(3) USING 'abc'");
    EXPECT_GE(errors_of_changes(1), 2);
    execute("ALTER TABLE letters ALTER COLUMN text TYPE integer USING 0");
    EXPECT_GE(errors_of_changes(2), 2);
    execute("ALTER TABLE letters ALTER COLUMN text TYPE uuid USING gen_random_uuid()");
    EXPECT_GE(errors_of_changes(3), 2);
}

class secrets_on_sqlite : public secrets<conformance::sqlite_backend> {};

TEST_F(secrets_on_sqlite, are_in_no_sentence_about_a_trigger_or_a_check_that_reads_them) {
    prepare();
    execute(
        "CREATE TRIGGER tells BEFORE INSERT ON letters BEGIN "
        "SELECT json_extract(NEW.text, NEW.text); END");
    EXPECT_GE(errors_of_changes(1), 2);
    execute(
        "DROP TRIGGER tells; CREATE TRIGGER tells BEFORE UPDATE ON letters BEGIN "
        "SELECT RAISE(ABORT, 'it is as it is'); END");
    EXPECT_GE(errors_of_changes(2), 3);
    execute(
        "DROP TRIGGER tells; CREATE TRIGGER tells BEFORE UPDATE ON letters BEGIN "
        "SELECT json_extract('{}', NEW.text || NEW.note); END");
    EXPECT_GE(errors_of_changes(3), 2);
}

}  // namespace
}  // namespace security
