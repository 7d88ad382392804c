// The library's own runtime beside the clients: a worker, a sweeper and a relay, which are to
// outlast every fault.
#pragma once

#include "machine.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace faults {

class staff {
public:
    /// Defined in staff.cpp, where the store is compiled.
    template <class Database>
    explicit staff(Database& database);
    staff(const staff&) = delete;
    staff& operator=(const staff&) = delete;

    void start();
    void stop();

    /// Jobs that the worker has finished so far.
    std::uint64_t finished() const { return finished_; }

    /// The ids of events that were delivered, each once.
    std::size_t delivered() const;

    /// What ended before it was stopped, in words.
    const std::vector<std::string>& complaints() const { return complaints_; }

private:
    void note(const char* who, const sm::result<void>& ended);

    sm::store<work::machine> jobs_;
    sm::worker<work::machine> worker_;
    sm::sweeper<work::machine> sweeper_;
    sm::relay<work::machine> relay_;
    std::atomic<std::uint64_t> finished_{0};
    mutable std::mutex mutex_;
    std::set<std::string> delivered_;
    std::vector<std::string> complaints_;
    std::vector<std::jthread> threads_;
};

}  // namespace faults
