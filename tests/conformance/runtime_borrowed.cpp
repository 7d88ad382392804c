// Stores on a connection of the caller's own, beside its own statements.
#include "fixture.hpp"
#include "native.hpp"

namespace conformance {
namespace {

template <class Backend>
class borrowed : public on_queue<Backend> {
public:
    borrowed() { this->place.execute("CREATE TABLE beside (n INTEGER UNIQUE)"); }

    void run(const std::string& sql) const { ASSERT_TRUE(run_on(mine.handle(), sql)) << sql; }

    native<Backend> mine{this->place};
    decltype(std::declval<native<Backend>&>().borrow()) lent = mine.borrow();
    sm::store<queue::machine> inside = store_on<queue::machine>(lent);
};
TYPED_TEST_SUITE(borrowed, backends, backend_names);

TYPED_TEST(borrowed, calls_commit_with_the_callers_own_rows) {
    const auto run = this->claim(queue::claim, this->submit());
    this->run("BEGIN");
    this->run("INSERT INTO beside VALUES (1)");
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"result"}, "token")), "provisional");
    EXPECT_EQ(told(this->inside.submit({.payload = "next"}, {.key = "next"})), "provisional");
    EXPECT_EQ(told(this->inside.claim(queue::claim, {.owner = "me"})), "provisional");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs"), 1);
    this->run("COMMIT");
    EXPECT_EQ(this->read(run.id).state, queue::worked);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs"), 2);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM beside"), 1);
}

TYPED_TEST(borrowed, calls_are_gone_when_the_caller_rolls_back) {
    const auto run = this->claim(queue::claim, this->submit());
    const auto before = this->stored();
    this->run("BEGIN");
    this->run("INSERT INTO beside VALUES (1)");
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"result"}, "token")), "provisional");
    EXPECT_EQ(told(this->inside.submit({.payload = "next"}, {.key = "next"})), "provisional");
    this->run("ROLLBACK");
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM beside"), 0);
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"result"}, "token")), "applied");
}

TYPED_TEST(borrowed, calls_that_are_refused_leave_the_transaction_standing) {
    this->place.execute("CREATE UNIQUE INDEX one_label ON queue_jobs (label)");
    const auto run = this->claim(queue::claim,
                                 this->submit({.payload = "a", .label = "taken"}, {.key = "used"}));
    this->run("BEGIN");
    this->run("INSERT INTO beside VALUES (1)");
    EXPECT_EQ(told(this->inside.submit({.payload = "b"}, {.key = "used"})),
              "rejected: key_conflict");
    EXPECT_EQ(told(this->inside.submit({.payload = "a", .label = "taken"})),
              "error: unique_violated");
    auto stale = run;
    ++stale.epoch;
    EXPECT_EQ(told(this->inside.fire(queue::complete, stale, {"late"}, "late")),
              "rejected: stale_epoch");
    EXPECT_TRUE(this->mine.in_transaction());
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"result"}, "token")), "provisional");
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"result"}, "token")),
              "already_applied");
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"other"}, "token")),
              "rejected: token_reused");
    this->run("COMMIT");
    EXPECT_EQ(this->read(run.id).job.result, "result");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM beside"), 1);
}

TYPED_TEST(borrowed, calls_never_begin_or_end_the_callers_transaction) {
    const auto run = this->claim(queue::claim, this->submit());
    this->run("BEGIN");
    this->run("SAVEPOINT mine");
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"result"})), "provisional");
    this->run("ROLLBACK TO SAVEPOINT mine");
    EXPECT_TRUE(this->mine.in_transaction());
    EXPECT_EQ(this->inside.read(run.id).value()->state, queue::running);
    EXPECT_EQ(told(this->inside.fire(queue::hand_back, run)), "provisional");
    this->run("COMMIT");
    EXPECT_EQ(this->read(run.id).state, queue::queued);
}

TYPED_TEST(borrowed, calls_outside_of_a_transaction_commit_by_themselves) {
    EXPECT_EQ(told(this->inside.submit({})), "applied");
    EXPECT_FALSE(this->mine.in_transaction());
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs"), 1);
}

TYPED_TEST(borrowed, connections_keep_their_settings_and_no_statement) {
    const auto before = this->mine.settings();
    const auto run = this->claim(queue::claim, this->submit());
    this->run("BEGIN");
    EXPECT_EQ(told(this->inside.fire(queue::complete, run, {"result"}, "token")), "provisional");
    EXPECT_EQ(told(this->inside.submit({}, {.key = "key"})), "provisional");
    EXPECT_EQ(told(this->inside.submit({.payload = "other"}, {.key = "key"})),
              "rejected: key_conflict");
    this->run("COMMIT");
    EXPECT_EQ(told(this->inside.submit({})), "applied");
    EXPECT_EQ(told(this->inside.read(run.id)), "success");
    EXPECT_TRUE(this->lent.transaction([](auto& tx) -> sm::result<void> {
        store_on<queue::machine>(tx).submit({}).value().value();
        return sm::success();
    }));
    EXPECT_EQ(this->mine.settings(), before);
}

TYPED_TEST(borrowed, databases_run_a_transaction_as_a_savepoint_of_the_callers) {
    const auto submit = [&](sm::verdict end) {
        return this->lent.transaction([&](auto& tx) -> sm::result<sm::verdict> {
            store_on<queue::machine>(tx).submit({}).value().value();
            EXPECT_TRUE(run_on(tx.handle(), "INSERT INTO beside VALUES (1)"));
            return end;
        });
    };
    this->run("BEGIN");
    EXPECT_EQ(submit(sm::verdict::roll_back).value(), sm::ending::rolled_back);
    EXPECT_EQ(submit(sm::verdict::commit).value(), sm::ending::provisional);
    EXPECT_TRUE(this->mine.in_transaction());
    EXPECT_EQ(this->place.number("SELECT count(*) FROM beside"), 0);
    this->run("COMMIT");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM beside"), 1);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs"), 1);
    this->run("DELETE FROM beside");
    EXPECT_EQ(submit(sm::verdict::commit).value(), sm::ending::committed);
    EXPECT_FALSE(this->mine.in_transaction());
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs"), 2);
}

TYPED_TEST(borrowed, batches_answer_each_job_and_stay_in_the_transaction) {
    using submission = typename TestFixture::store_type::submission;
    this->place.execute("CREATE UNIQUE INDEX one_label ON queue_jobs (label)");
    this->submit({.label = "taken"});
    const std::vector<submission> batch{{.job = {.payload = "a"}, .key = "one"},
                                        {.job = {.payload = "b", .label = "taken"}},
                                        {.job = {.payload = "a"}, .key = "one"}};
    this->run("BEGIN");
    const auto answers = this->inside.submit_many(batch);
    EXPECT_EQ(told(answers[0]), "provisional");
    EXPECT_EQ(told(answers[1]), "error: unique_violated");
    EXPECT_EQ(told(answers[2]), "already_applied");
    this->run("COMMIT");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs"), 2);
}

}  // namespace
}  // namespace conformance
