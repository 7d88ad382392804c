#include <statemachine/detail/fronts.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace statemachine::detail {
namespace {

constexpr std::chrono::seconds lifetime{1};

// So many claims within a lifetime make a look pay, however slow they are.
constexpr std::size_t worth_a_look = 4;

// So many jobs behind the front make another look pay: after 32 it gains no more, and with 4,096
// claims took two thirds longer (bench growth, with a long transaction of somebody else).
constexpr std::size_t worth_a_step = 256;

}  // namespace

fronts::known& fronts::of(const void* claim) {
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const known& each) { return each.claim == claim; });
    return found != all_.end() ? *found : all_.emplace_back(known{claim});
}

fronts::advice fronts::ask(const void* claim, clock::time_point now) {
    std::unique_lock lock(mutex_, std::defer_lock);
    // In a forked child it may be a lock of the parent's, and the call is refused only later.
    for (int tries = 0; !lock.try_lock(); ++tries) {
        if (tries == 20) return {};
        std::this_thread::yield();
    }
    known& here = of(claim);
    if (now - here.since >= lifetime) {
        here.begin.reset();
        here.since = now;
        ++here.round;
        here.looked = std::exchange(here.claims, 0) >= worth_a_look;
        return {std::nullopt, here.looked, here.round};
    }
    const bool look =
        here.begin ? here.passed >= worth_a_step : !here.looked && here.claims >= worth_a_look;
    here.looked = here.looked || look;
    if (look) here.passed = 0;
    return {here.begin, look, here.round};
}

void fronts::succeeded(const void* claim, std::size_t jobs) {
    const std::lock_guard lock(mutex_);
    known& here = of(claim);
    ++here.claims;
    here.passed += jobs;
}

void fronts::found(const void* claim, const front& begin, std::uint64_t round) {
    const std::lock_guard lock(mutex_);
    known& here = of(claim);
    if (here.round != round) return;
    here.begin = begin;
    here.passed = 0;
}

void fronts::forget(const void* claim) {
    const std::lock_guard lock(mutex_);
    known& here = of(claim);
    here.begin.reset();
    ++here.round;
}

}  // namespace statemachine::detail
