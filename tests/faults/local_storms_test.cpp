// Eight processes hammer one database, while somebody takes its lock again and again. Each call
// ends by its deadline, each process gets its share, and nothing goes wrong.
#include "local_after.hpp"
#include "local_backends.hpp"

#include "field/raw.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <thread>

namespace {

using namespace faults;

constexpr int processes = 8;
constexpr std::chrono::milliseconds deadline = 5s;

/// Takes the lock that every change needs for some milliseconds, by means that the library knows
/// nothing of.
class file_lock {
public:
    explicit file_lock(const conformance::sqlite_backend& there) {
        if (sqlite3_open(there.where().c_str(), &handle_) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(handle_));
        sqlite3_busy_timeout(handle_, 60'000);
    }
    ~file_lock() { sqlite3_close(handle_); }
    file_lock(const file_lock&) = delete;
    file_lock& operator=(const file_lock&) = delete;

    void hold(std::chrono::milliseconds time) const {
        if (sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK)
            return;
        std::this_thread::sleep_for(time);
        sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr);
    }

private:
    sqlite3* handle_ = nullptr;
};

class table_lock {
public:
    explicit table_lock(const conformance::postgres_backend& there) : session_(there.conninfo()) {}

    void hold(std::chrono::milliseconds time) const {
        session_.run("BEGIN; LOCK TABLE fault_jobs IN EXCLUSIVE MODE");
        std::this_thread::sleep_for(time);
        session_.run("COMMIT");
    }

private:
    field::raw session_;
};

template <class Backend>
class blocker {
public:
    blocker(const Backend& there, std::uint64_t seed)
        : takes_([this, &there, seed](const std::stop_token& stop) {
              std::mt19937_64 random(seed);
              const std::conditional_t<own_place<Backend>::in_a_file, file_lock, table_lock> lock(
                  there);
              for (; !stop.stop_requested(); ++times) {
                  lock.hold(std::chrono::milliseconds(random() % 10));
                  std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
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
        // A commit that waits for a busy disk ends when the disk has answered, whatever the
        // deadline.
        const temporary_files_on memory("/dev/shm");
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
            const auto before = clients.so_far().acknowledged;
            begin = crew::now();
            std::this_thread::sleep_for(1s);
            // As long as it takes for shares that can be compared, on a slow machine too.
            EXPECT_TRUE(wait_until([&] {
                std::this_thread::sleep_for(100ms);
                return blocks.times >= 8 &&
                       clients.so_far().acknowledged > before + 100 * processes;
            }));
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
        // Whose turn it is decides the library in a file, and a server by itself.
        if (own_place<TypeParam>::in_a_file) {
            EXPECT_GE(least->second, most->second / 5) << "somebody starves";
        }
        EXPECT_GT(least->second, 0) << "somebody got nothing";
        EXPECT_LT(told.longest, deadline + 2s);
        EXPECT_TRUE(
            goes_on_soundly<typename own_place<TypeParam>::database>(here.at, seed, clients));
    }
}

}  // namespace
