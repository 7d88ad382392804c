// Syncs a camera: lists its clips, downloads one after the other, and finishes each while the next
// one comes in. Without a command it shows how that goes, on a camera of its own.
//     camera_sync [--postgres CONNINFO]
//     camera_sync run --camera URL [--recordings DIRECTORY] [--in-turn] [--until-done] ...
#include "camera_client.hpp"
#include "database.hpp"
#include "demo.hpp"
#include "rounds.hpp"
#include "steering.hpp"

#include <statemachine/diagram.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <functional>
#include <iostream>

namespace {

using namespace camera_sync;

struct command_line {
    place at{};
    std::string url{};
    sync_options how{};
    round_options rounds{};
    bool in_turn = false;
    std::string name{};
    std::filesystem::path from{};
};

void run(command_line& given) {
    block_steering_signals();
    std::filesystem::create_directories(given.at.recordings);
    database opened(given.at);
    auto jobs = opened.jobs();
    const camera_client camera(given.url);
    progress shown(std::cout);
    given.how.recordings = given.at.recordings;
    given.how.pipelined = !given.in_turn;
    given.how.tell = std::ref(shown);
    clip_sync one(jobs, camera, given.how);
    std::stop_source stop;
    const steering listening(one, stop);
    go_round(one, jobs, stop.get_token(), given.rounds, std::cout);
    print_summary(std::cout, jobs);
}

void try_again(const command_line& given) {
    database opened(given.at);
    auto jobs = opened.jobs();
    for (const auto& each : all_in(jobs, failed)) {
        if (each.job.name != given.name) continue;
        jobs.fire(retry, each.id, sm::version{each.version}, {.actor = "retry"}).value().value();
        std::cout << given.name << " is pending again\n";
        return;
    }
    throw std::runtime_error("no clip '" + given.name + "' has failed: nothing to bring back");
}

void summarize(const command_line& given) {
    database opened(given.at);
    auto jobs = opened.jobs();
    print_summary(std::cout, jobs);
}

}  // namespace

int main(int count, char** words) {
    command_line given;
    int status = 0;
    CLI::App app{"Syncs a camera. Without a command: shows how, on a camera of its own."};
    app.require_subcommand(0, 1);
    app.add_option("--postgres", given.at.conninfo, "keep the states on this PostgreSQL database");
    app.add_option("--database", given.at.file, "or in this file")->capture_default_str();
    app.add_option("--recordings", given.at.recordings, "where clips go")->capture_default_str();
    app.add_flag("--on-network-volume", given.at.on_network_volume,
                 "take a database file on a network volume");

    auto* const runs =
        app.add_subcommand("run", "sync until SIGTERM; SIGUSR1 pauses, SIGUSR2 goes on");
    runs->add_option("--camera", given.url, "its address, such as http://camera")->required();
    runs->add_option("--owner", given.how.owner, "who this is, for the log")->capture_default_str();
    runs->add_option("--queue", given.how.queue, "tails that may wait")->capture_default_str();
    runs->add_flag("--in-turn", given.in_turn, "no tail beside a download");
    runs->add_flag("--until-done", given.rounds.until_done, "end when nothing is left to do");
    runs->callback([&] { run(given); });

    auto* const retries = app.add_subcommand("retry", "bring back a clip that has failed");
    retries->add_option("NAME", given.name)->required();
    retries->callback([&] { try_again(given); });
    app.add_subcommand("summary", "what there is")->callback([&] { summarize(given); });
    app.add_subcommand("migrate", "make or change the tables")->callback([&] {
        database{given.at};
    });
    auto* const moves = app.add_subcommand("move", "move a database file to that of --database");
    moves->add_option("FILE", given.from)->required();
    moves->callback([&] { move_database(given.from, given.at); });
    app.add_subcommand("diagram", "the machine as a picture")->callback([] {
        std::cout << sm::diagram<machine>();
    });
    for (auto* const each : app.get_subcommands({})) each->fallthrough();
    app.callback([&] {
        if (app.get_subcommands().empty()) status = show(given.at.conninfo);
    });

    std::signal(SIGPIPE, SIG_IGN);
    std::cout << std::unitbuf;  // processes of the demo take turns
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    } catch (const std::exception& wrong) {
        std::cerr << "camera_sync: " << wrong.what() << '\n';
        return 1;
    }
    return status;
}
