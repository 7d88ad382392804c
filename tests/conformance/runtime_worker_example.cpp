// The example on top of worker.hpp, as it stands there.
#include "backend.hpp"

#include <statemachine/statemachine.hpp>
#include <statemachine/worker.hpp>

namespace sm = statemachine;
using namespace std::chrono_literals;

namespace transcode {  // clang-format off
enum class state { waiting, claimed, completed, failed };
using enum state;

struct job      { std::string video; std::optional<double> duration{}; };
struct metadata { double duration; };
struct failure  { std::string reason; bool permanent; };

constexpr sm::event<>         claim{"claim"}, release{"release"};
constexpr sm::event<metadata> complete{"complete"};
constexpr sm::event<failure>  fail{"fail"};

constexpr sm::column columns[] = {
    {"video", sm::field<&job::video>}, {"duration", sm::field<&job::duration>, sm::once}};
constexpr sm::named<state> states[] = {
    {waiting, "waiting"}, {claimed, "claimed"},
    {completed, "completed", sm::terminal}, {failed, "failed", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = waiting, .to = claimed, .lease = 30min, .max_attempts = 3,
     .expired = waiting, .exhausted = failed},
    {.on = complete, .from = claimed, .to = completed,
     .then = {sm::set<&job::duration>(sm::field<&metadata::duration>)}},
    {.on = release, .from = claimed, .to = waiting, .attempts = sm::attempts::given_back},
    {.on = fail, .from = claimed, .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}},
};
constexpr sm::machine<state, job> machine{.table = "transcode_jobs", .initial = waiting,
    .columns = columns, .states = states, .transitions = transitions};
}  // namespace transcode  // clang-format on

namespace conformance {
namespace {

template <class Backend>
class worker_example : public ::testing::Test {};
TYPED_TEST_SUITE(worker_example, backends, backend_names);

TYPED_TEST(worker_example, does_what_it_shows) {
    TypeParam place;
    auto database = place.open();
    sm::store<transcode::machine> jobs{database};
    jobs.migrate().value();
    jobs.submit({"cat.mp4"}).value().value();
    jobs.submit({"broken.mp4"}).value().value();
    std::stop_source last;
    const auto stop = last.get_token();
    const auto probe = [&](const std::string& video, const std::stop_token&) {
        if (video == "cat.mp4") return transcode::metadata{12.5};
        last.request_stop();
        throw std::runtime_error("no video stream");
    };

    auto w = sm::worker<transcode::machine>{jobs, transcode::claim, [&](auto& task) {
        const auto found = probe(task.job().video, task.stop());
        return task.finish(transcode::complete, found);         // fires, fenced by the lease
    }};
    w.on_failure(transcode::fail, [](const sm::failed& why) {   // it threw, or gave no result
        return transcode::failure{why.message, why.permanent};
    });
    w.on_release(transcode::release);                           // a stop gives the attempt back

    auto summary = w.run(stop, {.owner = "worker-1", .threads = 1});
    summary.ended.value();                                      // throws what ended it but a stop

    EXPECT_EQ(summary.finished, 1U);
    EXPECT_EQ(summary.failed, 1U);
    EXPECT_EQ(jobs.read(1).value()->job.duration, 12.5);
    EXPECT_EQ(jobs.read(2).value()->error, "no video stream");
}

}  // namespace
}  // namespace conformance
