// The machine loses its power under a process that writes. What was acknowledged is there when it
// starts again, or, for those who asked for less, is seen to be lost: the fault is real.
#include "local_after.hpp"
#include "local_disks.hpp"

#include <statemachine/sqlite.hpp>

#include <thread>

namespace {

using namespace faults;
using database = sm::sqlite::database;

class power_loss : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = no_mounts()) FAULTS_SKIP("power loss: " + *why);
    }

    /// A machine with this database, whose clients die with it.
    struct machine {
        machine(const std::string& sync, std::uint64_t seed)
            : random(random_of(seed)),
              on{.backend = "sqlite", .where = disk.path() + "/jobs.db", .sync = sync},
              clients(on, seed) {
            database first = open_at<database>(on);
            sm::store<work::machine>(first).migrate().value();
        }

        void lose_power() {
            clients.start(3);
            EXPECT_TRUE(clients.is_at_work());
            std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));
            clients.lose_power([&] { disk.cut_power(); });
            clients.kill_all();
            disk.mount_again();
        }

        std::string damages() {
            database again = open_at<database>(on);
            return sm::testing::reader_of(again.connection())("PRAGMA integrity_check", 1)[0][0];
        }
        std::string lost() {
            database again = open_at<database>(on);
            sm::testing::history seen;
            clients.add_to(seen);
            return breaches_at(again, seen);
        }

        std::mt19937_64 random;
        powered_disk disk{64};
        place on;
        crew clients;
    };
};

TEST_F(power_loss, keeps_every_acknowledged_change_and_epoch_with_full_durability) {
    for (const auto seed : seeds()) {
        machine one("full", seed);
        for (int round = 0; round < 3; ++round) {
            one.lose_power();
            ASSERT_EQ(one.damages(), "ok") << "seed " << seed;
            ASSERT_EQ(one.lost(), "") << "seed " << seed;
        }
        const auto told = one.clients.so_far();
        std::cout << told << '\n';
        EXPECT_GT(told.acknowledged, 200U);
        EXPECT_GT(told.unsettled, 0U) << "no power was lost in the middle of a call";
        EXPECT_TRUE(goes_on_soundly<database>(one.on, seed, one.clients));
    }
}

TEST_F(power_loss, loses_acknowledged_changes_with_normal_durability_and_damages_nothing) {
    machine one("normal", seeds().front());
    for (int round = 0; round < 30; ++round) {
        one.lose_power();
        ASSERT_EQ(one.damages(), "ok");
        const std::string lost = one.lost();
        if (lost.empty()) continue;
        std::cout << "round " << round + 1 << ": " << lost;
        database again = open_at<database>(one.on);
        EXPECT_EQ(sm::testing::check_rows(sm::detail::described<work::machine>::value,
                                          sm::testing::reader_of(again.connection()))
                      .size(),
                  0U)
            << "what is there fits together";
        return;
    }
    FAIL() << "nothing was ever lost: the power was not really off";
}

}  // namespace
