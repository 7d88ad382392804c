// Every statement of a sweeper in one dialect, rendered at compile time.
#pragma once

#include <statemachine/detail/catalog.hpp>

namespace statemachine::detail {

// Ends jobs in batches, or one by one where a batch is refused. One that removes them returns their
// ids, any other the columns of `change_types`.
struct sweep_step {
    plan batch;
    plan one;
    compiled_statement candidates;
    bool removes = false;
};

struct sweep_catalog {
    compiled_statement take_turn, end_turn;
    std::span<const sweep_step> steps;     // what is expired first, then what is used up
    std::span<const sweep_step> removals;  // one for each state that has a time to be kept
    compiled_statement forget_up_to, forget_tokens, forget_log;
};

template <const auto& Machine, const dialect& Speech>
struct sweep_catalog_of {
    using described_machine = described<Machine>;
    using statements = catalog_of<Machine, Speech>;

    template <auto Write, auto... Arguments>
    using text = rendered<Machine, Speech, Write, Arguments...>;

    static constexpr std::array row{column_type::int64};
    static constexpr std::array moment{column_type::time};

    static constexpr plan with_change(plan made, const compiled_statement& change) {
        made.change = change;
        return made;
    }

    template <int Event>
    static constexpr bool sweeps() {
        return described_machine::events[Event].kind == event_kind::claim &&
               described_machine::value.claim_rule(Event).max_attempts > 0;
    }
    template <int Event>
    static constexpr sweep_step step_of() {
        if constexpr (Event == nowhere) {
            const plan& batch = statements::value.expire;
            return {batch, with_change(batch, text<write_expire, true>::returning(change_types)),
                    text<write_expired_candidates>::returning(candidate_types)};
        } else {
            const plan& batch = statements::events[Event].exhaust;
            return {batch,
                    with_change(batch, text<write_used_up, Event, true>::returning(change_types)),
                    text<write_used_up_candidates, Event>::returning(candidate_types)};
        }
    }
    template <std::size_t... Event>
    static constexpr auto all_steps(std::index_sequence<Event...>) {
        constexpr std::size_t leased = described_machine::value.leased_states() != 0 ? 1 : 0;
        constexpr std::size_t count =
            (leased + ... + (sweeps<static_cast<int>(Event)>() ? 1U : 0U));
        std::array<sweep_step, count> all{};
        std::size_t size = 0;
        if constexpr (leased == 1) all[size++] = step_of<nowhere>();
        (
            [&] {
                if constexpr (sweeps<static_cast<int>(Event)>())
                    all[size++] = step_of<static_cast<int>(Event)>();
            }(),
            ...);
        return all;
    }
    static constexpr auto steps =
        all_steps(std::make_index_sequence<described_machine::events.size()>());

    template <int State>
    static constexpr sweep_step removal_of() {
        plan made =
            statements::template plan_for<text<write_remove, State, false>, text<write_remove_log>,
                                          text<write_remove_tokens>>(row);
        if constexpr (described_machine::value.emits() && !Speech.one_statement)
            made.followers[made.follower_count++] = text<write_remove_events>::returning({});
        return {made, with_change(made, text<write_remove, State, true>::returning(row)),
                text<write_outlived_candidates, State>::returning(candidate_types), true};
    }
    template <std::size_t... State>
    static constexpr auto all_removals(std::index_sequence<State...>) {
        constexpr std::size_t count =
            (std::size_t{0} + ... + (described_machine::states[State].keep > 0 ? 1U : 0U));
        std::array<sweep_step, count> all{};
        [[maybe_unused]] std::size_t size = 0;
        (
            [&] {
                if constexpr (described_machine::states[State].keep > 0)
                    all[size++] = removal_of<static_cast<int>(State)>();
            }(),
            ...);
        return all;
    }
    static constexpr auto removals =
        all_removals(std::make_index_sequence<described_machine::state_count>());

    static constexpr sweep_catalog make() {
        sweep_catalog made{};
        made.take_turn = text<write_take_turn>::returning(turn_types);
        made.end_turn = text<write_end_turn>::returning(moment);
        made.steps = steps;
        made.removals = removals;
        if constexpr (Machine.memory.tokens.count() > 0) {
            made.forget_up_to = text<write_forget_up_to>::returning(moment);
            made.forget_tokens = text<write_forget_tokens>::returning(row);
        }
        if constexpr (Machine.memory.log.count() > 0)
            made.forget_log = text<write_forget_log>::returning(row);
        return made;
    }
    static constexpr sweep_catalog value = make();
};

}  // namespace statemachine::detail
