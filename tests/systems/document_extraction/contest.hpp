// Contenders of several threads and processes that do the same at the same moment.
#pragma once

#include "on_documents.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <thread>

namespace systems::extracted {

/// What a contender got in one round. Plain memory, so that processes can share it.
struct report {
    std::array<char, 64> said{};
    std::int64_t id = 0, epoch = 0, number = 0;

    report() = default;
    explicit report(const std::string& text, std::int64_t its_id = 0, std::int64_t its_epoch = 0,
                    std::int64_t its_number = 0)
        : id(its_id), epoch(its_epoch), number(its_number) {
        std::strncpy(said.data(), text.c_str(), said.size() - 1);
    }
    std::string text() const { return said.data(); }
};

struct contenders {
    int threads = 6;
    int processes = 3;
    int all() const { return threads + processes; }
};

/// Runs `play(jobs, contender, round)` in all contenders, who begin each round together. Nothing of
/// the place may be open in this process: the others are forked from it.
/// @return what all got, by round
template <class Backend, class Play>
std::vector<std::vector<report>> contest(const Backend& place, contenders who, int rounds,
                                         Play play) {
    struct gate {
        std::atomic<int> arrived{0};
        std::atomic<bool> broken{false};
    };
    const auto count = static_cast<std::size_t>(who.all() * rounds);
    const std::size_t size = sizeof(gate) + count * sizeof(report);
    void* const shared =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::runtime_error("no shared memory");
    auto* const start = new (shared) gate;
    auto* const reports = reinterpret_cast<report*>(start + 1);
    for (std::size_t i = 0; i < count; ++i) new (reports + i) report;

    const auto take_part = [&](int me) {
        try {
            replica<Backend> mine(place);
            const auto end = std::chrono::steady_clock::now() + 60s;
            for (int round = 0; round < rounds; ++round) {
                start->arrived.fetch_add(1);
                int looks = 0;
                while (start->arrived.load() < who.all() * (round + 1)) {
                    if (start->broken.load() || std::chrono::steady_clock::now() > end)
                        throw std::runtime_error("the others did not come");
                    // At once in most cases; others need the processor, too.
                    if (++looks < 100)
                        sched_yield();
                    else
                        std::this_thread::sleep_for(std::chrono::microseconds{200});
                }
                reports[round * who.all() + me] = play(mine.jobs, me, round);
            }
        } catch (const std::exception& failure) {
            start->broken.store(true);
            std::cerr << "contender " << me << ": " << failure.what() << std::endl;
        }
    };
    std::vector<pid_t> processes;
    for (int i = 0; i < who.processes; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            take_part(who.threads + i);
            _exit(0);
        }
        processes.push_back(child);
    }
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < who.threads; ++i) threads.emplace_back(take_part, i);
    }
    for (const pid_t each : processes) waitpid(each, nullptr, 0);
    EXPECT_FALSE(start->broken.load());
    std::vector<std::vector<report>> all;
    for (int round = 0; round < rounds; ++round)
        all.emplace_back(reports + round * who.all(), reports + (round + 1) * who.all());
    munmap(shared, size);
    return all;
}

inline std::string texts_of(const std::vector<report>& all) {
    std::string text;
    for (const report& each : all) text.append(each.text()).append("\n");
    return text;
}

inline std::size_t count_of(const std::vector<report>& all, const std::string& said) {
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const report& each) { return each.text() == said; }));
}

}  // namespace systems::extracted
