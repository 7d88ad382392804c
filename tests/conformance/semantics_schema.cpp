// Tables that are made, are there already, are missing, or are another program's.
#include "fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <thread>

namespace conformance {
namespace {

/// A place where nothing was migrated yet.
template <class Backend>
class migration : public ::testing::Test {
public:
    Backend place;
};
TYPED_TEST_SUITE(migration, backends, backend_names);

TYPED_TEST(migration, changes_nothing_the_second_time) {
    auto database = this->place.open();
    auto store = store_on<queue::machine>(database);
    store.migrate().value();
    const auto id = store.submit({.payload = "kept"}).value()->id;
    store.migrate().value();
    auto other_database = this->place.open();
    auto other = store_on<queue::machine>(other_database);
    other.migrate().value();
    EXPECT_EQ(other.read(id).value()->job.payload, "kept");
}

TYPED_TEST(migration, of_two_machines_shares_one_place) {
    auto database = this->place.open();
    auto queues = store_on<queue::machine>(database);
    auto gates = store_on<gate::machine>(database);
    queues.migrate().value();
    gates.migrate().value();
    queues.submit({}).value().value();
    EXPECT_EQ(told(gates.claim(gate::enter, {.owner = "w"})), "rejected: none_due");
}

TYPED_TEST(migration, may_be_run_by_eight_threads_at_once) {
    constexpr int threads = 8;
    std::barrier start(threads);
    std::vector<std::string> said(threads);
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i)
        running.emplace_back([&, i] {
            auto database = this->place.open();
            auto store = store_on<queue::machine>(database);
            start.arrive_and_wait();
            const auto migrated = store.migrate();
            said[static_cast<std::size_t>(i)] =
                migrated ? told(store.submit({.payload = "p"}, {.key = "one"}))
                         : told(migrated) + " " + migrated.error().message();
        });
    for (auto& each : running) each.join();
    std::sort(said.begin(), said.end());
    EXPECT_EQ(said.back(), "applied");
    said.pop_back();
    EXPECT_EQ(said, std::vector<std::string>(threads - 1, "already_applied"));
}

TYPED_TEST(migration, may_be_run_by_eight_processes_at_once) {
    int gate[2];
    ASSERT_EQ(pipe(gate), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i) {
        const pid_t child = fork();
        if (child != 0) {
            children.push_back(child);
            continue;
        }
        close(gate[1]);
        char go = 0;
        if (read(gate[0], &go, 1) != 0) _exit(3);
        TypeParam joined(this->place.where());
        auto database = joined.open();
        auto store = store_on<queue::machine>(database);
        if (!store.migrate()) _exit(2);
        _exit(told(store.submit({.payload = "p"}, {.key = "one"})) == "applied" ? 1 : 0);
    }
    close(gate[0]);
    close(gate[1]);
    int created = 0;
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_LE(WEXITSTATUS(status), 1);
        created += WEXITSTATUS(status) == 1 ? 1 : 0;
    }
    EXPECT_EQ(created, 1);
}

TYPED_TEST(migration, refuses_a_table_that_lacks_a_column_which_it_cannot_fill) {
    auto database = this->place.open();
    auto store = store_on<queue::machine>(database);
    store.migrate().value();
    this->place.execute("ALTER TABLE queue_jobs_tokens DROP COLUMN fingerprint");
    auto other_database = this->place.open();
    const auto again = store_on<queue::machine>(other_database).migrate();
    EXPECT_EQ(told(again), "error: schema_drifted");
    EXPECT_NE(again.error().message().find("'fingerprint'"), std::string::npos);
}

TYPED_TEST(migration, refuses_a_foreign_table_of_the_same_name) {
    this->place.execute("CREATE TABLE queue_jobs (id bigint, note text)");
    auto database = this->place.open();
    const auto migrated = store_on<queue::machine>(database).migrate();
    EXPECT_EQ(told(migrated), "error: schema_drifted");
    EXPECT_FALSE(!migrated && migrated.error().message().empty());
}

TYPED_TEST(migration, is_asked_for_by_every_call_that_comes_before_it) {
    auto database = this->place.open();
    auto store = store_on<queue::machine>(database);
    const std::string wanted = "error: schema_missing";
    typename sm::store<queue::machine>::run_type run;
    run.id = 1;
    const std::vector many{run, run};
    const std::vector<sm::store<queue::machine>::submission> jobs(2);
    EXPECT_EQ(told(store.submit({})), wanted);
    EXPECT_EQ(told(store.submit({}, {.key = "k"})), wanted);
    const auto submitted = store.submit_many(jobs);
    for (const auto& each : submitted) EXPECT_EQ(told(each), wanted);
    EXPECT_EQ(told(store.claim(queue::claim, {.owner = "w"})), wanted);
    EXPECT_EQ(told(store.claim_many(queue::claim, 2, {.owner = "w"})), wanted);
    EXPECT_EQ(told(store.claim_by_id(queue::claim, 1, {.owner = "w"})), wanted);
    EXPECT_EQ(told(store.fire(queue::complete, run, {"x"})), wanted);
    EXPECT_EQ(told(store.fire(queue::complete, run, {"x"}, "t")), wanted);
    EXPECT_EQ(told(store.fire(queue::cancel, 1, sm::any_version)), wanted);
    EXPECT_EQ(told(store.renew(run)), wanted);
    EXPECT_EQ(told(store.renew(queue::progress, run, {1})), wanted);
    EXPECT_EQ(told(store.renew_many(many)), wanted);
    EXPECT_EQ(told(store.sweep()), wanted);
    EXPECT_EQ(told(store.read(1)), wanted);
    EXPECT_EQ(told(store.list(queue::queued)), wanted);
    EXPECT_EQ(told(store.history(1)), wanted);
    const auto refused = store.read(1);
    EXPECT_NE(refused.error().message().find("migrate"), std::string::npos);
    store.migrate().value();
    EXPECT_EQ(told(store.submit({})), "applied");
}

}  // namespace
}  // namespace conformance
