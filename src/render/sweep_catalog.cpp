// Every statement of a sweeper.
#include "forget.hpp"
#include "shelf.hpp"

namespace statemachine::detail {
namespace {

constexpr std::array row{column_type::int64};
constexpr std::array moment{column_type::time};

class sweep_statements {
public:
    explicit sweep_statements(const catalog& statements)
        : on_(*statements.declared, *statements.speech), swept_types_(on_.types_of(swept_columns)) {
        const spec& declared = *statements.declared;
        all.take_turn = on_.statement(turn_types, write_take_turn);
        all.end_turn = on_.statement(moment, write_end_turn);
        if (!statements.expire.is_empty())
            steps_.push_back(
                {statements.expire,
                 with_change(statements.expire, on_.statement(swept_types_, write_expire, true)),
                 on_.statement(candidate_types, write_expired_candidates)});
        for (std::size_t i = 0; i < declared.events.size(); ++i)
            if (const plan& batch = statements.events[i].exhaust; !batch.is_empty())
                steps_.push_back(used_up(batch, static_cast<int>(i)));
        for (std::size_t i = 0; i < declared.states.size(); ++i)
            if (declared.states[i].keep > 0) removals_.push_back(removal(static_cast<int>(i)));
        all.steps = steps_;
        all.removals = removals_;
        if (declared.memory.tokens.count() > 0) {
            all.forget_up_to = on_.statement(moment, write_forget_up_to);
            all.forget_tokens = on_.statement(row, write_forget_tokens);
        }
        if (declared.memory.log.count() > 0) all.forget_log = on_.statement(row, write_forget_log);
    }

    sweep_catalog all{};

private:
    static plan with_change(plan made, const compiled_statement& change) {
        made.change = change;
        return made;
    }

    sweep_step used_up(const plan& batch, int event) {
        return {batch, with_change(batch, on_.statement(swept_types_, write_used_up, event, true)),
                on_.statement(candidate_types, write_used_up_candidates, event)};
    }

    sweep_step removal(int state) {
        plan made{on_.statement(row, write_remove, state, false)};
        const auto follow = [&](void (*write)(sql_writer&, const spec&)) {
            made.followers[made.follower_count++] = on_.statement({}, write);
        };
        if (!on_.speech().one_statement) {
            follow(write_remove_log);
            follow(write_remove_tokens);
            if (on_.declared().emits()) follow(write_remove_events);
        }
        return {made, with_change(made, on_.statement(row, write_remove, state, true)),
                on_.statement(candidate_types, write_outlived_candidates, state), true};
    }

    shelf on_;
    std::span<const column_type> swept_types_;
    std::vector<sweep_step> steps_;
    std::vector<sweep_step> removals_;
};

}  // namespace

const sweep_catalog& rendered(place_of<sweep_catalog>& place, const catalog& statements) {
    return kept_in<sweep_statements>(place, statements);
}

}  // namespace statemachine::detail
