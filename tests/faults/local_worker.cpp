// A worker of the library in a process of its own.
#include "local_roles.hpp"

#include "machine.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <iostream>
#include <mutex>
#include <thread>

namespace faults {

// NAME THREADS MILLISECONDS: how long each job takes. It prints a line when it is at work on a job,
// `at-work ID EPOCH`, and one of the answer to its end, `told ID EPOCH STATUS REASON`.
template <class Database>
int be_worker(const place& on, std::span<const std::string> told) {
    block_the_stop();
    Database database = open_at<Database>(on);
    sm::store<work::machine> jobs(database);
    std::mutex printing;
    const auto print = [&](const char* what, const auto& task, const auto&... rest) {
        const std::lock_guard lock(printing);
        std::cout << what << ' ' << task.id() << ' ' << task.epoch();
        ((std::cout << ' ' << rest), ...);
        std::cout << std::endl;  // at once: it is waited for
    };
    const std::chrono::milliseconds work_time(std::stoi(told[2]));
    sm::worker<work::machine> worker(jobs, work::claim, [&](auto& task) -> sm::result<void> {
        print("at-work", task);
        std::this_thread::sleep_for(work_time);
        auto done = task.fire(work::complete, {told[0]});
        if (!done)
            print("told", task, "error", sm::to_string(done.error().code()));
        else
            print("told", task, sm::to_string(done.value().status()),
                  sm::to_string(done.value().reason()));
        return done ? sm::result<void>(sm::success()) : done.error();
    });
    worker.on_failure(work::fail).on_release(work::release);
    std::stop_source stop;
    std::jthread works([&] {
        const auto threads = static_cast<std::size_t>(std::stoi(told[1]));
        worker.run(stop.get_token(), {.owner = told[0], .threads = threads, .poll_most = 50ms})
            .ended.value();
    });
    wait_for_the_stop();
    stop.request_stop();
    return 0;
}

template int be_worker<sm::sqlite::database>(const place&, std::span<const std::string>);
template int be_worker<sm::postgres::database>(const place&, std::span<const std::string>);

}  // namespace faults
