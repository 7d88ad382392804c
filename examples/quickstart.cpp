// Files are jobs: worker processes claim them, checksum them and store the sums. On the way one
// worker is killed in the middle of a job, and one is frozen until its lease has run out.
//     quickstart [--postgres CONNINFO] [DIRECTORY]     default: quickstart.db and /usr/share/doc
#include "support/checksum.hpp"
#include "support/files.hpp"
#include "support/listing.hpp"
#include "support/workers.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>
#include <statemachine/statemachine.hpp>

#include <csignal>
#include <iostream>
#include <thread>

namespace sm = statemachine;
using namespace std::chrono_literals;

namespace files {  // clang-format off
enum class state { queued, hashing, done, failed };
using enum state;

struct job   { std::string path; std::optional<std::string> sha256; };  // your columns
struct sum   { std::string sha256; };                                   // what `finish` carries
struct fault { std::string reason; };                                   // what `fail` carries

constexpr sm::event<>      claim{"claim"};
constexpr sm::event<sum>   finish{"finish"};
constexpr sm::event<fault> fail{"fail"};

constexpr sm::column columns[] = {
    {"path", sm::field<&job::path>, sm::identity}, {"sha256", sm::field<&job::sha256>, sm::once}};
constexpr sm::named<state> states[] = {
    {queued, "queued"}, {hashing, "hashing"},
    {done, "done", sm::terminal}, {failed, "failed", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = queued, .to = hashing, .lease = 2s, .max_attempts = 5,
     .expired = queued, .exhausted = failed},
    {.on = finish, .from = hashing, .to = done,
     .then = {sm::set<&job::sha256>(sm::field<&sum::sha256>)}},
    {.on = fail, .from = hashing, .to = failed, .then = {sm::set_error(sm::field<&fault::reason>)}},
};
constexpr sm::machine<state, job> machine{.table = "files", .initial = queued, .columns = columns,
                                          .states = states, .transitions = transitions};
static_assert(sm::verify<machine>());
}  // namespace files  // clang-format on

using file_jobs = sm::store<files::machine>;

file_jobs open_jobs(const std::string& conninfo) {
    if (!conninfo.empty()) {
        static auto server = sm::postgres::connect(conninfo).value();
        return file_jobs{server};
    }
    static auto file = sm::sqlite::open("quickstart.db").value();
    return file_jobs{file};
}

bool any_left(file_jobs& jobs) {
    return !jobs.list(files::queued, {.limit = 1}).value().empty() ||
           !jobs.list(files::hashing, {.limit = 1}).value().empty();
}

int work(file_jobs jobs, const std::string& name, bool stops) {
    for (int finished = 0, refused = 0;;) {
        auto run = jobs.claim(files::claim, {.owner = name}).value();
        if (!run && !any_left(jobs)) return refused;
        if (!run) std::this_thread::sleep_for(50ms);  // none is due yet
        if (!run) continue;
        if (std::exchange(stops, false)) std::raise(SIGSTOP);  // in the middle of this job
        const auto sum = support::sha256_of_file(run->job.path);
        auto did = sum ? jobs.fire(files::finish, *run, {*sum}).value()
                       : jobs.fire(files::fail, *run, {"cannot be read"}).value();
        if (did && ++finished % 500 == 0) std::cout << name << ": " << finished << std::endl;
        if (did.rejected() && ++refused)
            std::cout << name << ", job " << run->id << ": " << did.why() << std::endl;
    }
}

bool report(file_jobs& jobs, int refused) {
    std::size_t count = 0, attempts = 0;
    std::map<std::string, std::string> sums;
    for (const auto state : {files::done, files::failed})
        for (const auto& each : support::all(jobs, state)) {
            attempts += static_cast<std::size_t>(each.attempts);
            if (++count; each.job.sha256) sums[each.job.path] = *each.job.sha256;
        }
    const auto differing = support::differing_from_sha256sum(sums);
    std::cout << "jobs " << count << ", attempts " << attempts << ", reclaims " << attempts - count
              << ", refused late writes " << refused << "\nchecksums that differ from sha256sum: "
              << differing << " of " << sums.size() << std::endl;
    return differing == 0;
}

int main(int argc, char** argv) try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() == 4) return work(open_jobs(args[3]), args[1], args[2] == "stops");
    const std::string conninfo = args.size() > 1 && args[0] == "--postgres" ? args[1] : "";
    auto jobs = open_jobs(conninfo);
    jobs.migrate().value();
    for (const auto& path : support::files_below(args.size() % 2 ? args.back() : "/usr/share/doc"))
        jobs.submit({path, {}}, {.key = support::sha256_of_text(path)}).value().value();
    if (!any_left(jobs)) return std::cout << "all done before\n", report(jobs, 0) ? 0 : 1;
    std::vector<pid_t> workers;
    for (const char* name : {"worker-1", "worker-2", "worker-3", "worker-4"}) {
        const char* role = workers.size() < 2 ? "stops" : "";
        workers.push_back(support::start_self({"worker", name, role, conninfo}));
        if (*role) support::wait_for(workers.back());  // it stands in its first job
    }
    kill(workers[0], SIGKILL);
    std::cout << "worker-1 is killed and worker-2 frozen, in the middle of a job" << std::endl;
    int refused = support::wait_for(workers[2]).number + support::wait_for(workers[3]).number;
    std::cout << "the others are through; worker-2 goes on and sends its result" << std::endl;
    kill(workers[1], SIGCONT);
    refused += support::wait_for(workers[1]).number;
    return report(jobs, refused) && refused > 0 ? 0 : 1;
} catch (const std::exception& error) {
    return std::cerr << "quickstart: " << error.what() << std::endl, 2;
}
