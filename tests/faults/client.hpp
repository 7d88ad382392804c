// A client of the workload: submits, claims, renews, fires with and without tokens, cancels and
// resolves, in an order that its seed decides.
#pragma once

#include "machine.hpp"

#include <statemachine/testing/recorder.hpp>

#include <random>

namespace faults {

using recorder = sm::testing::recorder<work::machine>;
using run_type = recorder::run_type;

class client {
public:
    /// @param jobs  of a client's name that nobody else has, in other processes neither
    client(recorder jobs, std::uint64_t seed) : jobs_(std::move(jobs)), random_(seed) {}

    /// One call, or a few that belong together. After trouble it rests a moment, so that a database
    /// that is away does not fill the history.
    void act();

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    void submit();
    void claim();
    void keep(run_type run);
    void use(const run_type& run);
    void finish(const run_type& run);
    void cancel();
    void fire_both();

    /// Sends the same again while nobody knows whether it happened, a few times.
    template <class Call>
    void insist(Call call);
    template <class Content>
    bool settled(const sm::result<Content>& got);

    recorder jobs_;
    std::mt19937_64 random_;
    std::vector<run_type> held_{};  ///< also runs that are over: what they send is to be refused
    std::int64_t latest_ = 0;       ///< a job that was submitted not long ago
    std::uint64_t submitted_ = 0;
    std::uint64_t cancelled_ = 0;
};

/// The token of what this run does to its job.
std::string token_of(std::string_view event, const run_type& run);

}  // namespace faults
