// Eight processes hammer one database, while somebody takes its lock again and again. Each call
// ends by its deadline, each process gets its share, and nothing goes wrong.
#include "local_after.hpp"
#include "local_backends.hpp"

namespace {

using namespace faults;

constexpr int processes = 8;
constexpr std::chrono::milliseconds deadline = 5s;

/// Takes the lock that every change needs, by means that the library knows nothing of.
template <class Backend>
class blocker {
public:
    blocker(const Backend& there, std::uint64_t seed)
        : takes_([this, &there, seed](const std::stop_token& stop) {
              const std::string take =
                  own_place<Backend>::in_a_file
                      ? "BEGIN IMMEDIATE; UPDATE fault_jobs SET priority = priority WHERE id = 1; "
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                      : "BEGIN; LOCK TABLE fault_jobs IN EXCLUSIVE MODE; SELECT pg_sleep(";
              std::mt19937_64 random(seed);
              for (; !stop.stop_requested(); ++times) {
                  // Some milliseconds.
                  const std::string rest =
                      own_place<Backend>::in_a_file
                          ? std::to_string(random() % 100'000) + ") SELECT max(i) FROM n; COMMIT"
                          : std::to_string(static_cast<double>(random() % 20) / 1000) + "); COMMIT";
                  there.execute(take + rest);
                  std::this_thread::sleep_for(std::chrono::milliseconds(random() % 10));
              }
          }) {}

    std::atomic<int> times{0};

private:
    std::jthread takes_;
};

template <class Backend>
class storms : public testing::Test {};
TYPED_TEST_SUITE(storms, conformance::backends, conformance::backend_names);

TYPED_TEST(storms, leave_each_process_its_share_and_each_call_its_deadline) {
    for (const auto seed : seeds()) {
        auto random = random_of(seed);
        own_place<TypeParam> here;
        here.at.sync = "full";
        here.at.deadline = static_cast<int>(deadline.count());
        crew clients(here.at, seed);
        for (int i = 0; i < processes; ++i) {
            clients.start(1);
            ASSERT_TRUE(clients.is_at_work(1000));
        }
        std::uint64_t begin = 0, end = 0;
        {
            const blocker<TypeParam> blocks(here.held, random());
            begin = crew::now();
            std::this_thread::sleep_for(2s);
            EXPECT_TRUE(wait_until([&] { return blocks.times >= 8; }));
            end = crew::now();
        }
        EXPECT_TRUE(clients.stop_all());
        std::map<std::string, int> shares;
        for (const auto& call : clients.calls())
            shares[call.client] += call.acknowledged() && call.ended > begin && call.ended < end;
        const auto [least, most] =
            std::minmax_element(shares.begin(), shares.end(),
                                [](const auto& a, const auto& b) { return a.second < b.second; });
        const auto told = clients.so_far();
        std::cout << told << "; shares " << least->second << " to " << most->second << '\n';
        ASSERT_EQ(shares.size(), static_cast<std::size_t>(processes));
        EXPECT_GE(least->second, most->second / 5) << "somebody starves";
        EXPECT_GT(least->second, 10);
        EXPECT_LT(told.longest, deadline + 2s);
        EXPECT_TRUE(
            goes_on_soundly<typename own_place<TypeParam>::database>(here.at, seed, clients));
    }
}

}  // namespace
