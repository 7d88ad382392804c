// The table is altered under the workers' prepared statements, and nobody notices.
#include "work.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace field;

constexpr int workers = 3;

/// Workers that submit, claim and finish until told to stop, and what they were told besides that
/// it went well.
class busy_workers {
public:
    explicit busy_workers(const place& here) : db_(here.open({.connections = workers + 1})) {
        for (int i = 0; i < workers; ++i)
            threads_.emplace_back([this, i](const std::stop_token& stop) {
                work_store jobs = store_of(db_);
                while (!stop.stop_requested()) turn(jobs, "worker-" + std::to_string(i));
            });
    }

    int done() const noexcept { return done_; }
    /// Until so many more are done.
    bool go_on(int more) const {
        const int before = done_;
        return wait_until([&] { return done_ >= before + more; });
    }
    std::set<std::string> complaints() {
        threads_.clear();
        return complaints_;
    }

private:
    void turn(work_store& jobs, const std::string& owner) {
        expect(told(jobs.submit({.payload = "p"})), "applied");
        const auto run = jobs.claim(work::claim, {.owner = owner});
        if (!run || !run.value()) {
            expect(told(run), "rejected: none_due");
            return;
        }
        expect(told(jobs.renew(work::progress, *run.value(), {1})), "applied");
        expect(told(jobs.fire(work::complete, *run.value(), {owner}, "t")), "applied");
        expect(told(jobs.read(run.value()->id)), "success");
        ++done_;
    }
    void expect(const std::string& said, const char* wanted) {
        if (said == wanted) return;
        const std::lock_guard lock(mutex_);
        complaints_.insert(said);
    }

    sm::postgres::database db_;
    std::mutex mutex_;
    std::set<std::string> complaints_;
    std::atomic<int> done_ = 0;
    std::vector<std::jthread> threads_;
};

TEST(online_schema, changes_disturb_no_call) {
    const place here;
    auto db = here.open();
    ASSERT_EQ(told(store_of(db).migrate()), "success");
    busy_workers all(here);
    const std::string table = "ALTER TABLE work_jobs ";
    for (int round = 0; round < 10; ++round) {
        const std::string name = "extra_" + std::to_string(round);
        for (const std::string& change :
             {table + "ADD COLUMN " + name + " text DEFAULT 'x'",
              "CREATE INDEX CONCURRENTLY " + name + "_index ON work_jobs (" + name + ")",
              "ALTER TABLE work_jobs_log ADD COLUMN " + name + " integer",
              table + "ALTER COLUMN " + name + " DROP DEFAULT",
              "DROP INDEX CONCURRENTLY " + name + "_index",
              // Rewrites the table under a new file.
              table + "ALTER COLUMN " + name + " TYPE integer USING length(" + name + ")",
              std::string("ANALYZE work_jobs"), table + "DROP COLUMN " + name}) {
            here.run(change);
            ASSERT_TRUE(all.go_on(workers)) << change << testing::PrintToString(all.complaints());
        }
        EXPECT_EQ(told(store_of(db).migrate()), "success");
    }
    EXPECT_EQ(all.complaints(), std::set<std::string>{});
    EXPECT_EQ(here.ask("SELECT count(*) FROM work_jobs WHERE state = 'done'"),
              std::to_string(all.done()));
    EXPECT_EQ(here.breaches(), std::vector<std::string>{});
}

TEST(online_schema, a_column_of_ours_that_changes_its_type_ends_no_call) {
    const place here;
    auto db = here.open();
    ASSERT_EQ(told(store_of(db).migrate()), "success");
    busy_workers all(here);
    ASSERT_TRUE(all.go_on(workers));
    // What a prepared statement returns may not change its type, so it has to be prepared anew.
    for (int round = 0; round < 5; ++round)
        for (const char* const type : {"varchar(1000) COLLATE \"C\"", "text COLLATE \"C\""}) {
            here.run(std::string("ALTER TABLE work_jobs ALTER COLUMN result TYPE ") + type);
            ASSERT_TRUE(all.go_on(workers));
        }
    EXPECT_EQ(all.complaints(), std::set<std::string>{});
    EXPECT_EQ(here.breaches(), std::vector<std::string>{});
}

}  // namespace
