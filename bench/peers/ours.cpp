// The library in the peers' place: answers the same lines as their drivers do.
#include "crew.hpp"
#include "library.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <sstream>

namespace bench {
namespace {

constexpr std::size_t connections = 8;

/// Batches are submitted by as many callers as the peers' are, and worked by two. Single jobs are
/// sent and taken by as many as there are connections.
constexpr std::size_t submitters = 4, workers = 2;
std::size_t callers(std::size_t batch, std::size_t of_batches) {
    return batch == 1 ? connections : of_batches;
}

template <class Place>
void submit(library<Place>& on, std::size_t count, std::size_t batch) {
    std::atomic<std::size_t> begun{0};
    run_threads(callers(batch, submitters), [&](std::size_t) {
        const std::vector<jobs_store::submission> jobs(batch, {sample, {}, {}});
        for (std::size_t at = 0; (at = begun.fetch_add(batch)) < count;) {
            if (batch == 1)
                succeeded(on.jobs.submit(sample));
            else
                all_succeeded(
                    on.jobs.submit_many(std::span<const jobs_store::submission>(jobs).first(
                        std::min(batch, count - at))));
        }
    });
}

template <class Place>
void work(library<Place>& on, std::size_t count, std::size_t batch) {
    std::atomic<std::size_t> done{0};
    run_threads(callers(batch, workers), [&](std::size_t) {
        while (done < count) {
            const auto runs = on.claim(batch);
            if (runs.size() == 1) on.finish(runs.front());
            if (runs.size() > 1) on.finish(runs);
            done += runs.size();
        }
    });
}

template <class Place>
void serve() {
    const Place at(durability::full);
    library<Place> on(at, false, connections);
    std::cout << "{\"ready\": true}" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string what;
        std::size_t count = 0, batch = 0;
        words >> what >> count >> batch;
        const cost took =
            measured([&] { what == "submit" ? submit(on, count, batch) : work(on, count, batch); });
        std::cout << "{\"seconds\": " << took.wall << ", \"cpu_seconds\": " << took.cpu << "}"
                  << std::endl;
    }
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
    try {
        if (count == 2 && std::string(words[1]) == "postgres")
            bench::serve<bench::postgres_place>();
        else
            bench::serve<bench::sqlite_place>();
    } catch (const std::exception& why) {
        std::cerr << why.what() << '\n';
        return 1;
    }
}
