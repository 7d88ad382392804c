#include <statemachine/detail/own_pid.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <memory>

namespace statemachine::detail {
namespace {

using remembered = std::atomic<pid_t>;

// Memory that is empty in a child, however it was forked. Null where the kernel has none.
remembered* make_remembered() noexcept {
#ifdef MADV_WIPEONFORK
    const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const page =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return nullptr;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        return std::construct_at(static_cast<remembered*>(page));
    munmap(page, size);
#endif
    return nullptr;
}

}  // namespace

pid_t own_pid() noexcept {
    static remembered* const known = make_remembered();
    if (known == nullptr) return getpid();
    pid_t own = known->load(std::memory_order_relaxed);
    if (own == 0) {
        own = getpid();
        known->store(own, std::memory_order_relaxed);
    }
    return own;
}

}  // namespace statemachine::detail
