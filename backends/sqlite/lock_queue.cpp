#include "lock_queue.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <new>
#include <thread>
#include <utility>

// A lock that outlives its owner and waits by a clock that nobody sets.
#if defined(__linux__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 30)
#define STATEMACHINE_HAS_SHARED_LOCKS
#endif
#endif

namespace statemachine::sqlite {

#ifdef STATEMACHINE_HAS_SHARED_LOCKS
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Several commits of a slow disk: nobody got in for so long, so that somebody inside is frozen.
constexpr auto standstill = 200ms;
// For how long the queue is then gone around: twice as long each time that it was in vain.
constexpr std::chrono::milliseconds shortest_avoidance = 1s;
constexpr std::chrono::milliseconds longest_avoidance = 64s;

constexpr std::uint64_t layout = 0x736d'7175'6575'6500 + sizeof(pthread_mutex_t);

bool make_lock(pthread_mutex_t& lock) noexcept {
    pthread_mutexattr_t kind;
    if (pthread_mutexattr_init(&kind) != 0) return false;
    const bool made = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED) == 0 &&
                      pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST) == 0 &&
                      pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK) == 0 &&
                      pthread_mutex_init(&lock, &kind) == 0;
    pthread_mutexattr_destroy(&kind);
    return made;
}

template <class Clock, class Duration>
timespec as_timespec(std::chrono::time_point<Clock, Duration> moment) noexcept {
    using namespace std::chrono;
    const auto whole = floor<seconds>(moment.time_since_epoch());
    timespec made{};
    made.tv_sec = static_cast<time_t>(whole.count());
    made.tv_nsec = static_cast<long>(nanoseconds(moment.time_since_epoch() - whole).count());
    return made;
}

// An owner that died has left nothing half done.
bool is_locked(pthread_mutex_t& lock, int code) noexcept {
    return code == 0 || (code == EOWNERDEAD && pthread_mutex_consistent(&lock) == 0);
}

bool lock_at_once(pthread_mutex_t& lock) noexcept {
    return is_locked(lock, pthread_mutex_trylock(&lock));
}

bool lock_until(pthread_mutex_t& lock, steady_time until) noexcept {
#ifdef __SANITIZE_THREAD__
    // The sanitizer of GCC 12 sees neither a lock that is taken by a clock of choice nor one whose
    // owner died meanwhile.
    while (!lock_at_once(lock)) {
        if (steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(100us);
    }
    return true;
#else
    const timespec end = as_timespec(until);
    return is_locked(lock, pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &end));
#endif
}

}  // namespace

struct lock_queue::shared {
    std::uint64_t tag = layout;
    pthread_mutex_t next{};
    pthread_mutex_t inside{};
    std::atomic<std::uint32_t> entered{0};

    // Waits for as long as others get in meanwhile.
    bool wait_for(pthread_mutex_t& lock, steady_time deadline) noexcept {
        for (;;) {
            const std::uint32_t seen = entered.load(std::memory_order_relaxed);
            const steady_time until = std::min(deadline, steady_clock::now() + standstill);
            if (lock_until(lock, until)) return true;
            if (until == deadline || entered.load(std::memory_order_relaxed) == seen) return false;
        }
    }
};

std::string lock_queue::place_of(const std::filesystem::path& file) {
    // The locks know their owners by number, which says nothing in another container.
    struct stat status {};
    struct stat numbers {};
    if (stat(file.c_str(), &status) != 0 || stat("/proc/self/ns/pid", &numbers) != 0) return {};
    return "/dev/shm/statemachine-" + std::to_string(status.st_dev) + "-" +
           std::to_string(status.st_ino) + "-" + std::to_string(geteuid()) + "-" +
           std::to_string(numbers.st_ino);
}

lock_queue::lock_queue(const std::filesystem::path& file) noexcept : process_(getpid()) {
    try {
        place_ = place_of(file);
    } catch (const std::bad_alloc&) {
    }
    // Who closes it last takes it away, perhaps just before it is used here.
    for (int tries = 0; tries < 20 && !place_.empty(); ++tries) {
        if (!open_or_make() || shared_ != nullptr) return;
        std::this_thread::sleep_for(50us);
    }
}

bool lock_queue::open_or_make() noexcept {
    const int found = open(place_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return found >= 0 ? use(found) : make();
}

// Complete before others can see it.
bool lock_queue::make() noexcept {
    const int made = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0) return false;
    void* memory = MAP_FAILED;
    // With its pages: a full memory disk would answer the first write by a signal.
    if (posix_fallocate(made, 0, sizeof(shared)) == 0)
        memory = mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
    bool shown = false;
    if (memory != MAP_FAILED) {
        auto* const fresh = new (memory) shared;
        std::array<char, 32> self{};
        std::snprintf(self.data(), self.size(), "/proc/self/fd/%d", made);
        shown = make_lock(fresh->next) && make_lock(fresh->inside) &&
                (linkat(AT_FDCWD, self.data(), AT_FDCWD, place_.c_str(), AT_SYMLINK_FOLLOW) == 0 ||
                 errno == EEXIST);
        munmap(memory, sizeof(shared));
    }
    close(made);
    return shown;
}

// False where there is something else, or somebody else's.
bool lock_queue::use(int descriptor) noexcept {
    struct stat status {};
    bool fits = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_uid == geteuid() && status.st_size == sizeof(shared);
    const bool taken_away = fits && (flock(descriptor, LOCK_SH | LOCK_NB) != 0 ||
                                     fstat(descriptor, &status) != 0 || status.st_nlink == 0);
    fits = fits && !taken_away;
    void* memory = MAP_FAILED;
    if (fits)
        memory = mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory != MAP_FAILED && static_cast<shared*>(memory)->tag != layout) {
        munmap(memory, sizeof(shared));
        memory = MAP_FAILED;
    }
    if (memory == MAP_FAILED) {
        close(descriptor);
        return taken_away;
    }
    shared_ = static_cast<shared*>(memory);
    descriptor_ = descriptor;
    return true;
}

lock_queue::~lock_queue() {
    if (shared_ == nullptr) return;
    munmap(shared_, sizeof(shared));
    // A child's descriptor is the parent's, lock and all; and what was removed by somebody may be
    // there anew.
    struct stat status {};
    if (getpid() == process_ && flock(descriptor_, LOCK_EX | LOCK_NB) == 0 &&
        fstat(descriptor_, &status) == 0 && status.st_nlink > 0)
        unlink(place_.c_str());
    close(descriptor_);
}

bool lock_queue::enter(steady_time deadline) noexcept {
    if (shared_ == nullptr) return false;
    const bool waits = avoided_until_ == steady_time{} || steady_clock::now() >= avoided_until_;
    const auto lock = [&](pthread_mutex_t& at) {
        return lock_at_once(at) || (waits && shared_->wait_for(at, deadline));
    };
    bool entered = false;
    if (lock(shared_->next)) {
        entered = lock(shared_->inside);
        pthread_mutex_unlock(&shared_->next);
    }
    const auto now = steady_clock::now();
    if (entered) {
        shared_->entered.fetch_add(1, std::memory_order_relaxed);
        avoided_until_ = {};
        avoidance_ = {};
    } else if (waits && now < deadline) {
        avoidance_ = std::clamp(avoidance_ * 2, shortest_avoidance, longest_avoidance);
        avoided_until_ = now + avoidance_;
    }
    return entered;
}

void lock_queue::leave() noexcept { pthread_mutex_unlock(&shared_->inside); }

#else

struct lock_queue::shared {};
std::string lock_queue::place_of(const std::filesystem::path&) { return {}; }
lock_queue::lock_queue(const std::filesystem::path&) noexcept {}
lock_queue::~lock_queue() = default;
bool lock_queue::enter(steady_time) noexcept { return false; }
void lock_queue::leave() noexcept {}

#endif

void lock_queue::swap(lock_queue& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(shared_, other.shared_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(process_, other.process_);
    std::swap(avoided_until_, other.avoided_until_);
    std::swap(avoidance_, other.avoidance_);
}

}  // namespace statemachine::sqlite
