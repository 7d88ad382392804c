// Processes are frozen past their leases, and thawed: what they send late is refused, for others
// have gone on meanwhile.
#include "local_after.hpp"
#include "local_backends.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

namespace {

using namespace faults;

constexpr auto past_the_lease = work::lease + 300ms;
constexpr int least_rounds = 2;
constexpr int most_rounds = 20;

template <class Backend>
class freezes : public testing::Test {};
TYPED_TEST_SUITE(freezes, conformance::backends, conformance::backend_names);

TYPED_TEST(freezes, inside_of_callables_have_their_late_steps_refused) {
    constexpr int jobs_of_each = 4;
    const own_place<TypeParam> here;
    auto own = here.open();
    sm::store<work::machine> jobs(own);
    for (int i = 0; i < jobs_of_each; ++i) jobs.submit({.payload = "x"}).value().value();
    program frozen(here.worker("frozen", jobs_of_each, 300));
    std::map<std::int64_t, std::int64_t> epochs;
    while (epochs.size() < jobs_of_each) {
        std::istringstream line(frozen.line());
        std::string word;
        std::int64_t id = 0, epoch = 0;
        ASSERT_TRUE(line >> word >> id >> epoch) << "it ended";
        ASSERT_EQ(word, "at-work");
        epochs[id] = epoch;
    }
    frozen.freeze();
    for (auto& [id, epoch] : epochs) {
        std::optional<typename decltype(jobs)::run_type> run;
        ASSERT_TRUE(wait_until([&, job = id] {
            auto got = jobs.claim_by_id(work::claim, job, {.owner = "other"}).value();
            if (got) run = *got;
            return run.has_value();
        }));
        EXPECT_GT(run->epoch, epoch);
        if (id % 2 == 0) jobs.fire(work::complete, *run, {"by the other"}).value().value();
    }
    frozen.thaw();
    int late_refusals = 0;
    for (int told = 0; told < jobs_of_each; ++told) {
        const std::string line = frozen.line();
        EXPECT_TRUE(line.starts_with("told ") && line.find(" rejected ") != line.npos) << line;
        late_refusals += line.ends_with("stale_epoch") ? 1 : 0;
    }
    EXPECT_EQ(late_refusals, jobs_of_each);
    for (const auto& [id, epoch] : epochs) {
        const auto job = *jobs.read(id).value();
        EXPECT_EQ(job.epoch, epoch + 1);
        EXPECT_EQ(job.job.result,
                  id % 2 == 0 ? std::optional<std::string>("by the other") : std::nullopt);
    }
    EXPECT_TRUE(frozen.stop());
}

/// How often a program was refused what it sent, after the thaw, for a run from before the freeze.
template <class Calls>
std::uint64_t late_refusals(const Calls& calls, std::uint64_t frozen, std::uint64_t thawed) {
    std::set<std::pair<std::int64_t, std::int64_t>> held;
    std::uint64_t refused = 0;
    for (const auto& call : calls) {
        const bool is_claim = call.what == sm::testing::call_kind::claim ||
                              call.what == sm::testing::call_kind::claim_by_id;
        if (is_claim && call.began < frozen)
            for (const auto& each : call.got) held.emplace(each.id, each.epoch);
        if (call.ended > thawed && call.status == sm::status::rejected &&
            call.reason == sm::reason::stale_epoch && held.contains({call.id, call.epoch}))
            ++refused;
    }
    return refused;
}

/// Whether a program has done, since the thaw, what it had in hand before.
template <class Calls>
bool has_gone_on(const Calls& calls, std::uint64_t thawed) {
    constexpr int enough = 50;
    return std::ranges::count_if(calls, [&](const auto& call) { return call.began > thawed; }) >=
           enough;
}

TYPED_TEST(freezes, at_random_moments_let_others_go_on_and_have_what_is_late_refused) {
    for (const auto seed : seeds()) {
        auto random = random_of(seed);
        const own_place<TypeParam> here;
        crew clients(here.at, seed);
        for (int i = 0; i < 4; ++i) clients.start(1);
        ASSERT_TRUE(clients.is_at_work());
        std::uint64_t refused = 0;
        // Whoever held nothing when it froze, or what nobody has reclaimed, has nothing refused.
        for (int round = 0; round < least_rounds || (refused == 0 && round < most_rounds);
             ++round) {
            std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
            const auto first = random() % 4, second = (first + 1 + random() % 3) % 4;
            const auto before = crew::now();
            for (const auto which : {first, second}) clients.programs()[which].freeze();
            std::this_thread::sleep_for(past_the_lease);
            const auto after = crew::now();
            for (const auto which : {first, second}) clients.programs()[which].thaw();
            for (const auto which : {first, second}) {
                EXPECT_TRUE(
                    wait_until([&] { return has_gone_on(clients.calls_of(which), after); }));
                refused += late_refusals(clients.calls_of(which), before, after);
            }
        }
        EXPECT_GT(refused, 0U) << "what was late was not refused";
        EXPECT_TRUE(clients.stop_all());
        std::cout << clients.so_far() << "; " << refused << " late refusals\n";
        EXPECT_GT(clients.so_far().acknowledged, 200U);
        EXPECT_TRUE(
            goes_on_soundly<typename own_place<TypeParam>::database>(here.at, seed, clients));
    }
}

}  // namespace
