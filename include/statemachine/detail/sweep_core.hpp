// The sweeper without its types; the bodies are compiled once, in src/.
#pragma once

#include <statemachine/detail/relay_core.hpp>
#include <statemachine/detail/store_core.hpp>
#include <statemachine/sweep_result.hpp>

#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace statemachine::detail {

struct sweep_step;

class [[gnu::visibility("default")]] sweep_core {
public:
    sweep_core(const store_core& jobs, const sweep_catalog& statements, sweeper_options how);

    void also_prune(const relay_catalog& events, session& on) { events_.emplace(events, on); }

    result<swept> sweep_once();
    result<swept> run(const std::stop_token& stop);

private:
    // Behind which job a step goes on: those before it are refused and were looked at.
    struct place {
        std::int64_t after = 0;
        bool one_by_one = false;
    };
    struct turn {
        bool taken = false;
        bool in_grace = false;
        timestamp began{};
    };

    result<swept> sweep_quietly();
    result<turn> take_turn();
    result<void> end_turn(const turn& mine);
    result<void> sweep_step_by(const sweep_step& step, place& at, swept& done);
    result<void> sweep_steps(std::span<const sweep_step> steps, std::span<place> at, swept & done);
    result<bool> batch(const sweep_step& step, swept& done);
    result<void> one_by_one(const sweep_step& step, place& at, swept& done);
    result<void> forget(swept & done);

    store_core jobs_;
    const sweep_catalog* statements_;
    sweeper_options how_;
    std::optional<outbox_core> events_;
    std::mutex mutex_;  // of the places
    std::vector<place> places_;
};

}  // namespace statemachine::detail
