#include "lock_wait.hpp"

#include <algorithm>
#include <thread>

namespace statemachine::sqlite {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::steady_clock;

// A commit that waits for the disk takes about 1 to 3 ms: several pauses fit in, and one that was
// turned away a few times asks ten times as often as a newcomer.
constexpr microseconds longest = 1'000us;
constexpr microseconds shortest = 100us;
constexpr auto aging = 10ms;

// Longer than the pauses of whoever is next, so that one of them falls into the gap.
constexpr microseconds courtesy = 300us;
constexpr auto memory = 100ms;

}  // namespace

bool lock_wait::pause(bool first) noexcept {
    const auto now = steady_clock::now();
    met_others_ = now;
    if (now >= deadline_) return false;
    if (first) begun_ = now;
    const auto waited = std::chrono::duration_cast<microseconds>(now - begun_);
    const auto left = std::max<microseconds>(aging - waited, 0us);
    sleep(shortest + (longest - shortest) * left.count() / microseconds(aging).count(), now);
    return true;
}

bool lock_wait::line_up() noexcept {
    const bool entered = queue_.enter(deadline_);
    give_way();
    return entered;
}

void lock_wait::give_way() noexcept {
    const auto now = steady_clock::now();
    if (now < deadline_ && met_others_ != steady_time{} && now - met_others_ < memory)
        sleep(courtesy, now);
}

// Up to half as long again: processes that were turned away together do not come back together.
void lock_wait::sleep(microseconds shortest_pause, steady_time now) noexcept {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    const auto spread = static_cast<std::uint32_t>(shortest_pause.count() / 2 + 1);
    const auto length = shortest_pause + microseconds(random_ % spread);
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(length, deadline_ - now));
}

}  // namespace statemachine::sqlite
