// The clock of a process jumps by an hour, forwards and backwards. On a server that means nothing;
// on a file it is the database's clock, and leases end early or late, but never two are live.
#include "local_after.hpp"
#include "local_backends.hpp"

#include <filesystem>
#include <fstream>

namespace {

using namespace faults;
namespace fs = std::filesystem;

std::string faketime() {
    for (const auto& each : fs::directory_iterator("/usr/lib"))
        if (const auto found = each.path() / "faketime/libfaketimeMT.so.1"; fs::exists(found))
            return found.string();
    return {};
}

/// Removes what programs that were killed left in shared memory: libfaketime ends a program that
/// finds something of its own number there.
void remove_leftovers() {
    for (const auto& each : fs::directory_iterator("/dev/shm")) {
        const std::string name = each.path().filename().string();
        if (name.find("faketime_s") == name.npos) continue;
        std::error_code ignored;
        if (!fs::exists("/proc/" + name.substr(name.rfind('_') + 1))) fs::remove(each, ignored);
    }
}

/// A clock for programs, which tests set.
class wrong_clock {
public:
    wrong_clock() {
        remove_leftovers();
        std::string name = (fs::temp_directory_path() / "clock-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = name;
    }
    ~wrong_clock() {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
    wrong_clock(const wrong_clock&) = delete;
    wrong_clock& operator=(const wrong_clock&) = delete;

    /// Shifts it against the machine's, at once.
    void shift(std::chrono::seconds by) const {
        const auto fresh = directory_ / "next";
        std::ofstream(fresh) << (by < 0s ? "" : "+") << by.count() << '\n';
        fs::rename(fresh, directory_ / "now");
    }

    /// For programs that are to have it. Deadlines go by another clock, as on any machine.
    std::vector<std::string> environment() const {
        return {"LD_PRELOAD=" + faketime(),
                "FAKETIME_TIMESTAMP_FILE=" + (directory_ / "now").string(), "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1"};
    }

    /// By how much a program that has it is ahead of this one.
    std::chrono::seconds seen_by_a_program() const {
        program tells({"clock"}, environment());
        const auto there = std::chrono::seconds(std::stoll(tells.line()));
        const auto here = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::seconds>(there - here);
    }

private:
    fs::path directory_;
};

template <class Backend>
class jumping_clocks : public testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        FAULTS_SKIP("jumping clocks: libfaketime and a sanitizer cannot share a process");
#endif
        if (faketime().empty())
            FAULTS_SKIP(
                "jumping clocks: libfaketime is not there; on Debian: apt-get install "
                "libfaketime");
    }

    /// Waits until each of the programs was acknowledged some more changes.
    static void expect_progress(const crew& clients, std::size_t programs) {
        for (std::size_t i = 0; i < programs; ++i) {
            const auto before = clients.so_far_of(i).acknowledged;
            EXPECT_TRUE(clients.wait_for(
                i, [&](const auto& now) { return now.acknowledged >= before + 30; }))
                << "program " << i + 1 << " gets nothing done";
        }
    }

    /// The seconds between the first and the last entry of the log.
    static std::int64_t span_of_log(const own_place<Backend>& here) {
        return here.held.number(own_place<Backend>::in_a_file
                                    ? "SELECT (max(at) - min(at)) / 1000 FROM fault_jobs_log"
                                    : "SELECT extract(epoch FROM max(at) - min(at))::bigint FROM "
                                      "fault_jobs_log");
    }
};
TYPED_TEST_SUITE(jumping_clocks, conformance::backends, conformance::backend_names);

TYPED_TEST(jumping_clocks, by_an_hour_forwards_and_backwards_break_no_promise) {
    for (const auto seed : seeds()) {
        const own_place<TypeParam> here;
        const wrong_clock clock;
        crew clients(here.at, seed);
        // It ends at the machine's time, so that nothing is left that waits for an hour.
        bool started = false;
        for (const auto shift : {-3600s, 0s, -3600s, 3600s, 0s}) {
            // A file has the clock of its machine, so that all have the same; nobody is ahead of
            // those who go on afterwards.
            if (here.in_a_file && shift > 0s) continue;
            clock.shift(shift);
            const auto seen = clock.seen_by_a_program();
            EXPECT_LT(std::chrono::abs(seen - shift), 60s) << "the clock did not jump";
            if (!started) {
                clients.start(2, clock.environment());
                clients.start(2, clock.environment());
                if (!here.in_a_file) clients.start(2);
                started = true;
            }
            this->expect_progress(clients, here.in_a_file ? 2 : 3);
        }
        EXPECT_TRUE(clients.stop_all());
        std::cout << clients.so_far() << "; the log spans " << this->span_of_log(here) << " s\n";
        EXPECT_EQ(this->span_of_log(here) > 3500, here.in_a_file);
        EXPECT_TRUE(
            goes_on_soundly<typename own_place<TypeParam>::database>(here.at, seed, clients));
    }
}

}  // namespace
