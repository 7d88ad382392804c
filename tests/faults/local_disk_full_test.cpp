// The disk is full again and again while clients work. Each is told so and definitely, nothing is
// half there, and they go on once there is space.
#include "local_after.hpp"
#include "local_disks.hpp"

#include "field/raw.hpp"
#include "support/postgres_server.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <sys/stat.h>

namespace {

using namespace faults;
using statemachine::tests::throwaway_postgres;

class disk_full : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = no_mounts()) FAULTS_SKIP("full disks: " + *why);
    }

    /// Fills the disk and frees it under clients, once they were told of it often enough.
    static void trouble(crew& clients, const memory_disk& disk, std::mt19937_64& random) {
        const std::size_t these = clients.programs().size();
        clients.start(4);
        EXPECT_TRUE(clients.is_at_work(5000));
        const auto enough = 10 + random() % 30;
        // Space that is freed meanwhile, such as by a checkpoint, is taken, too.
        EXPECT_TRUE(clients.wait_for(these, [&](const auto& now) {
            disk.fill();
            return refusals(now) >= enough;
        })) << "nobody noticed that the disk was full";
        disk.free();
        const auto full = clients.so_far_of(these);
        EXPECT_TRUE(clients.wait_for(these, [&](const auto& now) {
            return now.acknowledged >= full.acknowledged + 40;
        })) << "nobody got anything done when there was space";
        EXPECT_TRUE(clients.stop_all());
    }

    static std::uint64_t refusals(const crew::told& what) {
        const auto found = what.errors.find(sm::errc::disk_full);
        return found == what.errors.end() ? 0 : found->second;
    }

    template <class Database>
    static void outlast(const place& on, const memory_disk& disk, std::uint64_t seed) {
        auto random = random_of(seed);
        crew clients(on, seed);
        {
            Database first = open_at<Database>(on);
            sm::store<work::machine>(first).migrate().value();
        }
        for (int round = 0; round < 3; ++round) trouble(clients, disk, random);
        const auto told = clients.so_far();
        std::cout << told << '\n';
        EXPECT_GE(refusals(told), 30U);
        EXPECT_EQ(told.unsettled, 0U) << "a full disk leaves nothing in doubt";
        EXPECT_EQ(told.errors.size(), 1U) << "an answer that names something else";
        EXPECT_TRUE(goes_on_soundly<Database>(on, seed, clients));
    }
};

TEST_F(disk_full, under_a_file_is_refused_definitely_and_passes) {
    for (const auto seed : seeds()) {
        const memory_disk disk("16m");
        const place on{.backend = "sqlite", .where = disk.path() + "/jobs.db", .sync = "full"};
        outlast<sm::sqlite::database>(on, disk, seed);
        auto again = open_at<sm::sqlite::database>(on);
        EXPECT_EQ(sm::testing::reader_of(again.connection())("PRAGMA integrity_check", 1)[0][0],
                  "ok");
    }
}

TEST_F(disk_full, under_the_tables_of_a_server_is_refused_definitely_and_passes) {
    for (const auto seed : seeds()) {
        const memory_disk disk("32m");
        throwaway_postgres server;
        const std::string space = disk.path() + "/tables";
        ASSERT_EQ(mkdir(space.c_str(), 0700), 0);
        const passwd* const user = statemachine::tests::other_user();
        ASSERT_EQ(chown(space.c_str(), user->pw_uid, user->pw_gid), 0);
        field::raw by(server.tcp_conninfo());
        by.run("CREATE TABLESPACE small LOCATION '" + space + "'");
        const place on{.backend = "postgres",
                       .where = server.tcp_conninfo() + " options='-cdefault_tablespace=small'",
                       .deadline = 2000};
        outlast<sm::postgres::database>(on, disk, seed);
    }
}

}  // namespace
