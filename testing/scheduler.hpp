// Threads that run one at a time, as a seed decides, on a clock that only they move.
//
//     waiting --(chosen)--> running --(a step, a sleep, a lock that is held)--> waiting
//                              |
//                              +--(crash)--> waiting, its life begins anew
//                              +--(its life has returned)--> over
#pragma once

#include "request.hpp"

#include <statemachine/detail/chance.hpp>
#include <statemachine/testing/world.hpp>

#include <atomic>
#include <condition_variable>
#include <list>
#include <thread>

namespace statemachine::testing {

/// Ends a client in the middle of whatever it does.
struct crash {};
/// Ends a thread whose client goes on elsewhere, or whose simulation is over.
struct gone {};

enum class fault : unsigned char {
    none,
    refused,
    request_lost,
    request_late,
    reply_lost,
    reply_late,
    commit_failed,
    paused,
    crashed,
    crashed_in_flight,
};

class simulated_clock final : public clock {
public:
    timestamp now() const noexcept override {
        return timestamp{std::chrono::milliseconds{now_.load()}};
    }
    void advance(std::int64_t milliseconds) noexcept { now_ += milliseconds; }

private:
    std::atomic<std::int64_t> now_{1'700'000'000'123};
};

class scheduler {
public:
    scheduler(std::uint64_t seed, simulation_options how);
    ~scheduler();
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;

    void add(std::string client, world::life lived);
    void run();

    // For the thread that runs.
    void step();
    void sleep(std::chrono::milliseconds time);
    bool lock();
    void unlock() noexcept;
    std::uint64_t random(std::uint64_t below);
    bool happens(int of_a_thousand);
    fault next_fault();
    std::chrono::milliseconds some_pause();
    void go_on_elsewhere(const std::string& client);
    void send_late(request sent);

    session& inner() noexcept { return between_ ? *between_ : database_.connection(); }
    sqlite::database& database() noexcept { return database_; }
    history& seen() noexcept { return history_; }
    fault_counts& counts() noexcept { return counts_; }
    const simulation_options& options() const noexcept { return how_; }
    timestamp now() const noexcept { return clock_.now(); }

private:
    struct strand {
        std::thread thread{};
        std::condition_variable chosen{};
        bool running = false;
        bool over = false;
        bool wants_lock = false;
        timestamp wakes{};
        timestamp gives_up{};  // waiting for the lock
    };
    struct late_request {
        timestamp arrives;
        request sent;
    };

    void start(const std::string& client, const world::life& lived, timestamp at);
    void live(const std::string& client, const world::life& lived);
    void hand_back();
    void resume(strand& next);
    bool ready(const strand& each) const;
    bool deliver_late_request();
    void wait_for_next();

    simulated_clock clock_;
    simulation_options how_;
    sqlite::database database_;
    std::unique_ptr<session> between_;
    history history_;
    fault_counts counts_;
    std::uint64_t seed_;
    statemachine::detail::seeded_chance draw_;  // of the thread that makes it, and of every choice
    std::size_t faults_left_;
    std::vector<std::pair<std::string, world::life>> lives_;
    std::list<strand> strands_;
    std::vector<late_request> late_;
    strand* current_ = nullptr;
    bool locked_ = false;
    bool ending_ = false;
    std::mutex mutex_;
    std::condition_variable handed_back_;
};

}  // namespace statemachine::testing
