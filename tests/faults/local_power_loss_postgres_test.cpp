// The machine loses its power under a server. See local_power_loss_test.cpp.
#include "local_after.hpp"
#include "local_disks.hpp"

#include "field/raw.hpp"
#include "support/postgres_server.hpp"

#include <statemachine/postgres.hpp>

#include <thread>

namespace {

using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::throwaway_postgres;

/// A server on a machine of its own, and clients elsewhere.
struct machine {
    machine(const std::string& commits, std::uint64_t seed) : random(random_of(seed)) {
        {
            const temporary_files_on there(disk.path());
            server.emplace(std::vector<std::string>{"fsync = on", "full_page_writes = on",
                                                    "wal_recycle = off", "min_wal_size = 32MB",
                                                    "max_wal_size = 64MB", "wal_writer_delay = 10s",
                                                    "synchronous_commit = " + commits});
        }
        disk.sync();  // making a cluster syncs nothing
        on = {.backend = "postgres", .where = server->tcp_conninfo(), .deadline = 2000};
        clients.emplace(on, seed);
        database first = open_at<database>(on);
        sm::store<work::machine>(first).migrate().value();
        field::raw(on.where).run("CHECKPOINT");
    }

    void lose_power() {
        clients->start(3);
        EXPECT_TRUE(clients->is_at_work());
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));
        clients->lose_power([&] { disk.cut_power(); });
        server->kill();
        clients->kill_all();
        disk.mount_again();
        server->start();
    }

    std::string lost() {
        database again = open_at<database>(on);
        sm::testing::history seen;
        clients->add_to(seen);
        return breaches_at(again, seen);
    }

    std::mt19937_64 random;
    powered_disk disk{256};
    std::optional<throwaway_postgres> server;
    place on;
    std::optional<crew> clients;
};

class power_loss_of_a_server : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = no_mounts()) FAULTS_SKIP("power loss of a server: " + *why);
    }
};

TEST_F(power_loss_of_a_server, keeps_every_acknowledged_change_and_epoch) {
    for (const auto seed : seeds()) {
        machine one("on", seed);
        for (int round = 0; round < 2; ++round) {
            one.lose_power();
            ASSERT_EQ(one.lost(), "") << "seed " << seed;
        }
        const auto told = one.clients->so_far();
        std::cout << told << '\n';
        EXPECT_GT(told.acknowledged, 100U);
        EXPECT_TRUE(goes_on_soundly<database>(one.on, seed, *one.clients));
    }
}

TEST_F(power_loss_of_a_server, loses_acknowledged_changes_without_synchronous_commit) {
    machine one("off", seeds().front());
    for (int round = 0; round < 10; ++round) {
        one.lose_power();
        const std::string lost = one.lost();
        if (lost.empty()) continue;
        std::cout << "round " << round + 1 << ": " << lost;
        return;
    }
    FAIL() << "nothing was ever lost: the power was not really off";
}

}  // namespace
