// What is to be true once a fault is over.
#pragma once

#include "local_crew.hpp"
#include "workload.hpp"

#include <statemachine/testing/check.hpp>

#include <cstdlib>
#include <iostream>
#include <random>

namespace faults {

using statemachine::tests::wait_until;

/// Under a name of the seed, so that one test may make several.
inline std::mt19937_64 random_of(std::uint64_t seed) {
    std::cout << "seed " << seed << '\n';
    return std::mt19937_64(seed);
}

/// Where temporary files are made as long as it lives.
class temporary_files_on {
public:
    explicit temporary_files_on(const std::string& path) { setenv("TMPDIR", path.c_str(), 1); }
    ~temporary_files_on() { unsetenv("TMPDIR"); }
    temporary_files_on(const temporary_files_on&) = delete;
    temporary_files_on& operator=(const temporary_files_on&) = delete;
};

/// What rows, log and answers break, in words.
template <class Database>
std::string breaches_at(Database& database, const sm::testing::history& seen) {
    std::string all;
    for (const auto& each : sm::testing::check<work::machine>(database, seen))
        all += each.text() + "\n";
    return all;
}

/// Others go on where the crew was: what it left in doubt is settled, each job comes to its end,
/// and all that anybody was told ever is true.
/// @param add_what_was  to a history: what others have sent and were told before
template <class Database, class Add>
testing::AssertionResult goes_on_soundly(const place& on, std::uint64_t seed, Add add_what_was) {
    workload<Database> load([&]() -> sm::result<Database> { return open_at<Database>(on); },
                            {.seed = seed, .clients = 2});
    add_what_was(load.seen());
    load.start();
    load.stop();
    return load.is_sound();
}
template <class Database>
testing::AssertionResult goes_on_soundly(const place& on, std::uint64_t seed, const crew& before) {
    return goes_on_soundly<Database>(on, seed,
                                     [&](sm::testing::history& seen) { before.add_to(seen); });
}

}  // namespace faults
