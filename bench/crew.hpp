// Several callers at once, as threads or as processes, and what each of them met.
#pragma once

#include "pairs.hpp"

#include <barrier>
#include <functional>
#include <vector>

namespace bench {

/// What one caller met.
struct met {
    std::vector<double> won;   ///< microseconds of each call that succeeded
    std::vector<double> lost;  ///< and of each that did not
};

/// Calls as many times as it wants and keeps its times. It gets its number.
using caller = std::function<met(std::size_t)>;

/// Starts all at the same moment.
/// @return seconds from the start to the end of the last
double run_threads(std::size_t count, const std::function<void(std::size_t)>& body);

/// The same, with the times of each.
std::vector<met> meet_threads(std::size_t count, const caller& each);

/// In processes that were forked: nothing that is open before may be used by them.
std::vector<met> meet_processes(std::size_t count, const caller& each);

/// Takes one call's time.
template <class Call>
void note(met& into, Call&& call) {
    const auto before = std::chrono::steady_clock::now();
    const bool won = call();
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - before;
    (won ? into.won : into.lost).push_back(took.count());
}

/// The value below which the share lies; 0 of none.
double quantile(std::vector<double> values, double share);

/// p50, p99 and the longest, under a name.
void say_times(report& said, const std::string& name, const std::vector<double>& values);

/// All times of one kind, and the smallest share of successes divided by the largest.
std::vector<double> all_won(const std::vector<met>& each);
std::vector<double> all_lost(const std::vector<met>& each);
double fairness(const std::vector<met>& each);

}  // namespace bench
