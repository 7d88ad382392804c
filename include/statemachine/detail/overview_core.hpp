// The overview without its types.
#pragma once

#include <statemachine/detail/render_overview.hpp>
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

struct overview_catalog {
    compiled_statement states, stuck;
};

template <const auto& Machine, const dialect& Speech>
struct overview_catalog_of {
    static constexpr overview_catalog make() {
        overview_catalog made{};
        made.states = rendered<Machine, Speech, write_overview>::returning(overview_types);
        if constexpr (described<Machine>::value.emits())
            made.stuck = rendered<Machine, Speech, write_stuck_events>::returning(stuck_types);
        return made;
    }
    static constexpr overview_catalog value = make();
};

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
