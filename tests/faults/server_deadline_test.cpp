// Nothing answers, and a call of many parts returns as soon as one of a single part.
#include "workload.hpp"

#include "field/work.hpp"
#include "support/proxy.hpp"

namespace {

using namespace faults;
using statemachine::tests::fault;
using statemachine::tests::fault_proxy;

constexpr auto deadline = 300ms;
constexpr auto slack = 3s;  // ten times the deadline, for a machine that does other things
constexpr std::size_t runs = 40;

// Each of them is asked for its reason by itself, and the network fails after the first statement.
TEST(server_deadline, of_a_batch_of_renewals_is_that_of_one_call) {
    const field::place here;
    fault_proxy between(field::conninfo());
    auto direct = sm::postgres::connect(here.conninfo()).value();
    auto by_network =
        sm::postgres::connect(here.by(between.conninfo()), {.deadline = deadline}).value();
    sm::store<work::machine> jobs(direct), distant(by_network);
    jobs.migrate().value();
    for (std::size_t i = 0; i < runs; ++i) jobs.submit({}).value().value();
    const auto held = *jobs.claim_many(work::claim, runs, {.owner = "w"}).value();
    ASSERT_EQ(held.size(), runs);
    for (const auto& each : held) jobs.fire(work::cancel, each.id, sm::any_version).value().value();
    between.arm({.what = fault::lose_request, .skip = 1, .times = 1000});
    const auto since = std::chrono::steady_clock::now();
    const auto told = distant.renew_many(held).value();
    EXPECT_LT(std::chrono::steady_clock::now() - since, deadline + slack);
    EXPECT_GT(between.seen().faults, 0);
    for (const auto& each : told) EXPECT_FALSE(each.succeeded());
}

}  // namespace
