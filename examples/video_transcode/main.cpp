// Videos are jobs: remote workers claim them over HTTP, transcode them, and say what they measured.
//     video_transcode [--postgres CONNINFO]     the demo; `--help` lists the rest
#include "demo.hpp"
#include "remote_worker.hpp"
#include "server.hpp"

#include <statemachine/diagram.hpp>
#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>

using namespace transcode;

namespace {

struct arguments {
    std::string file = "videos.db", conninfo, url, name, dies_on;
    int port = 8080;
    bool stops = false, sends_twice = false;
};

// On the server where one is given, else on the file.
template <class Run>
int on_database(const arguments& given, Run run) {
    if (!given.conninfo.empty()) {
        auto server = sm::postgres::connect(given.conninfo).value();
        return run(server);
    }
    auto file = sm::sqlite::open(given.file).value();
    return run(file);
}

template <class Database>
int demo(Database& database) {
    journal events;
    service<hurried> all(
        database, [&](auto&&... told) { events.note(told...); }, &events);
    all.requests.migrate();
    return run_demo(all, events) ? 0 : 1;
}

template <class Database>
int serve(Database& database, int port) {
    service<usual> all(database);
    all.requests.migrate();
    for (const char* each : {"clips", "results", "thumbnails"})
        std::filesystem::create_directories(each);
    const http_server server(all.requests.routes(), port);
    std::cout << server.url() << std::endl;
    std::stop_source stop;
    std::jthread drawing([&] { all.draw(".", stop.get_token()); });
    all.check.run(stop.get_token());
    return 0;
}

template <class Database>
int check(Database& database) {
    const auto found = service<usual>(database).check.once().value();
    std::cout << (found.videos.in_grace ? "in grace: leases are left alone" : "checked") << ", "
              << found.videos.expired + found.videos.exhausted << " jobs taken back, "
              << found.workers.expired << " workers marked offline" << std::endl;
    return 0;
}

void be_a_worker(const arguments& given) {
    bool first = true;
    work(given.url, given.name,
         {.midway =
              [&](const assignment& mine) {
                  if (mine.video == given.dies_on) std::raise(SIGKILL);
                  if (given.stops && std::exchange(first, false)) std::raise(SIGSTOP);
              },
          .sends_first_twice = given.sends_twice});
}

void draw_diagrams() {
    const auto draw = [](const char* table, const std::string& picture) {
        std::cout << "%% " << table << "\n" << picture;
    };
    draw("videos", sm::diagram<video::machine<usual>>());
    draw("workers", sm::diagram<worker::machine<usual>>());
    draw("thumbnails", sm::diagram<thumbnail::machine>());
}

}  // namespace

int main(int argc, char** argv) try {
    arguments given;
    CLI::App app{"Videos are transcoded by remote workers. Without a command: the demo."};
    app.add_option("--postgres", given.conninfo, "use this server and not an SQLite file");
    app.add_option("--database", given.file, "the SQLite file");
    auto* const serving = app.add_subcommand("serve", "serve the API, check, and draw thumbnails");
    serving->add_option("--port", given.port, "0 takes a free one");
    auto* const checking = app.add_subcommand("check", "one stale check, from cold");
    auto* const drawing = app.add_subcommand("diagram", "print the machines in Mermaid");
    auto* const working = app.add_subcommand("work", "be a worker");
    working->add_option("url", given.url, "of the API")->required();
    working->add_option("name", given.name)->required();
    working->add_option("--dies-on", given.dies_on, "the clip that kills it");
    working->add_flag("--stops-in-first-job", given.stops, "as if it was frozen");
    working->add_flag("--sends-first-twice", given.sends_twice, "as if a reply was lost");
    CLI11_PARSE(app, argc, argv);

    if (*drawing) return draw_diagrams(), 0;
    if (*working) return be_a_worker(given), 0;
    return on_database(given, [&](auto& database) {
        if (*serving) return serve(database, given.port);
        return *checking ? check(database) : demo(database);
    });
} catch (const std::exception& error) {
    return std::cerr << "video_transcode: " << error.what() << std::endl, 2;
}
