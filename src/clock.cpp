#include <statemachine/clock.hpp>

namespace statemachine {
namespace {

class machine_clock final : public clock {
public:
    timestamp now() const noexcept override {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now());
    }
};

}  // namespace

const clock& system_clock() noexcept {
    static const machine_clock clock;
    return clock;
}

}  // namespace statemachine
