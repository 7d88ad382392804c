// The example of <statemachine/testing/simulation.hpp>.
#include <statemachine/statemachine.hpp>
#include <statemachine/testing/simulation.hpp>

#include <gtest/gtest.h>

namespace sm = statemachine;
using namespace std::chrono_literals;

namespace files {

enum class state { queued, hashing, done, failed };
using enum state;

struct job {
    std::string path;
    std::optional<std::string> sha256{};
};
struct sum {
    std::string sha256;
};

constexpr sm::event<> claim{"claim"};
constexpr sm::event<sum> finish{"finish"};

constexpr sm::column columns[] = {{"path", sm::field<&job::path>, sm::identity},
                                  {"sha256", sm::field<&job::sha256>, sm::once}};
constexpr sm::named<state> states[] = {{queued, "queued"},
                                       {hashing, "hashing"},
                                       {done, "done", sm::terminal},
                                       {failed, "failed", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = queued,
     .to = hashing,
     .lease = 30s,
     .max_attempts = 5,
     .expired = queued,
     .exhausted = failed},
    {.on = finish,
     .from = hashing,
     .to = done,
     .then = {sm::set<&job::sha256>(sm::field<&sum::sha256>)}},
};
constexpr sm::machine<state, job> machine{.table = "files",
                                          .initial = queued,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};

}  // namespace files

TEST(simulation_example, keeps_its_promises) {
    const auto tried =
        sm::testing::simulate<files::machine>(sm::testing::seeds_to_try(300), [](auto& files) {
            files.client("lister", [](auto& me) {
                for (const char* path : {"/etc/hosts", "/etc/fstab"})
                    me.insist([&] { return me.jobs.submit({.path = path}, {.key = path + 5}); });
            });
            for (const char* name : {"worker-1", "worker-2"})
                files.worker(name, files::claim, [](auto& me, const auto& run) {
                    me.pass(3s);
                    me.insist([&] {
                        return me.jobs.fire(files::finish, run, {.sha256 = "9f86d0"},
                                            me.token(run));
                    });
                });
            files.sweeper("sweeper");
        });
    EXPECT_TRUE(tried.sound()) << tried.text();
    EXPECT_GT(tried.faults.all(), tried.seeds) << tried.text();
    std::cout << tried.text();
}
