#include "lock_wait.hpp"

#include <algorithm>
#include <thread>

namespace statemachine::sqlite {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::steady_clock;

// Several pauses fit in a transaction, and one that was turned away a few times asks more often
// than a newcomer. A sleep takes some 50 us more than it is told to.
constexpr int shares_of_newcomer = 2;
constexpr int shares_of_eldest = 20;
constexpr microseconds least_of_newcomer = 120us;
constexpr microseconds least_of_eldest = 60us;
constexpr int aging = 5;  // transactions of others, until it asks most often

// Longer than the pauses of whoever is next, on a busy machine too: one of them falls into the gap.
constexpr microseconds courtesy = 300us;
constexpr auto memory = 100ms;

// Neither one that waited for its own caller nor one that wrote nothing says much.
constexpr microseconds least_usual = 100us;
constexpr microseconds most_usual = 4'000us;
constexpr int weight = 8;

}  // namespace

bool lock_wait::pause(bool first) noexcept {
    const auto now = steady_clock::now();
    met_others_ = now;
    if (now >= deadline_) return false;
    if (first) begun_ = now;
    const microseconds eldest = std::max(usual_ / shares_of_eldest, least_of_eldest);
    const microseconds newcomer = std::max(usual_ / shares_of_newcomer, least_of_newcomer);
    const microseconds age = usual_ * aging;
    const auto waited = std::chrono::duration_cast<microseconds>(now - begun_);
    const auto left = std::max<microseconds>(age - waited, 0us);
    sleep(eldest + (newcomer - eldest) * left.count() / age.count(), now);
    return true;
}

void lock_wait::give_way() noexcept {
    const auto now = steady_clock::now();
    if (now < deadline_ && met_others_ != steady_time{} && now - met_others_ < memory)
        sleep(courtesy, now);
}

void lock_wait::released() noexcept {
    const auto took = std::chrono::duration_cast<microseconds>(steady_clock::now() - taken_);
    usual_ += (std::clamp(took, least_usual, most_usual) - usual_) / weight;
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
