#include <statemachine/detail/own_pid.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <memory>

namespace statemachine::detail {
namespace {

using remembered = std::atomic<pid_t>;

// Memory that the kernel empties in a child, whoever forks it. Null where there is none; some
// emulators say yes to any advice.
remembered* make_remembered() noexcept {
#ifdef MADV_WIPEONFORK
    const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const page =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return nullptr;
    constexpr int no_advice = -1;
    if (madvise(page, size, no_advice) != 0 && madvise(page, size, MADV_WIPEONFORK) == 0)
        return std::construct_at(static_cast<remembered*>(page));
    munmap(page, size);
#endif
    return nullptr;
}

// Null until the library is loaded. Not inside of the function: a child that was forked while
// another thread made it would wait for that thread.
remembered* const known = make_remembered();

}  // namespace

pid_t own_pid() noexcept {
    if (known == nullptr) return getpid();
    pid_t own = known->load(std::memory_order_relaxed);
    if (own == 0) {
        own = getpid();
        known->store(own, std::memory_order_relaxed);
    }
    return own;
}

}  // namespace statemachine::detail
