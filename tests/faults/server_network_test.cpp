// The network between the clients and the server breaks, at any byte, in either direction, and
// delivers what it kept back when nobody waits for it any more.
#include "workload.hpp"

#include "field/work.hpp"
#include "support/proxy.hpp"

namespace {

using namespace faults;
using database = sm::postgres::database;
using statemachine::tests::fault;
using statemachine::tests::fault_proxy;

constexpr auto deadline = 700ms;
constexpr auto slack = 7s;  // ten times the deadline, for a machine that does other things

class server_network : public testing::Test {
protected:
    /// Breaks so many requests or replies, one at a time.
    template <class Make>
    void expect_to_outlast(int faults, Make make) {
        for (const auto seed : seeds()) {
            const field::place here;
            fault_proxy between(field::conninfo());
            workload<database> load(
                [&] {
                    return sm::postgres::connect(here.by(between.conninfo()),
                                                 {.deadline = deadline});
                },
                {.seed = seed});
            load.start();
            std::mt19937_64 random(seed);
            for (int number = 1; number <= faults; ++number) {
                between.arm(make(random));
                ASSERT_TRUE(between.wait_for_faults(number));
                happened(between);
                EXPECT_TRUE(load.goes_on(1));
            }
            between.disarm();
            EXPECT_TRUE(load.is_sound());
            EXPECT_EQ(between.seen().faults, faults);
            // Each of them cost a connection, and the clients took another one.
            EXPECT_GT(between.seen().connections, faults);
            EXPECT_LT(load.so_far().longest_call, deadline + slack);
        }
    }

    virtual void happened(fault_proxy&) {}

    static fault any(std::mt19937_64& random, fault::kind what) {
        static constexpr const char* texts[] = {"", "INSERT INTO", "UPDATE", "_log", "complete-"};
        return {.what = what,
                .text = texts[random() % std::size(texts)],
                .bytes = random() % 400,
                .skip = static_cast<int>(random() % 20)};
    }
};

TEST_F(server_network, that_cuts_requests_at_any_byte_breaks_no_promise) {
    expect_to_outlast(30, [](auto& random) {
        auto made = any(random, fault::cut_request);
        if (random() % 4 == 0) made.bytes = fault::everything;
        return made;
    });
}

TEST_F(server_network, that_cuts_replies_at_any_byte_breaks_no_promise) {
    expect_to_outlast(30, [](auto& random) { return any(random, fault::cut_reply); });
}

TEST_F(server_network, that_swallows_requests_or_replies_breaks_no_promise) {
    expect_to_outlast(5, [](auto& random) {
        return any(random, random() % 2 == 0 ? fault::lose_request : fault::lose_reply);
    });
}

class server_network_late : public server_network {
protected:
    // What arrives when its sender has long gone must not break what was decided since then.
    void happened(fault_proxy& between) override {
        if (between.seen().faults % 3 == 0) between.release();
    }
};

TEST_F(server_network_late, deliveries_break_no_promise) {
    expect_to_outlast(5, [](auto& random) { return any(random, fault::hold_request); });
}

}  // namespace
