// Tests a machine and what its workers do against crashes, pauses, and lost and late messages: on
// the library's own statements, in memory, with a clock and a scheduler that a seed decides.
//
//     const auto tried = sm::testing::simulate<files::machine>(1000, [](auto& files) {
//         files.client("lister", [](auto& me) {
//             for (const char* path : {"/etc/hosts", "/etc/fstab"})
//                 me.insist([&] { return me.jobs.submit({.path = path}, {.key = path + 5}); });
//         });
//         for (const char* name : {"worker-1", "worker-2"})
//             files.worker(name, files::claim, [](auto& me, const auto& run) {
//                 me.pass(3s);                                     // the work takes its time
//                 me.insist([&] {
//                     return me.jobs.fire(files::finish, run, {.sha256 = "9f86d0"}, me.token(run));
//                 });
//             });
//         files.sweeper("sweeper");
//     });
//     EXPECT_TRUE(tried.sound()) << tried.text();        // the seed, what broke, and how it came
//
// A client that crashes begins its function again, with nothing but what the database holds. The
// same seed gives the same history each time: `simulate_seed` replays the one that failed.
#pragma once

#include <statemachine/testing/check.hpp>
#include <statemachine/testing/recorder.hpp>
#include <statemachine/testing/world.hpp>

#include <cstdlib>

namespace statemachine::testing {

/// What came of one seed, or of many: of those the first that broke a promise.
struct simulated {
    std::uint64_t seed = 0;
    std::vector<breach> breaches{};
    std::string history{};
    fault_counts faults{};  ///< of all seeds together
    std::size_t seeds = 0;  ///< how many were tried
    std::size_t jobs = 0;   ///< that have ended, of all seeds together

    bool sound() const noexcept { return breaches.empty(); }
    std::string text() const;
};

/// How many seeds to try: what the environment variable STATEMACHINE_SEEDS says, or else `usual`.
[[gnu::visibility("default")]] std::size_t seeds_to_try(std::size_t usual);

/// The first of them: what the environment variable STATEMACHINE_SEED says, or else `usual`.
[[gnu::visibility("default")]] std::uint64_t first_seed(std::uint64_t usual = 1);

template <const auto& Machine>
class simulation {
    using described = statemachine::detail::described<Machine>;

public:
    using run_type =
        statemachine::run<typename described::state_type, typename described::job_type>;

    /// What a client's function is given, anew after each crash.
    class process {
    public:
        process(world::link& on, history& recorded)
            : jobs(on, recorded, on.client()), database(on), seen(recorded) {}

        recorder<Machine> jobs;
        world::link& database;  ///< for stores and transactions of your own
        history& seen;          ///< for recorders of your own

        void pass(std::chrono::milliseconds time) { database.pass(time); }
        std::uint64_t random(std::uint64_t below) { return database.random(below); }

        /// One for each run: the same again after a lost reply.
        static std::string token(const run_type& run) {
            return std::to_string(run.id) + "-" + std::to_string(run.epoch);
        }

        /// Sends the same until the answer is definite, as a client does.
        template <class Call>
        auto settled(Call call) {
            auto got = call();
            while (!got ? fate_of(got.error().code()) != fate::not_applied
                        : got.value().retryable() || got.value().unknown()) {
                pass(std::chrono::milliseconds{10 + random(200)});
                got = call();
            }
            return got;
        }
        /// The same, where the answer does not matter.
        template <class Call>
        void insist(Call call) {
            static_cast<void>(settled(call));
        }
    };

    explicit simulation(std::uint64_t seed, const simulation_options& how = {})
        : seed_(seed), world_(seed, how) {
        store<Machine> jobs(world_.undisturbed());
        jobs.migrate().value();
    }

    /// Runs `life(process)` once to its end.
    template <class Life>
    void client(const std::string& name, Life life) {
        ++sources_;
        world_.add(name, [this, life](world::link& on) {
            process me(on, world_.seen());
            life(me);
            --sources_;
        });
    }

    /// Claims one job at a time and runs `work(process, run)`, until all jobs have ended.
    template <class Work>
    void worker(const std::string& name, const event<>& claim, Work work) {
        daemon(name, [claim, work](process& me) {
            auto got = me.jobs.claim(claim);
            if (got && got.value())
                work(me, *got.value());
            else
                me.pass(std::chrono::milliseconds{200 + me.random(2000)});
        });
    }

    /// Sweeps now and then, until all jobs have ended.
    void sweeper(const std::string& name, std::chrono::milliseconds interval = default_interval) {
        daemon(name, [interval](process& me) {
            static_cast<void>(me.jobs.sweep());
            me.pass(interval);
        });
    }

    /// Runs `round(process)` again and again, until all jobs have ended.
    template <class Round>
    void daemon(const std::string& name, Round round) {
        world_.add(name, [this, round](world::link& on) {
            process me(on, world_.seen());
            while (sources_ > 0 || left(on) > 0) round(me);
        });
    }

    /// Once.
    simulated run() {
        world_.run();
        simulated done{.seed = seed_, .faults = world_.faults(), .seeds = 1};
        done.breaches = check<Machine>(world_.undisturbed(), world_.seen());
        const table_reader read = reader_of(world_.undisturbed().connection());
        for (const auto& row : read("SELECT CAST(id AS TEXT), state FROM " + table_of_jobs(), 2)) {
            ++done.jobs;
            if (!is_open(row[1])) continue;
            if (done.breaches.empty() || done.breaches.back().invariant != 9)
                done.breaches.push_back({9, "each job ends in time", {}});
            done.breaches.back().shown_by.push_back("job " + row[0] + " is " + row[1]);
        }
        done.history = world_.seen().text();
        return done;
    }

    world& runs_in() noexcept { return world_; }

private:
    static constexpr std::chrono::milliseconds default_interval{30'000};

    static std::string table_of_jobs() { return "\"" + std::string{Machine.table} + "\""; }
    static bool is_open(std::string_view state) {
        for (const auto& each : described::value.states)
            if (each.name == state) return !each.terminal;
        return true;
    }

    std::size_t left(world::link& on) {
        std::size_t open = 1;
        const column_type types[] = {column_type::text};
        const std::string sql = "SELECT state FROM " + table_of_jobs();
        on.look([&](executor& transaction) -> result<verdict> {
            open = 0;
            auto read = transaction.execute({sql, types, false}, {}, [&](auto row) {
                open += is_open(row[0].text()) ? 1U : 0U;
            });
            if (!read) return std::move(read).error();
            return verdict::commit;
        });
        return open;
    }

    std::uint64_t seed_;
    std::size_t sources_ = 0;
    world world_;
};

/// One seed. `set_up(simulation)` adds the clients.
template <const auto& Machine, class SetUp>
simulated simulate_seed(std::uint64_t seed, SetUp&& set_up, const simulation_options& how = {}) {
    simulation<Machine> one(seed, how);
    set_up(one);
    return one.run();
}

/// Seeds `first`, `first` + 1 and so on, until one breaks a promise.
template <const auto& Machine, class SetUp>
simulated simulate(std::size_t seeds, SetUp&& set_up, const simulation_options& how = {},
                   std::uint64_t first = first_seed()) {
    simulated all;
    for (std::uint64_t seed = first; seed < first + seeds && all.sound(); ++seed) {
        simulated one = simulate_seed<Machine>(seed, set_up, how);
        one.faults += all.faults;
        one.seeds += all.seeds;
        one.jobs += all.jobs;
        all = std::move(one);
    }
    return all;
}

}  // namespace statemachine::testing
