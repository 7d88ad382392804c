// How long to rest before looking again.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace statemachine::detail {

// Doubles from the least to the most, less a random part of up to a half, so that workers that
// started together do not stay together.
class pace {
public:
    pace(std::chrono::milliseconds least, std::chrono::milliseconds most)
        : least_(least), most_(most), next_(least) {}

    void reset() { next_ = least_; }

    std::chrono::milliseconds rest() {
        const auto longest = next_;
        next_ = std::min(most_, next_ * 2);
        std::uniform_int_distribution<std::int64_t> part(longest.count() / 2, longest.count());
        return std::chrono::milliseconds{part(random_)};
    }

private:
    std::chrono::milliseconds least_, most_, next_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace statemachine::detail
