// Memory runs out for the thread that submits for others, just when it tells them that the reply
// was lost: nobody's job is made twice for it, and nobody is told more than is known.
#include "postgres_fixture.hpp"

#include <statemachine/statemachine.hpp>
#include <support/proxy.hpp>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <new>
#include <string_view>
#include <thread>
#include <vector>

namespace {

// What the copies of this sentence take, and little else.
constexpr std::string_view lost_reply =
    "The connection died after the statement was sent: resolve the call.";

std::atomic<int> copies_left{-1};  // until one fails; below zero none does

void* allocated(std::size_t size) {
    if (size == lost_reply.size() + 1 && copies_left >= 0 && copies_left-- == 0)
        throw std::bad_alloc();
    void* const found = std::malloc(size);
    if (found == nullptr) throw std::bad_alloc();
    return found;
}

}  // namespace

void* operator new(std::size_t size) { return allocated(size); }
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }

namespace {

using namespace postgres_test;
using sm::tests::fault;
using sm::tests::fault_proxy;

enum class state { waiting, working, done };
using enum state;
struct job {
    std::int64_t number = 0;
};
constexpr sm::event<> claim{"claim"}, finish{"finish"};
constexpr sm::column columns[] = {{"number", sm::field<&job::number>, sm::identity}};
constexpr sm::named<state> states[] = {
    {waiting, "waiting"}, {working, "working"}, {done, "done", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = waiting, .to = working, .lease = 60s, .expired = waiting},
    {.on = finish, .from = working, .to = done}};
constexpr sm::machine<state, job> machine{.table = "memory_jobs",
                                          .initial = waiting,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};

constexpr int callers = 8;

template <class Call>
std::vector<std::string> all_at_once(Call make) {
    std::vector<std::string> told(callers);
    std::barrier gate(callers);
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i)
        threads.emplace_back([&, i] {
            gate.arrive_and_wait();
            told[static_cast<std::size_t>(i)] = make(i);
        });
    for (std::thread& each : threads) each.join();
    return told;
}

TEST(shared_submits_without_memory, make_no_job_twice) {
    const raw by;
    by.run(
        "DROP TABLE IF EXISTS memory_jobs, memory_jobs_log, memory_jobs_tokens, "
        "memory_jobs_sweeps, memory_jobs_schema");
    fault_proxy proxy(conninfo());
    sm::postgres::database far = sm::postgres::connect(proxy.conninfo()).value();
    sm::store<machine> jobs(far);
    jobs.migrate().value();
    const auto submitted = [&](int number) -> std::string {
        try {
            const auto answered = jobs.submit({.number = number});
            return answered ? std::string(to_string(answered.value().status())) : "an error";
        } catch (const std::bad_alloc&) {
            return "no memory";
        }
    };
    int number = 0, faults = 0, thrown = 0;
    for (int copies = 0; copies < 2 * callers; ++copies) {
        ++faults;
        while (proxy.seen().faults < faults) {
            // So that the next ones find others at work.
            const int before = number;
            number += callers;
            all_at_once([&](int i) { return submitted(before + i); });
            const int first = number;
            number += callers;
            proxy.arm({.what = fault::cut_reply, .text = "set_config"});
            copies_left = copies;
            const auto told = all_at_once([&](int i) { return submitted(first + i); });
            copies_left = -1;
            proxy.disarm();
            for (int i = 0; i < callers; ++i) {
                const std::string& said = told[static_cast<std::size_t>(i)];
                thrown += said == "no memory" ? 1 : 0;
                EXPECT_NE(said, "an error");
                const std::string made = by.ask("SELECT count(*) FROM memory_jobs WHERE number = " +
                                                std::to_string(first + i));
                if (said == "applied") {
                    EXPECT_EQ(made, "1");
                } else {
                    EXPECT_TRUE(made == "0" || made == "1") << made;
                }
            }
        }
    }
    EXPECT_GT(thrown, 0) << "memory was never short";
}

}  // namespace
