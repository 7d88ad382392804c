// The overview without its types.
#pragma once

#include <statemachine/detail/store_core.hpp>

namespace statemachine {

/// Parked events of one group with one reason.
struct parked_overview {
    std::string group;
    std::string reason;  ///< what their last try said
    std::size_t events = 0;
    timestamp since{};  ///< the oldest of them
};

}  // namespace statemachine

namespace statemachine::detail {

struct raw_state_overview {
    std::string name;
    std::size_t jobs = 0;
    std::optional<timestamp> oldest_due{};
    std::size_t expired = 0;
    std::size_t used_up = 0;
};

class [[gnu::visibility("default")]] overview_core {
public:
    struct counted {
        std::vector<raw_state_overview> states;
        std::vector<parked_overview> parked;
    };

    overview_core(const store_core& jobs, const overview_catalog& statements)
        : jobs_(jobs), statements_(&statements) {}

    result<counted> count(std::int64_t reasons);

private:
    store_core jobs_;
    const overview_catalog* statements_;
};

}  // namespace statemachine::detail
