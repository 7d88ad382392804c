#include "local_roles.hpp"

#include "local_failing_disk.hpp"
#include "workload.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <thread>

namespace faults {
namespace {

sm::sqlite::durability durability_of(const std::string& name) {
    if (name == "full") return sm::sqlite::durability::full;
    return name == "normal" ? sm::sqlite::durability::normal : sm::sqlite::durability::off;
}

sigset_t the_stop() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

template <>
sm::sqlite::database open_at(const place& on) {
    return sm::sqlite::open(on.where, {.sync = durability_of(on.sync),
                                       .deadline = std::chrono::milliseconds(on.deadline)})
        .value();
}

template <>
sm::postgres::database open_at(const place& on) {
    return sm::postgres::connect(on.where, {.deadline = std::chrono::milliseconds(on.deadline)})
        .value();
}

// SEED (NAME JOURNAL)...
template <class Database>
int be_clients(const place& on, std::span<const std::string> told) {
    block_the_stop();
    const char* const failing = std::getenv("FAULTS_FAILING_DISK");
    if (failing != nullptr) failing_disk::install();
    Database database = open_at<Database>(on);
    if (failing != nullptr) failing_disk::fail_at_random(3, std::stoull(failing));
    const auto seed = std::stoull(told[0]);
    std::vector<std::jthread> clients;
    for (std::size_t i = 1; i + 1 < told.size(); i += 2)
        clients.emplace_back([&, i](const std::stop_token& stop) {
            live_as_client(database, told[i], seed + i, told[i + 1], stop);
        });
    wait_for_the_stop();
    return 0;
}

void block_the_stop() {
    const sigset_t set = the_stop();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_the_stop() {
    const sigset_t set = the_stop();
    int which = 0;
    sigwait(&set, &which);
}

int play(const std::vector<std::string>& role) {
    if (role[0] == "clock") {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        std::cout << std::chrono::duration_cast<std::chrono::seconds>(now).count() << std::endl;
        return 0;
    }
    const place on = place::of(std::span(role).subspan(1));
    const auto rest = std::span(role).subspan(1 + on.words().size());
    using of_role = int (*)(const place&, std::span<const std::string>);
    struct both {
        of_role in_a_file, on_a_server;
    };
    using file = sm::sqlite::database;
    using server = sm::postgres::database;
    const std::map<std::string, both> all{
        {"clients", {be_clients<file>, be_clients<server>}},
        {"worker", {be_worker<file>, be_worker<server>}},
        {"doomed", {be_doomed<file>, be_doomed<server>}},
    };
    const both& found = all.at(role[0]);
    return (on.backend == file::dialect.name ? found.in_a_file : found.on_a_server)(on, rest);
}

}  // namespace faults
