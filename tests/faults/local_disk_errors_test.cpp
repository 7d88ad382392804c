// The disk fails under SQLite: at each of its operations in turn, and at random under clients. No
// answer says more than is true.
#include "local_after.hpp"
#include "local_backends.hpp"
#include "local_failing_disk.hpp"

#include <statemachine/sqlite.hpp>

namespace {

using namespace faults;
using failing_disk::operation;
using database = sm::sqlite::database;
using file_place = own_place<conformance::sqlite_backend>;

class disk_errors : public testing::Test {
protected:
    static constexpr const char* names[] = {"read", "write", "sync", "truncate",
                                            "lock", "map",   "size"};

    disk_errors() { failing_disk::install(); }

    // Syncs are asked for and mean nothing there: many lives are short.
    temporary_files_on memory{"/dev/shm"};

    /// A life of some calls on a handle of its own, whose n-th operation fails.
    /// @return how often it failed
    int live(operation what, int at, bool and_all_later) {
        const std::string name = std::string(names[static_cast<int>(what)]) + "-" +
                                 std::to_string(at) + (and_all_later ? "-on" : "");
        const auto began = seen->calls().size();
        failing_disk::fail(what, at, and_all_later);
        if (auto opened = sm::sqlite::open(here->at.where, {.deadline = 300ms}); opened) {
            recorder jobs(opened.value(), *seen, name);
            act(jobs, name);
            // What is left of it is closed, and checkpointed, while the disk fails.
        }
        const int failures = failing_disk::failed();
        failing_disk::stop_failing();
        if (what == operation::sync && and_all_later && at == 1) expect_nothing_applied(began);
        check_all(name);
        return failures;
    }

    void act(recorder& jobs, const std::string& name) {
        const auto made = jobs.submit({.payload = name}, {.key = name});
        if (made && made.value()) {
            const auto run = jobs.claim_by_id(work::claim, made.value()->id);
            if (run && run.value()) {
                std::ignore = jobs.renew(*run.value());
                for (int twice = 0; twice < 2; ++twice)
                    std::ignore = jobs.fire(work::complete, *run.value(), {"done"}, name);
            }
        }
        std::ignore = jobs.submit({.payload = "another"});
    }

    // Nothing that was sent since then has reached the disk.
    void expect_nothing_applied(std::size_t since) {
        const auto calls = seen->calls();
        for (auto i = since; i < calls.size(); ++i)
            EXPECT_FALSE(calls[i].acknowledged()) << calls[i].text();
        EXPECT_GT(calls.size(), since);
    }

    void check_all(const std::string& name) {
        database again = here->open();
        const auto read = sm::testing::reader_of(again.connection());
        ASSERT_EQ(read("PRAGMA integrity_check", 1)[0][0], "ok") << name;
        // The same key leads to the job, and what was in doubt is settled.
        recorder after(again, *seen, "after-" + name);
        const auto id = after.submit({.payload = name}, {.key = name}).value()->id;
        ASSERT_TRUE(after.resolve(id, name));
        ASSERT_EQ(breaches_at(again, *seen), "") << name << '\n' << seen->text();
    }

    /// Every operation where there is time, and else one of three beyond the first of them.
    static int next(int at) {
        const bool all = std::getenv("STATEMACHINE_SEEDS") != nullptr;
        return all || at < 4 ? at + 1 : at + 3;
    }

    std::optional<file_place> here;
    std::optional<sm::testing::history> seen;
};

TEST_F(disk_errors, at_each_operation_leave_answers_that_are_true) {
    for (const auto what : failing_disk::all_operations) {
        int last = 0;
        for (const bool and_all_later : {false, true}) {
            here.emplace();
            seen.emplace();
            for (int at = 1; !HasFailure() && live(what, at, and_all_later) > 0; at = next(at))
                last = at;
        }
        std::cout << names[static_cast<int>(what)] << ": " << last << '\n';
        EXPECT_GT(last, 0) << names[static_cast<int>(what)];
    }
}

TEST_F(disk_errors, at_random_under_clients_leave_answers_that_are_true) {
    for (const auto seed : seeds()) {
        auto random = random_of(seed);
        file_place there;
        there.at.sync = "full";
        there.at.deadline = 500;
        crew clients(there.at, seed);
        for (int round = 0; round < 3; ++round) {
            const auto these = clients.programs().size();
            clients.start(3, {"FAULTS_FAILING_DISK=" + std::to_string(random())});
            clients.start(1, {"FAULTS_FAILING_DISK=" + std::to_string(random())});
            EXPECT_TRUE(clients.wait_for(these, [](const auto& now) {
                return now.acknowledged > 100 && now.unsettled > 2 &&
                       now.errors.contains(sm::errc::io_error);
            })) << clients.so_far();
            clients.kill_all();
        }
        std::cout << clients.so_far() << '\n';
        database again = there.open();
        EXPECT_EQ(sm::testing::reader_of(again.connection())("PRAGMA integrity_check", 1)[0][0],
                  "ok");
        EXPECT_TRUE(goes_on_soundly<database>(there.at, seed, clients));
    }
}

}  // namespace
