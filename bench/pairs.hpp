// Compares variants in pairs: each repetition of a benchmark runs all of them in turn, so that
// whatever else the machine does meets each alike, and reports what each of them took.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// How much is measured: STATEMACHINE_BENCH_SIZE is `smoke`, `short` (the default) or `full`.
enum class size : unsigned char { smoke, shorter, full };
size wanted_size();

/// The number for the wanted size.
inline std::size_t scaled(std::size_t smoke, std::size_t shorter, std::size_t full) {
    return wanted_size() == size::smoke ? smoke : wanted_size() == size::full ? full : shorter;
}

struct cost {
    double wall = 0;  ///< seconds
    double cpu = 0;   ///< seconds of this process

    cost& operator+=(const cost& more) {
        wall += more.wall;
        cpu += more.cpu;
        return *this;
    }
};

template <class Work>
cost measured(Work&& work) {
    const auto cpu = [] {
        timespec at{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
        return static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec);
    };
    const double cpu_before = cpu();
    const auto before = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;
    return {wall.count(), cpu() - cpu_before};
}

/// What a repetition reports, by name; `took` is the one that Google Benchmark shows as its time.
class report {
public:
    explicit report(benchmark::State& into) : into_(into) {}
    void took(double seconds) { into_.SetIterationTime(seconds); }
    void number(const std::string& name, double is) { into_.counters[name] = is; }
    /// Microseconds a call, of wall and of processor time.
    void each(const std::string& variant, const cost& all, std::size_t calls) {
        const double by = 1e6 / static_cast<double>(calls);
        number(variant + "_us", all.wall * by);
        number(variant + "_cpu_us", all.cpu * by);
    }

private:
    benchmark::State& into_;
};

/// Runs variants, each time beginning with another one.
class in_turn {
public:
    using variant = std::function<cost()>;
    std::vector<cost> run(const std::vector<variant>& variants) {
        std::vector<cost> costs(variants.size());
        for (std::size_t i = 0; i < variants.size(); ++i) {
            const std::size_t now = (first_ + i) % variants.size();
            costs[now] = variants[now]();
        }
        ++first_;
        return costs;
    }

private:
    std::size_t first_ = 0;
};

/// Registers a benchmark of as many pairs as the size asks for. `Stage` is made when the first pair
/// begins and destroyed after the last; its `pair(report&)` runs one.
template <class Stage, class... Arguments>
void add_pairs(const std::string& name, int pairs, Arguments... arguments) {
    struct kept {
        std::unique_ptr<Stage> stage;
        int left;
    };
    auto state = std::make_shared<kept>(kept{nullptr, pairs});
    benchmark::RegisterBenchmark(name.c_str(),
                                 [state, arguments...](benchmark::State& into) {
                                     for ([[maybe_unused]] auto each : into) {
                                         try {
                                             if (!state->stage)
                                                 state->stage =
                                                     std::make_unique<Stage>(arguments...);
                                             report said(into);
                                             state->stage->pair(said);
                                         } catch (const std::exception& why) {
                                             into.SkipWithError(why.what());
                                             state->stage.reset();
                                             break;
                                         }
                                     }
                                     if (--state->left <= 0) state->stage.reset();
                                 })
        ->Iterations(1)
        ->Repetitions(pairs)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

/// Enough for a median and its spread.
inline int usual_pairs() { return static_cast<int>(scaled(2, 7, 11)); }

/// Each section defines it.
void add_benchmarks();

}  // namespace bench
