// Packets between the clients and the server are dropped, one way and both ways, by the firewall of
// a network namespace that this test has for itself: nobody is told, nothing is closed.
#include "workload.hpp"

#include "support/postgres_server.hpp"

#include <statemachine/postgres.hpp>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <iostream>

namespace {

using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::throwaway_postgres;

constexpr auto deadline = 700ms;
constexpr auto slack = 7s;  // ten times the deadline, for a machine that does other things

bool runs(const std::string& command) { return std::system(command.c_str()) == 0; }

std::string output_of(const std::string& command) {
    std::string all;
    FILE* const pipe = popen(command.c_str(), "r");
    for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;)
        all.push_back(static_cast<char>(c));
    if (pipe != nullptr) pclose(pipe);
    return all;
}

/// For this thread, and for threads and processes that it starts from then on.
class own_network {
public:
    own_network() : outside_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
        if (outside_ < 0 || unshare(CLONE_NEWNET) != 0) {
            problem_ = std::string("no network namespace can be made: ") + std::strerror(errno);
            return;
        }
        is_inside_ = true;
        if (!runs("ip link set lo up"))
            problem_ = "`ip link set lo up` fails: is iproute2 there?";
        else if (!runs("nft add table ip faults && nft add chain ip faults drops '{ type filter "
                       "hook input priority 0; }'"))
            problem_ = "nft cannot set up a firewall: are nftables and their kernel modules there?";
    }
    ~own_network() {
        if (is_inside_) setns(outside_, CLONE_NEWNET);
        close(outside_);
    }
    own_network(const own_network&) = delete;
    own_network& operator=(const own_network&) = delete;

    /// Why the test cannot run here; empty when it can.
    const std::string& problem() const { return problem_; }

    void drop(const std::string& packets) {
        if (!runs("nft 'add rule ip faults drops tcp " + packets + " counter drop'"))
            throw std::runtime_error("nft takes no rule for " + packets);
    }
    /// @return how many packets were dropped since the last time
    long heal() {
        const auto rules = output_of("nft list chain ip faults drops");
        long dropped = 0;
        const std::string mark = "counter packets ";
        for (auto at = rules.find(mark); at != rules.npos; at = rules.find(mark, at + 1))
            dropped += std::atol(rules.c_str() + at + mark.size());
        if (!runs("nft flush chain ip faults drops")) throw std::runtime_error("nft does not heal");
        return dropped;
    }

private:
    int outside_;
    bool is_inside_ = false;
    std::string problem_;
};

class server_packets : public testing::Test {
protected:
    void SetUp() override {
        if (network.problem().empty()) return;
        std::cerr << "*** SKIPPED, and packet loss is NOT tested: " << network.problem()
                  << " ***\n";
        GTEST_SKIP() << network.problem();
    }

    /// @param to_server, to_client  a share to be dropped, in per cent
    void expect_to_outlast(int times, int to_server, int to_client) {
        for (const auto seed : seeds()) {
            throwaway_postgres server;
            workload<database> load(
                [&] {
                    return sm::postgres::connect(server.tcp_conninfo(), {.deadline = deadline});
                },
                {.seed = seed});
            load.start();
            for (int i = 0; i < times; ++i) {
                const std::string port = "port " + std::to_string(server.port());
                if (to_server > 0) network.drop("d" + port + share(to_server));
                if (to_client > 0) network.drop("s" + port + share(to_client));
                EXPECT_TRUE(load.is_disturbed(4));
                EXPECT_GT(network.heal(), 0);
                EXPECT_TRUE(load.goes_on(20));
            }
            EXPECT_TRUE(load.is_sound());
            EXPECT_LT(load.so_far().longest_call, deadline + slack);
        }
    }

    static std::string share(int per_cent) {
        if (per_cent == 100) return "";
        return " numgen random mod 100 < " + std::to_string(per_cent);
    }

    own_network network;
};

TEST_F(server_packets, that_are_lost_on_the_way_to_the_server_break_no_promise) {
    expect_to_outlast(2, 100, 0);
}

TEST_F(server_packets, that_are_lost_on_the_way_back_break_no_promise) {
    expect_to_outlast(2, 0, 100);
}

TEST_F(server_packets, that_are_lost_both_ways_break_no_promise) { expect_to_outlast(2, 100, 100); }

TEST_F(server_packets, of_which_some_are_lost_break_no_promise) { expect_to_outlast(2, 40, 40); }

}  // namespace
