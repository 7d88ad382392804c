// The library on a place, as a program would use it, with the calls that the benchmarks compare.
#pragma once

#include "databases/place.hpp"
#include "databases/tape.hpp"
#include "machine.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {

/// A session as a database of the library's own kind.
template <class Place>
class seen_through {
public:
    static constexpr const statemachine::dialect& dialect = Place::database::dialect;
    explicit seen_through(sm::session& session) : session_(&session) {}
    sm::session& connection() noexcept { return *session_; }

private:
    sm::session* session_;
};

using jobs_store = sm::store<machine>;
using run_type = jobs_store::run_type;

/// Unless they all succeeded the numbers would mean nothing.
template <class Answers>
void all_succeeded(const Answers& answers) {
    for (const auto& each : answers)
        if (!each || !each.value())
            throw std::runtime_error(each ? each.value().why()
                                          : std::string(each.error().message()));
}
template <class Answer>
void succeeded(const sm::result<Answer>& answer) {
    if (!answer) throw std::runtime_error(std::string(answer.error().message()));
    if (!answer.value()) throw std::runtime_error(answer.value().why());
}

/// A database with the machine's tables, and a store on it.
template <class Place>
class library {
public:
    /// @param taped  keeps what is sent, for a player
    explicit library(const Place& where, bool taped = false, int connections = 8)
        : database_(where.open(connections)),
          kept_(taped ? std::make_unique<tape>(database_.connection()) : nullptr),
          seen_(kept_ ? *kept_ : database_.connection()),
          jobs(seen_) {
        jobs.migrate().value();
    }

    void submit(std::size_t count) {
        for (std::size_t made = 0; made < count;) {
            const std::size_t part = std::min<std::size_t>(count - made, 1000);
            submit_batch(part);
            made += part;
        }
    }
    void submit_batch(std::size_t count) {
        if (batch_.size() != count) batch_.assign(count, {sample, {}, {}});
        all_succeeded(jobs.submit_many(batch_));
    }
    std::vector<run_type> claim(std::size_t most) {
        auto runs = jobs.claim_many(bench::claim, most, {.owner = "worker"}).value();
        if (!runs) return {};
        return std::move(runs).value();
    }
    /// Claims all of a number of jobs, in batches.
    std::vector<run_type> claim_all(std::size_t count) {
        std::vector<run_type> all;
        while (all.size() < count) {
            auto part = claim(std::min<std::size_t>(count - all.size(), 1000));
            if (part.empty()) throw std::runtime_error("there are too few jobs to claim");
            for (auto& each : part) all.push_back(std::move(each));
        }
        return all;
    }
    void finish(const run_type& run) { succeeded(jobs.fire(bench::finish, run)); }
    void finish(const std::vector<run_type>& runs) {
        all_succeeded(jobs.fire_many(bench::finish, runs));
    }

    tape& recorded() { return *kept_; }
    typename Place::database& database() { return database_; }

private:
    typename Place::database database_;
    std::unique_ptr<tape> kept_;
    seen_through<Place> seen_;
    std::vector<jobs_store::submission> batch_;

public:
    jobs_store jobs;
};

}  // namespace bench
