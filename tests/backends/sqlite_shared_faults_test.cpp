// What callers that share a commit are told when something fails.
#include "sqlite_shared_fixture.hpp"

#include <algorithm>
#include <mutex>

namespace {

using namespace sqlite_test;

/// The file system of databases that are opened while it exists; syncs of the log fail when told
/// to.
class failing_disk {
public:
    failing_disk() {
        vfs_ = *sqlite3_vfs_find(nullptr);
        vfs_.zName = "failing";
        open_ = vfs_.xOpen;
        vfs_.xOpen = [](sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags,
                        int* out) {
            const int code = open_(self, name, file, flags, out);
            if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
            methods_ = *file->pMethods;
            sync_ = methods_.xSync;
            methods_.xSync = [](sqlite3_file* of, int how) {
                return fails ? SQLITE_IOERR_FSYNC : sync_(of, how);
            };
            file->pMethods = &methods_;
            return code;
        };
        before_ = sqlite3_vfs_find(nullptr);
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~failing_disk() {
        fails = false;
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(before_, 1);
    }
    failing_disk(const failing_disk&) = delete;
    failing_disk& operator=(const failing_disk&) = delete;

    static inline bool fails = false;

private:
    static inline decltype(sqlite3_vfs::xOpen) open_ = nullptr;
    static inline decltype(sqlite3_io_methods::xSync) sync_ = nullptr;
    static inline sqlite3_io_methods methods_{};
    sqlite3_vfs vfs_{};
    sqlite3_vfs* before_ = nullptr;
};

class sqlite_shared_faults : public shared_commits {};

TEST_F(sqlite_shared_faults, that_fail_answer_all) {
    refuses_commits = true;
    EXPECT_EQ(together({inserts(1), inserts(2, [](sm::executor&) { return verdict::roll_back; }),
                        inserts(3)},
                       inserts(0)),
              all(4, "constraint_violated"));
    EXPECT_EQ(commits, 1);
    refuses_commits = false;
    EXPECT_EQ(rows(), "no answer");
    EXPECT_TRUE(transact(inserts(1)));
}

TEST_F(sqlite_shared_faults, tell_those_before_a_rollback_by_sqlite_that_nothing_was_applied) {
    ASSERT_TRUE(run(db,
                    "CREATE TRIGGER gone BEFORE INSERT ON t WHEN NEW.a = 9"
                    " BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END"));
    commits = 0;
    EXPECT_EQ(together({inserts(1), inserts(2, [](sm::executor&) { return verdict::roll_back; }),
                        inserts(9), inserts(4), inserts(5)},
                       inserts(0)),
              (all{"busy", "busy", "constraint_violated", "committed", "committed", "busy"}));
    EXPECT_EQ(rows(), "4,5");
    EXPECT_LE(commits, 2);
}

TEST_F(sqlite_shared_faults, run_nothing_more_of_a_body_after_an_error) {
    ASSERT_TRUE(run(db,
                    "CREATE TRIGGER gone BEFORE INSERT ON t WHEN NEW.a = 9"
                    " BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END"));
    const body goes_on = [](sm::executor& inside) -> sm::result<verdict> {
        EXPECT_FALSE(inserts(9)(inside));
        EXPECT_FALSE(inserts(1)(inside));
        return verdict::commit;
    };
    EXPECT_EQ(together({goes_on}, inserts(0)), (all{"constraint_violated", "busy"}));
    EXPECT_EQ(code_of(transact(goes_on)), code_of(errc::constraint_violated));
    EXPECT_EQ(rows(), "no answer");
}

TEST_F(sqlite_shared_faults, are_truthful_about_a_full_disk) {
    ASSERT_TRUE(run(db, "PRAGMA max_page_count = 12"));
    const body too_much = inserts(2, [](sm::executor& inside) -> sm::result<verdict> {
        const statement blow{.text = "UPDATE t SET b = zeroblob(1000000) WHERE a = 2",
                             .results = {}};
        if (auto done = inside.execute(blow, {}, no_rows); !done) return done.error();
        return verdict::commit;
    });
    const auto ended = together({inserts(1), too_much, inserts(3)}, inserts(0));
    EXPECT_EQ(ended[1], "disk_full");
    EXPECT_EQ(ended[2], "committed");
    const bool rolled_back_by_sqlite = ended[0] == "busy";
    EXPECT_EQ(ended[0], ended[3]);
    EXPECT_EQ(rows(), rolled_back_by_sqlite ? "3" : "0,1,3");
}

TEST_F(sqlite_shared_faults, do_not_fail_for_the_foreign_keys_of_one) {
    const body dangles = [](sm::executor& inside) -> sm::result<verdict> {
        const statement refer{.text = "INSERT INTO r VALUES(99)", .results = {}};
        if (auto done = inside.execute(refer, {}, no_rows); !done) return done.error();
        return verdict::commit;
    };
    EXPECT_EQ(together({inserts(1), dangles, inserts(2)}, inserts(0)),
              (all{"committed", "constraint_violated", "committed", "committed"}));
    EXPECT_EQ(together({inserts(3)}, dangles), (all{"committed", "constraint_violated"}));
    EXPECT_EQ(rows(), "0,1,2,3");
}

TEST_F(sqlite_shared_faults, are_truthful_to_many_threads_that_fail_at_times) {
    ASSERT_TRUE(run(db,
                    "CREATE TRIGGER gone BEFORE INSERT ON t WHEN NEW.a % 50 = 49"
                    " BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END"));
    commits = 0;
    constexpr int threads = 16;
    constexpr int each = 60;
    std::mutex mutex;
    std::vector<std::int64_t> told_committed;
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
        running.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const std::int64_t a = t * each + i;
                const auto said = told([&] {
                    return transact(inserts(a, [a](sm::executor&) -> sm::result<verdict> {
                        if (a % 7 == 3) throw std::runtime_error("thrown");
                        if (a % 7 == 4) return sm::error(errc::invalid_argument, "no");
                        return a % 7 == 5 ? verdict::roll_back : verdict::commit;
                    }));
                });
                if (said != "committed") continue;
                const std::lock_guard lock(mutex);
                told_committed.push_back(a);
            }
        });
    for (auto& one : running) one.join();
    std::sort(told_committed.begin(), told_committed.end());
    std::string expected;
    for (const auto a : told_committed)
        expected += (expected.empty() ? "" : ",") + std::to_string(a);
    EXPECT_EQ(raw(file).ask("SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)"), expected);
    EXPECT_GT(told_committed.size(), 100U);
}

TEST_F(sqlite_shared_faults, of_the_disk_leave_the_fate_of_all_unknown) {
    failing_disk disk;
    auto durable = lite::open(dir / "durable.db").value();
    ASSERT_TRUE(run(durable, "CREATE TABLE t(a INTEGER PRIMARY KEY) STRICT"));
    std::swap(db, durable);
    const body breaks = inserts(0, [](sm::executor&) {
        failing_disk::fails = true;
        return verdict::commit;
    });
    EXPECT_EQ(together({inserts(1), inserts(2)}, breaks), all(3, "connection_lost"));
    failing_disk::fails = false;
    EXPECT_EQ(told([&] { return transact(inserts(3)); }), "committed");
    std::swap(db, durable);
}

}  // namespace
