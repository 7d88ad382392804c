#include "crew.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

void write_all(int to, const std::vector<double>& values) {
    const std::size_t size = values.size();
    if (write(to, &size, sizeof size) != sizeof size) _exit(3);
    const char* at = reinterpret_cast<const char*>(values.data());
    for (std::size_t left = size * sizeof(double); left > 0;) {
        const ssize_t done = write(to, at, left);
        if (done <= 0) _exit(3);
        at += done;
        left -= static_cast<std::size_t>(done);
    }
}

void read_exactly(int from, void* into, std::size_t size) {
    for (char* at = static_cast<char*>(into); size > 0;) {
        const ssize_t done = read(from, at, size);
        if (done <= 0) throw std::runtime_error("a process of the crew failed");
        at += done;
        size -= static_cast<std::size_t>(done);
    }
}

std::vector<double> read_all(int from) {
    std::size_t size = 0;
    read_exactly(from, &size, sizeof size);
    std::vector<double> values(size);
    read_exactly(from, values.data(), size * sizeof(double));
    return values;
}

std::vector<double> gathered(const std::vector<met>& each, std::vector<double> met::*kind) {
    std::vector<double> all;
    for (const met& one : each) all.insert(all.end(), (one.*kind).begin(), (one.*kind).end());
    return all;
}

}  // namespace

double run_threads(std::size_t count, const std::function<void(std::size_t)>& body) {
    std::barrier gate(static_cast<std::ptrdiff_t>(count) + 1);
    std::mutex mutex;
    std::exception_ptr failure;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            gate.arrive_and_wait();
            try {
                body(i);
            } catch (...) {
                const std::lock_guard lock(mutex);
                failure = std::current_exception();
            }
        });
    gate.arrive_and_wait();
    const auto before = std::chrono::steady_clock::now();
    for (std::thread& each : threads) each.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    if (failure) std::rethrow_exception(failure);
    return took.count();
}

std::vector<met> meet_threads(std::size_t count, const caller& each) {
    std::vector<met> all(count);
    run_threads(count, [&](std::size_t i) { all[i] = each(i); });
    return all;
}

std::vector<met> meet_processes(std::size_t count, const caller& each) {
    struct child {
        pid_t id;
        int answers;
    };
    std::vector<child> children;
    for (std::size_t i = 0; i < count; ++i) {
        int ends[2];
        if (pipe(ends) != 0) throw std::runtime_error("no pipe");
        const pid_t id = fork();
        if (id == 0) {
            close(ends[0]);
            try {
                const met own = each(i);
                write_all(ends[1], own.won);
                write_all(ends[1], own.lost);
            } catch (const std::exception& why) {
                std::fprintf(stderr, "%s\n", why.what());
                _exit(1);
            }
            _exit(0);
        }
        close(ends[1]);
        children.push_back({id, ends[0]});
    }
    std::vector<met> all;
    std::string failure;
    for (const child& one : children) {
        try {
            std::vector<double> won = read_all(one.answers);
            all.push_back({std::move(won), read_all(one.answers)});
        } catch (const std::exception& why) {
            failure = why.what();
        }
        close(one.answers);
        waitpid(one.id, nullptr, 0);
    }
    if (!failure.empty()) throw std::runtime_error(failure);
    return all;
}

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at),
                     values.end());
    return values[at];
}

void say_times(report& said, const std::string& name, const std::vector<double>& values) {
    said.number(name + "_p50_us", quantile(values, 0.5));
    said.number(name + "_p99_us", quantile(values, 0.99));
    said.number(name + "_max_us", quantile(values, 1.0));
}

std::vector<double> all_won(const std::vector<met>& each) { return gathered(each, &met::won); }
std::vector<double> all_lost(const std::vector<met>& each) { return gathered(each, &met::lost); }

double fairness(const std::vector<met>& each) {
    std::size_t least = each.front().won.size(), most = least;
    for (const met& one : each) {
        least = std::min(least, one.won.size());
        most = std::max(most, one.won.size());
    }
    return most == 0 ? 0 : static_cast<double>(least) / static_cast<double>(most);
}

}  // namespace bench
