#include <statemachine/detail/fronts.hpp>

#include <algorithm>
#include <thread>

namespace statemachine::detail {
namespace {

constexpr std::chrono::seconds lifetime{1};

// So many claims in a lifetime make a look pay, however slow they are.
constexpr unsigned worth_a_look = 16;

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
    if (now - here.since < lifetime) return {here.begin, false};
    const bool look = here.claims >= worth_a_look;
    here.begin.reset();
    here.since = now;
    here.claims = 0;
    return {std::nullopt, look};
}

void fronts::succeeded(const void* claim) {
    const std::lock_guard lock(mutex_);
    ++of(claim).claims;
}

void fronts::set(const void* claim, std::optional<front> begin) {
    const std::lock_guard lock(mutex_);
    of(claim).begin = begin;
}

}  // namespace statemachine::detail
