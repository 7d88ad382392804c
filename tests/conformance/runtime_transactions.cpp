// What `database.transaction` promises: all of it or nothing, and truth about which.
#include "fixture.hpp"
#include "native.hpp"

#include <thread>

namespace conformance {
namespace {

using sm::ending;
using sm::verdict;

std::string told(const sm::result<ending>& got) {
    if (!got) return conformance::told(got.error());
    constexpr const char* names[] = {"committed", "provisional", "rolled_back",
                                     "committed_locally"};
    return names[static_cast<int>(got.value())];
}

template <class Backend>
class transactions : public on_queue<Backend> {
public:
    transactions() { this->place.execute("CREATE TABLE beside (n INTEGER UNIQUE)"); }

    std::int64_t beside() const { return this->place.number("SELECT count(*) FROM beside"); }
    std::int64_t jobs() const { return this->place.number("SELECT count(*) FROM queue_jobs"); }
    std::int64_t logged() const {
        return this->place.number("SELECT count(*) FROM queue_jobs_log");
    }

    /// Completes a job, submits another, and writes a row of the caller's own.
    template <class Transaction>
    static void do_all(Transaction& tx, const typename on_queue<Backend>::run_type& run) {
        auto inside = store_on<queue::machine>(tx);
        EXPECT_EQ(conformance::told(inside.fire(queue::complete, run, {"result"}, "token")),
                  "provisional");
        EXPECT_EQ(conformance::told(inside.submit({.payload = "next"}, {.key = "next"})),
                  "provisional");
        EXPECT_TRUE(run_on(tx.handle(), "INSERT INTO beside VALUES (1)"));
    }
};
TYPED_TEST_SUITE(transactions, backends, backend_names);

TYPED_TEST(transactions, commit_a_step_a_submission_and_the_callers_row_together) {
    const auto run = this->claim(queue::claim, this->submit());
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        this->do_all(tx, run);
        EXPECT_EQ(store_on<queue::machine>(tx).read(run.id).value()->state, queue::worked);
        EXPECT_EQ(this->place.text("SELECT state FROM queue_jobs"), "running");
        EXPECT_EQ(this->beside(), 0);
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->read(run.id).state, queue::worked);
    EXPECT_EQ(this->jobs(), 2);
    EXPECT_EQ(this->beside(), 1);
    EXPECT_EQ(conformance::told(this->store.fire(queue::complete, run, {"result"}, "token")),
              "already_applied");
}

TYPED_TEST(transactions, leave_nothing_of_a_function_that_did_not_succeed) {
    const auto run = this->claim(queue::claim, this->submit());
    const auto before = this->stored();
    const auto after_all = [&](auto end) {
        return told(this->database.transaction([&](auto& tx) -> sm::result<verdict> {
            this->do_all(tx, run);
            return end();
        }));
    };
    EXPECT_EQ(after_all([] { return verdict::roll_back; }), "rolled_back");
    EXPECT_EQ(after_all([]() -> sm::result<verdict> {
                  return sm::error(sm::errc::invalid_argument, "of the function");
              }),
              "error: invalid_argument");
    EXPECT_EQ(after_all([]() -> sm::result<verdict> { throw 1; }), "error: function_threw");
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(this->beside(), 0);
    EXPECT_EQ(after_all([] { return verdict::commit; }), "committed");
    EXPECT_EQ(this->beside(), 1);
}

TYPED_TEST(transactions, tell_nothing_of_what_an_exception_said) {
    const auto did = this->database.transaction(
        [&](auto&) -> sm::result<void> { throw std::runtime_error("swordfish"); });
    ASSERT_EQ(told(did), "error: function_threw");
    EXPECT_EQ(did.error().what_is_known(), sm::fate::not_applied);
    EXPECT_EQ(did.error().message().find("swordfish"), std::string::npos);
}

TYPED_TEST(transactions, end_with_the_error_that_value_threw_for) {
    const auto id = this->submit();
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        auto inside = store_on<queue::machine>(tx);
        inside.submit({}, {.key = "lost"}).value().value();
        inside.fire(queue::requeue, id, sm::any_version).value().value();
        return sm::success();
    });
    ASSERT_EQ(told(did), "error: refused");
    EXPECT_NE(did.error().message().find("'queued'"), std::string::npos) << did.error().message();
    EXPECT_EQ(this->jobs(), 1);
}

TYPED_TEST(transactions, go_on_after_calls_that_were_refused) {
    this->place.execute("CREATE UNIQUE INDEX one_label ON queue_jobs (label)");
    const auto run = this->claim(queue::claim,
                                 this->submit({.payload = "a", .label = "taken"}, {.key = "used"}));
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        auto inside = store_on<queue::machine>(tx);
        EXPECT_TRUE(run_on(tx.handle(), "INSERT INTO beside VALUES (1)"));
        EXPECT_EQ(conformance::told(inside.submit({.payload = "b"}, {.key = "used"})),
                  "rejected: key_conflict");
        EXPECT_EQ(conformance::told(inside.submit({.payload = "a", .label = "taken"})),
                  "error: unique_violated");
        EXPECT_EQ(conformance::told(inside.submit({.payload = "a"}, {.key = "used"})),
                  "already_applied");
        auto stale = run;
        ++stale.epoch;
        EXPECT_EQ(conformance::told(inside.fire(queue::complete, stale, {"late"})),
                  "rejected: stale_epoch");
        EXPECT_EQ(
            conformance::told(inside.submit({.payload = "nul", .label = std::string(1, '\0')})),
            "error: invalid_value");
        EXPECT_EQ(conformance::told(inside.fire(queue::complete, run, {"result"})), "provisional");
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->read(run.id).state, queue::worked);
    EXPECT_EQ(this->jobs(), 1);
    EXPECT_EQ(this->beside(), 1);
}

TYPED_TEST(transactions, answer_a_batch_job_by_job) {
    using submission = typename TestFixture::store_type::submission;
    const std::vector<submission> batch{{.job = {.payload = "a"}, .key = "one"},
                                        {.job = {.payload = "a"}, .key = "one"},
                                        {.job = {.payload = "b"}, .key = "two"}};
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        const auto answers = store_on<queue::machine>(tx).submit_many(batch);
        EXPECT_EQ(conformance::told(answers[0]), "provisional");
        EXPECT_EQ(conformance::told(answers[1]), "already_applied");
        EXPECT_EQ(conformance::told(answers[2]), "provisional");
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->jobs(), 2);
}

TYPED_TEST(transactions, answer_a_batch_of_steps_each_by_itself) {
    using step = typename TestFixture::store_type::template step<queue::outcome>;
    std::vector<step> steps;
    for (const char* const result : {"one", "two", "late"})
        steps.push_back({this->claim(queue::claim, this->submit()), {result}});
    ++steps[2].run.epoch;
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        const auto answers =
            store_on<queue::machine>(tx).template fire_many<queue::outcome>(queue::complete, steps);
        EXPECT_EQ(conformance::told(answers[0]), "provisional");
        EXPECT_EQ(conformance::told(answers[1]), "provisional");
        EXPECT_EQ(conformance::told(answers[2]), "rejected: stale_epoch");
        // A limit that a batch sets would hold for the caller's own statements.
        if constexpr (std::is_same_v<TypeParam, postgres_backend>) {
            EXPECT_TRUE(
                run_on(tx.handle(), "SELECT 1 / (current_setting('lock_timeout') <> '25ms')::int"));
        }
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->read(steps[1].run.id).state, queue::worked);
}

TYPED_TEST(transactions, span_the_stores_of_several_machines) {
    auto gates = store_on<gate::machine>(this->database);
    gates.migrate().value();
    const auto both = [&](verdict end) {
        return told(this->database.transaction([&](auto& tx) -> sm::result<verdict> {
            store_on<queue::machine>(tx).submit({}).value().value();
            store_on<gate::machine>(tx).submit({}).value().value();
            return end;
        }));
    };
    EXPECT_EQ(both(verdict::roll_back), "rolled_back");
    EXPECT_EQ(this->jobs() + this->place.number("SELECT count(*) FROM gate_jobs"), 0);
    EXPECT_EQ(both(verdict::commit), "committed");
    EXPECT_EQ(this->jobs(), 1);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM gate_jobs"), 1);
}

TYPED_TEST(transactions, claim_renew_and_sweep_inside) {
    const auto id = this->submit();
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        auto inside = store_on<queue::machine>(tx);
        const auto run = inside.claim(queue::claim, {.owner = "inside"}).value().value();
        EXPECT_EQ(run.id, id);
        EXPECT_EQ(conformance::told(inside.renew(run)), "provisional");
        EXPECT_EQ(inside.sweep().value().expired, 0U);
        EXPECT_EQ(conformance::told(inside.claim(queue::claim, {.owner = "other"})),
                  "rejected: none_due");
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->read(id).owner, "inside");
}

TYPED_TEST(transactions, refuse_a_call_on_the_database_from_inside) {
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        EXPECT_EQ(conformance::told(this->store.submit({})), "error: nested_call");
        EXPECT_EQ(conformance::told(this->store.read(1)), "error: nested_call");
        EXPECT_EQ(told(this->database.transaction(
                      [](auto&) { return sm::result<verdict>(verdict::commit); })),
                  "error: nested_call");
        store_on<queue::machine>(tx).submit({}).value().value();
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->jobs(), 1);
    EXPECT_EQ(conformance::told(this->store.submit({})), "applied");
}

TYPED_TEST(transactions, refuse_a_call_from_inside_a_call_of_theirs) {
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        const auto body = [&](sm::executor&) -> sm::result<verdict> {
            EXPECT_EQ(conformance::told(store_on<queue::machine>(tx).submit({})),
                      "error: nested_call");
            return verdict::commit;
        };
        EXPECT_EQ(told(tx.connection().transact(sm::access::write, body)), "provisional");
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->jobs(), 0);
}

TYPED_TEST(transactions, do_not_call_committed_what_their_function_ended) {
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        store_on<queue::machine>(tx).submit({}).value().value();
        EXPECT_TRUE(run_on(tx.handle(), "ROLLBACK"));
        EXPECT_EQ(conformance::told(store_on<queue::machine>(tx).submit({})),
                  "error: transaction_aborted");
        return sm::success();
    });
    EXPECT_EQ(told(did), "error: transaction_aborted");
    EXPECT_EQ(this->jobs(), 0);
    EXPECT_EQ(conformance::told(this->store.submit({})), "applied");
}

TYPED_TEST(transactions, undo_a_call_that_hides_its_error) {
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        const sm::statement wrong{.text = "INSERT INTO nowhere VALUES (1)", .results = {}};
        const auto body = [&](sm::executor& transaction) -> sm::result<verdict> {
            static_cast<void>(transaction.execute(wrong, {}, [](auto) {}));
            return verdict::commit;
        };
        EXPECT_FALSE(tx.connection().transact(sm::access::write, body));
        store_on<queue::machine>(tx).submit({}).value().value();
        return sm::success();
    });
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(this->jobs(), 1);
}

TYPED_TEST(transactions, wake_waiting_workers_once_they_are_committed) {
    auto& bell = this->database.connection().wakeups();
    const auto before = bell.rings();
    const auto submit = [&](verdict end) {
        return this->database.transaction([&](auto& tx) -> sm::result<verdict> {
            store_on<queue::machine>(tx).submit({}).value().value();
            EXPECT_EQ(bell.rings(), before);
            return end;
        });
    };
    submit(verdict::roll_back).value();
    EXPECT_EQ(bell.rings(), before);
    submit(verdict::commit).value();
    EXPECT_EQ(bell.rings(), before + 1);
}

TYPED_TEST(transactions, of_many_threads_commit_whole_or_not_at_all) {
    constexpr int threads = 8;
    constexpr int each = 12;
    std::vector<std::thread> running;
    std::atomic<int> committed{0};
    for (int t = 0; t < threads; ++t)
        running.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const auto number = std::to_string(t * each + i);
                const auto did = this->database.transaction([&](auto& tx) -> sm::result<verdict> {
                    const std::string key = "key-" + number;
                    store_on<queue::machine>(tx).submit({}, {.key = key}).value().value();
                    EXPECT_TRUE(run_on(tx.handle(), "INSERT INTO beside VALUES (" + number + ")"));
                    return i % 3 == 0 ? verdict::roll_back : verdict::commit;
                });
                if (did.value() == ending::committed) ++committed;
            }
        });
    for (auto& one : running) one.join();
    EXPECT_EQ(committed, threads * each * 2 / 3);
    EXPECT_EQ(this->jobs(), committed);
    EXPECT_EQ(this->beside(), committed);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs j JOIN beside b "
                                 "ON j.\"key\" = 'key-' || b.n"),
              committed);
}

TYPED_TEST(transactions, keep_their_key_from_everybody_until_they_end) {
    std::thread other;
    std::string said;
    const auto did = this->database.transaction([&](auto& tx) -> sm::result<void> {
        store_on<queue::machine>(tx).submit({.payload = "a"}, {.key = "one"}).value().value();
        other = std::thread([&] {
            said = conformance::told(this->store.submit({.payload = "a"}, {.key = "one"}));
        });
        EXPECT_EQ(this->jobs(), 0);
        return sm::success();
    });
    other.join();
    EXPECT_EQ(told(did), "committed");
    EXPECT_EQ(said, "already_applied");
    EXPECT_EQ(this->jobs(), 1);
}

}  // namespace
}  // namespace conformance
