#include "roles.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace conformance {
namespace {

constexpr std::string_view command = "--play";
constexpr int output_of_player = 200;  // above whatever is inherited

int start(std::vector<std::string> words, int output) {
    std::vector<char*> arguments;
    for (std::string& each : words) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, output_of_player);
    pid_t started = -1;
    const int failed =
        posix_spawn(&started, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("no process could be started");
    return started;
}

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
        const ssize_t size = read(descriptor, piece.data(), piece.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(size));
    }
}

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = write(descriptor, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) throw std::runtime_error("the test that started this has gone");
        text.remove_prefix(static_cast<std::size_t>(size));
    }
}

template <class Backend>
int play(const std::string& name, const std::string& where, int descriptor, int index, int rounds) {
    starting_gate gate(descriptor);
    try {
        const Backend place(where);
        auto database = place.open();
        contender<Backend> me{place, database, gate, index, rounds};
        std::ostringstream lines;
        for (const report& each : roles<Backend>().at(name)(me))
            lines << each.id << ' ' << each.epoch << ' ' << each.number << ' ' << each.said << '\n';
        write_all(output_of_player, lines.str());
        return 0;
    } catch (const std::exception& failure) {
        gate.give_up();
        std::cerr << name << " " << index << ": " << failure.what() << "\n";
        return 1;
    }
}

}  // namespace

player::player(const std::string& name, std::string_view backend, const std::string& where,
               const starting_gate& gate, int index, int rounds) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe could be made");
    output_ = ends[0];
    process_ =
        start({"contender", std::string{command}, name, std::string{backend}, where,
               std::to_string(gate.descriptor()), std::to_string(index), std::to_string(rounds)},
              ends[1]);
    close(ends[1]);
}

player::player(player&& other) noexcept
    : process_(std::exchange(other.process_, -1)), output_(std::exchange(other.output_, -1)) {}

player::~player() {
    if (output_ >= 0) close(output_);
    if (process_ < 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

void player::signal(int number) const { kill(process_, number); }

reports player::finish() {
    std::istringstream lines(read_all(output_));
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("a contender's process failed");
    reports all;
    for (report each; lines >> each.id >> each.epoch >> each.number;) {
        lines.ignore(1);
        std::getline(lines, each.said);
        all.push_back(each);
    }
    return all;
}

int play_from_command_line(int count, char** arguments) {
    if (count != 8 || arguments[1] != command) return -1;
    const std::string name = arguments[2];
    const std::string where = arguments[4];
    const int gate = std::stoi(arguments[5]);
    const int index = std::stoi(arguments[6]);
    const int rounds = std::stoi(arguments[7]);
    if (arguments[3] == sqlite_backend::database::dialect.name)
        return play<sqlite_backend>(name, where, gate, index, rounds);
    return play<postgres_backend>(name, where, gate, index, rounds);
}

}  // namespace conformance
