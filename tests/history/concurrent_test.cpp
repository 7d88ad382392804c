// Many threads on the real databases, with all that they sent and were told on record.
#include "conformance/backend.hpp"
#include "parcel.hpp"

#include <statemachine/testing/check.hpp>
#include <statemachine/testing/recorder.hpp>
#include <statemachine/testing/simulation.hpp>

#include <random>
#include <thread>

namespace {

namespace sm = statemachine;
using namespace std::chrono_literals;
using parcel::machine;

constexpr int workers = 6;
constexpr int rounds = 60;
constexpr int keys = 40;

template <class Backend>
class recorded : public ::testing::Test {
public:
    using recorder = sm::testing::recorder<machine>;
    using run_type = recorder::run_type;

    // Part of a fixed sequence for each worker: how they mix is up to the machine.
    void carry_parcels(int index) {
        auto own = place.open();
        recorder jobs(own, seen, "worker-" + std::to_string(index));
        std::mt19937_64 random(100 * sm::testing::first_seed() + static_cast<std::uint64_t>(index));
        const auto below = [&](int limit) {
            return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
        };
        std::vector<run_type> held;
        for (int round = 0; round < rounds; ++round) {
            const int number = below(keys);
            const std::string key = "key-" + std::to_string(number);
            static_cast<void>(jobs.submit({.address = key}, {.key = key}));
            if (below(2) == 0) {
                if (auto got = jobs.claim(parcel::carry); got && got.value())
                    held.push_back(*got.value());
            } else if (auto got = jobs.claim_many(parcel::carry, 3); got && got.value()) {
                held.insert(held.end(), got.value()->begin(), got.value()->end());
            }
            if (below(4) == 0) static_cast<void>(jobs.sweep());
            if (!held.empty())
                use(jobs, held[static_cast<std::size_t>(below(static_cast<int>(held.size())))],
                    below(7));
        }
    }

    void use(recorder& jobs, const run_type& run, int way) {
        const std::string token = std::to_string(run.id) + "-" + std::to_string(run.epoch);
        switch (way) {
            case 0: static_cast<void>(jobs.renew(run)); break;
            case 1: static_cast<void>(jobs.fire(parcel::put_back, run)); break;
            case 2: static_cast<void>(jobs.fire(parcel::stop_over, run)); break;
            case 3: static_cast<void>(jobs.resolve(run.id, token)); break;
            case 4:
                static_cast<void>(jobs.control(parcel::stop, run.id, sm::version{run.version}));
                break;
            default:
                static_cast<void>(jobs.fire(parcel::deliver, run, {"me"}, token));
                static_cast<void>(jobs.fire(parcel::deliver, run, {"me"}, token));
        }
    }

    Backend place;
    typename Backend::database database = place.open();
    sm::testing::history seen;
};

TYPED_TEST_SUITE(recorded, conformance::backends, conformance::backend_names);

TYPED_TEST(recorded, history_of_many_threads_is_sound) {
    sm::store<machine> jobs(this->database);
    jobs.migrate().value();
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back([this, i] { this->carry_parcels(i); });
    for (std::thread& each : threads) each.join();
    const auto found = sm::testing::check<machine>(this->database, this->seen);
    for (const auto& each : found) ADD_FAILURE() << each.text();
    if (!found.empty()) std::cout << this->seen.text();

    // Of each kind of call something was done, and something was refused.
    std::map<sm::testing::call_kind, int> done;
    int refused = 0;
    for (const auto& each : this->seen.calls()) {
        done[each.what] += each.acknowledged() ? 1 : 0;
        refused += each.status == sm::status::rejected ? 1 : 0;
    }
    using sm::testing::call_kind;
    for (const call_kind each : {call_kind::submit, call_kind::claim, call_kind::step})
        EXPECT_GE(done[each], 10);
    EXPECT_GE(refused, 10);
}

}  // namespace
