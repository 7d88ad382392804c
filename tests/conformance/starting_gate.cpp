#include "starting_gate.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace conformance {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// Without CLOEXEC: the processes that are started inherit it. Zeroed pages are counters at zero.
starting_gate::starting_gate() : descriptor_(memfd_create("starting_gate", 0)) {
    if (descriptor_ < 0 || ftruncate(descriptor_, sizeof(shared)) != 0)
        throw std::runtime_error("no shared memory for the starting gate");
    map();
}

starting_gate::starting_gate(int descriptor) : descriptor_(descriptor) { map(); }

starting_gate::~starting_gate() {
    munmap(memory_, sizeof(shared));
    close(descriptor_);
}

void starting_gate::map() {
    void* const mapped =
        mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("the starting gate cannot be mapped");
    memory_ = static_cast<shared*>(mapped);
}

void starting_gate::pass(int lane, int participants, int nth) {
    auto& arrived = memory_->lane[lane].arrived;
    const auto wanted = static_cast<std::uint32_t>(participants * (nth + 1));
    arrived.fetch_add(1);
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (arrived.load() < wanted) {
        if (memory_->broken.load()) throw std::runtime_error("another contender gave up");
        if (std::chrono::steady_clock::now() > end) {
            give_up();
            throw std::runtime_error("the other contenders did not come");
        }
        sched_yield();
    }
}

void starting_gate::give_up() noexcept { memory_->broken.store(true); }

}  // namespace conformance
