// The test program itself: the tests, or a process of the service that dies when it is told to.
#include "program.hpp"
#include "service_on.hpp"

#include <atomic>
#include <csignal>
#include <iostream>

#include <unistd.h>

namespace systems {
namespace {

constexpr std::string_view command = "--doomed-server";

template <class Backend>
int serve(const std::string& where, const std::string& moment, int statement) {
    std::atomic<int> before{0}, after{0};
    const auto die_at = [&](std::string_view when, int number) {
        if (moment == when && number == statement) std::raise(SIGKILL);
    };
    disturbance fatal;
    fatal.before_statement = [&](auto) {
        die_at("before", before++);
        return std::nullopt;
    };
    fatal.after_statement = [&](auto) {
        die_at("after", after++);
        return std::nullopt;
    };
    fatal.before_commit = [&] {
        die_at("before_commit", 0);
        return std::nullopt;
    };
    fatal.after_commit = [&] { die_at("after_commit", 0); };

    const Backend place(where);
    disturbed_database<typename Backend::database> database(place.open(), fatal);
    transcode::api<usual> requests(database);
    const transcode::http_server server(requests.routes());
    std::cout << server.url() << std::endl;
    for (;;) pause();
}

}  // namespace

std::vector<std::string> doomed_server(std::string_view backend, const std::string& where,
                                       const std::string& moment, int statement) {
    return {"/proc/self/exe", std::string(command),     std::string(backend), where,
            moment,           std::to_string(statement)};
}

}  // namespace systems

int main(int count, char** arguments) {
    if (count == 6 && arguments[1] == systems::command) {
        const bool on_file = arguments[2] == systems::sqlite_backend::database::dialect.name;
        const auto serve = on_file ? systems::serve<systems::sqlite_backend>
                                   : systems::serve<systems::postgres_backend>;
        return serve(arguments[3], arguments[4], std::stoi(arguments[5]));
    }
    testing::InitGoogleTest(&count, arguments);
    return RUN_ALL_TESTS();
}
