// What a database does all day, while faults happen to it: clients that record what they send and
// are told, and the library's own worker, sweeper and relay.
//
//     workload<sm::postgres::database> load([&] { return sm::postgres::connect(where); }, {seed});
//     load.start();
//     for (int i = 0; i < 5; ++i) {
//         server.kill();
//         server.start();
//         EXPECT_TRUE(load.goes_on());      // each client and the worker got something done again
//     }
//     load.stop();
//     EXPECT_TRUE(load.is_sound());         // after it has settled what was left in doubt
//
// Clients in processes of their own: `live_as_client` there, `seen()` and `add_journal` here.
#pragma once

#include "client.hpp"
#include "staff.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace faults {

/// Those to try: STATEMACHINE_SEED alone, or 1 to STATEMACHINE_SEEDS, or 1 to `usual`.
std::vector<std::uint64_t> seeds(std::size_t usual = 1);

struct settings {
    std::uint64_t seed = 1;
    int clients = 4;
    bool share_database = false;  ///< the clients are threads on one handle; or each has its own
    /// Whether an event may have been delivered of a change that a fail-over took back.
    bool may_lose_local_commits = false;
};

/// All members are for the thread that made it.
template <class Database>
class workload {
public:
    /// Makes a handle. It is called for each client, and may fail while the database is away.
    using opener = std::function<sm::result<Database>()>;

    /// Migrates the database, which has to be there.
    workload(opener open, settings how);
    ~workload();
    workload(const workload&) = delete;
    workload& operator=(const workload&) = delete;

    /// Starts the clients, the worker, the sweeper and the relay, and waits until each does its
    /// work.
    void start();

    /// Waits until each client was acknowledged so many more changes, and the worker has finished
    /// as many jobs.
    testing::AssertionResult goes_on(std::uint64_t changes = 5);

    /// Waits until so many more calls of clients were left without an answer, or were told to be
    /// sent again: what a fault looks like from here.
    testing::AssertionResult is_disturbed(std::uint64_t calls = 1);

    struct counts {
        std::uint64_t acknowledged = 0;  ///< changes that clients were told of
        std::uint64_t refused = 0;
        std::uint64_t unknown = 0;   ///< calls whose answer was lost for good
        std::uint64_t not_sent = 0;  ///< not applied, to be sent again
        std::uint64_t finished = 0;  ///< jobs, by the worker
        std::chrono::milliseconds longest_call{};
        std::chrono::milliseconds longest_way_back{};  ///< that `goes_on` has waited
    };
    counts so_far() const;

    /// Stops the clients. The worker, the sweeper and the relay go on until the end.
    void stop();

    /// Settles what was left in doubt, waits until each job has come to its end and each event was
    /// delivered, and has the history, the rows and the log checked. Of what it finds wrong it
    /// tells all, and keeps the history in a file.
    testing::AssertionResult is_sound();

    /// For records of other processes, and remarks on what happens.
    sm::testing::history& seen() noexcept;

private:
    class inner;
    std::unique_ptr<inner> inner_;
};

/// A client in a process of its own, which keeps its journal in a file until the stop.
/// @param name  that no other client has, of earlier processes neither
template <class Database>
void live_as_client(Database& database, const std::string& name, std::uint64_t seed,
                    const std::string& journal, const std::stop_token& stop);

}  // namespace faults
