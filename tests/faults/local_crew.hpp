// Clients of the workload in processes of their own, on one database.
#pragma once

#include "client.hpp"
#include "local_program.hpp"
#include "local_roles.hpp"
#include "support/child.hpp"

#include <deque>
#include <limits>
#include <map>
#include <thread>

namespace faults {

/// For the main thread.
class crew {
public:
    /// What its clients were told, in all.
    struct told {
        std::uint64_t acknowledged = 0, refused = 0, unsettled = 0, not_sent = 0;
        std::map<sm::errc, std::uint64_t> errors{};
        std::map<sm::reason, std::uint64_t> reasons{};
        std::chrono::nanoseconds longest{};
    };

    crew(place on, std::uint64_t seed);
    ~crew();
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    /// Starts a process of so many clients, which share one handle.
    /// @param environment  as of `program`
    program& start(int clients = 1, const std::vector<std::string>& environment = {});

    /// Cuts the power under those that run. What they are told from then on was never seen by
    /// anybody, and what they send later was never sent: on Linux an fsync that is under way while
    /// a file system is shut down may succeed, and what it was to keep is lost.
    template <class Cut>
    void lose_power(Cut cut) {
        const auto before = now();
        cut();
        note_loss_of_power(before, now());
    }

    /// Kills all that run.
    void kill_all();
    /// Asks all that run to stop.
    /// @return whether all of them ended well
    bool stop_all();

    std::deque<program>& programs() noexcept { return programs_; }

    /// Adds all that was sent and told, by the dead too.
    void add_to(sm::testing::history& seen) const;
    std::vector<sm::testing::call_record> calls() const;
    std::vector<sm::testing::call_record> calls_of(std::size_t program) const;
    told so_far() const;
    /// Of the clients of one program.
    told so_far_of(std::size_t program) const;

    /// The moment as records tell it.
    static std::uint64_t now();

    /// Waits until each client of the last started program has sent some calls.
    /// @return false when they did not in time
    bool is_at_work(std::uint64_t bytes_of_journals = 20'000) const;

    /// Waits until it holds of what the clients of a program were told so far.
    template <class Condition>
    bool wait_for(std::size_t program, Condition holds) const {
        return statemachine::tests::wait_until([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            return holds(so_far_of(program));
        });
    }

private:
    /// The moments after which a program was told nothing, and sent nothing.
    struct power {
        std::uint64_t told = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t sent = std::numeric_limits<std::uint64_t>::max();
    };
    void note_loss_of_power(std::uint64_t before, std::uint64_t after);
    void read(std::size_t program, sm::testing::history& into) const;

    place on_;
    std::uint64_t seed_;
    std::string directory_;
    std::deque<program> programs_;
    std::vector<std::vector<std::string>> journals_;  ///< of each program
    std::vector<power> power_;                        ///< of each program
};

std::ostream& operator<<(std::ostream& to, const crew::told& what);

}  // namespace faults
