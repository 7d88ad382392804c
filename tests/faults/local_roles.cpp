#include "local_roles.hpp"

#include "workload.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <csignal>
#include <stdexcept>
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

/// SEED (NAME JOURNAL)...
template <class Database>
int live(const place& on, std::span<const std::string> told) {
    block_the_stop();
    Database database = open_at<Database>(on);
    const auto seed = std::stoull(told[0]);
    std::vector<std::jthread> clients;
    for (std::size_t i = 1; i + 1 < told.size(); i += 2)
        clients.emplace_back([&, i](const std::stop_token& stop) {
            live_as_client(database, told[i], seed + i, told[i + 1], stop);
        });
    wait_for_the_stop();
    return 0;
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
    const place on = place::of(std::span(role).subspan(1));
    const auto rest = std::span(role).subspan(1 + on.words().size());
    const bool in_a_file = on.backend == sm::sqlite::database::dialect.name;
    if (role[0] == "clients")
        return in_a_file ? live<sm::sqlite::database>(on, rest)
                         : live<sm::postgres::database>(on, rest);
    throw std::runtime_error("there is no such role");
}

}  // namespace faults
