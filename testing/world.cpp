#include "scheduler.hpp"

#include <statemachine/testing/simulation.hpp>

namespace statemachine::testing {

fault_counts& fault_counts::operator+=(const fault_counts& other) noexcept {
    statements += other.statements;
    refused += other.refused;
    requests_lost += other.requests_lost;
    requests_late += other.requests_late;
    replies_lost += other.replies_lost;
    replies_late += other.replies_late;
    commits_failed += other.commits_failed;
    pauses += other.pauses;
    crashes += other.crashes;
    crashes_in_flight += other.crashes_in_flight;
    return *this;
}

std::string simulated::text() const {
    std::string all = std::to_string(seeds) + " seeds, " + std::to_string(jobs) + " jobs, " +
                      std::to_string(faults.all()) + " faults in " +
                      std::to_string(faults.statements) + " steps\n";
    if (sound()) return all;
    all += "seed " + std::to_string(seed) + " breaks\n";
    for (const breach& each : breaches) all += each.text() + "\n";
    return all + "its history:\n" + history;
}

namespace {
std::uint64_t from_environment(const char* variable, std::uint64_t usual) {
    const char* const asked = std::getenv(variable);
    const std::uint64_t wanted = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 0;
    return wanted > 0 ? wanted : usual;
}
}  // namespace

std::size_t seeds_to_try(std::size_t usual) {
    return from_environment("STATEMACHINE_SEEDS", usual);
}
std::uint64_t first_seed(std::uint64_t usual) {
    return from_environment("STATEMACHINE_SEED", usual);
}

world::world(std::uint64_t seed, simulation_options how)
    : scheduler_(std::make_unique<scheduler>(seed, std::move(how))) {}
world::~world() = default;

void world::add(std::string client, life lived) {
    scheduler_->add(std::move(client), std::move(lived));
}
void world::run() { scheduler_->run(); }

sqlite::database& world::undisturbed() noexcept { return scheduler_->database(); }
history& world::seen() noexcept { return scheduler_->seen(); }
const fault_counts& world::faults() const noexcept { return scheduler_->counts(); }
timestamp world::now() const noexcept { return scheduler_->now(); }

}  // namespace statemachine::testing
