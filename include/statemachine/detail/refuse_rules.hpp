// The sentences of `verify` about leases, rules, and how long things are kept.
#pragma once

#include <statemachine/detail/refuse_names.hpp>

namespace statemachine::detail {

template <flaw_kind Kind, class In>
consteval void refuse_leases() {
    using enum flaw_kind;
    if constexpr (Kind == leased_initial_state)
        static_assert(declared_well<In>,
                      "statemachine: the initial state is leased: a job starts without a lease, "
                      "and a claim grants it");
    if constexpr (Kind == leased_terminal_state)
        static_assert(declared_well<In>,
                      "statemachine: a claim leads to a terminal state: its lease could never "
                      "run out, for nothing leaves it");
    if constexpr (Kind == no_way_back)
        static_assert(declared_well<In>,
                      "statemachine: leased state without a way back: set `.expired` to the "
                      "unleased state that a job goes to when its lease runs out");
    if constexpr (Kind == no_exhausted_state)
        static_assert(declared_well<In>,
                      "statemachine: missing exhausted state: set `.exhausted` to the "
                      "unleased state that a job ends in after `.max_attempts`");
    if constexpr (Kind == exhausted_without_attempts)
        static_assert(declared_well<In>,
                      "statemachine: `.exhausted` without a limit of attempts: set "
                      "`.max_attempts`, or leave both out");
    if constexpr (Kind == exhausted_is_claimed)
        static_assert(declared_well<In>,
                      "statemachine: a claim starts from an exhausted state, where no attempts "
                      "are left: lead out of it by a transition with sm::attempts::restarted");
    if constexpr (Kind == negative_attempts)
        static_assert(declared_well<In>,
                      "statemachine: `.max_attempts` is negative: 0 means no limit");
    if constexpr (Kind == attempts_without_lease)
        static_assert(declared_well<In>,
                      "statemachine: `.max_attempts`, `.expired` and `.exhausted` belong to a "
                      "transition that grants a lease: set `.lease`");
    if constexpr (Kind == claim_changes_attempts)
        static_assert(declared_well<In>,
                      "statemachine: a claim counts its attempt: set `.attempts` on the "
                      "transition that leads to where it starts");
    if constexpr (Kind == attempt_of_no_run)
        static_assert(declared_well<In>,
                      "statemachine: an attempt is given back where none is under way: let this "
                      "transition start from leased states only");
    if constexpr (Kind == two_sets_of_terms)
        static_assert(declared_well<In>,
                      "statemachine: two transitions lead to this leased state with different "
                      "lease, attempts, expired, exhausted or what they emit: make them agree");
    if constexpr (Kind == two_claim_rules)
        static_assert(declared_well<In>,
                      "statemachine: a claim has one transition: list its sources in `.from`, "
                      "or name a second event");
    if constexpr (Kind == claim_with_inputs)
        static_assert(declared_well<In>,
                      "statemachine: a claim carries no inputs: use sm::event<>");
    if constexpr (Kind == lease_without_claim)
        static_assert(declared_well<In>,
                      "statemachine: only a claim leads from an unleased to a leased state");
    if constexpr (Kind == step_without_lease)
        static_assert(declared_well<In>,
                      "statemachine: a transition starts from a state without a lease: start "
                      "it from a leased one, make it a claim by `.lease`, or set "
                      "`.control = true`");
    if constexpr (Kind == lease_out_of_range)
        static_assert(declared_well<In>, "statemachine: a lease lasts between 1 ms and 49 days");
}

template <flaw_kind Kind, class In>
consteval void refuse_rules() {
    using enum flaw_kind;
    if constexpr (Kind == unreachable_state)
        static_assert(declared_well<In>,
                      "statemachine: unreachable state: no transition leads to it from the "
                      "initial state");
    if constexpr (Kind == no_way_out)
        static_assert(declared_well<In>,
                      "statemachine: no way out: no transition leaves this state; mark it "
                      "sm::terminal if a job may end there");
    if constexpr (Kind == leaves_terminal_state)
        static_assert(declared_well<In>, "statemachine: a transition leaves a terminal state");
    if constexpr (Kind == mixed_event)
        static_assert(declared_well<In>,
                      "statemachine: an event mixes kinds: its transitions are all claims, "
                      "all leased steps, all renewals or all control");
    if constexpr (Kind == too_many_rules)
        static_assert(declared_well<In>, "statemachine: an event has at most 32 transitions");
    if constexpr (Kind == renewal_moves)
        static_assert(declared_well<In>,
                      "statemachine: a renewal stays in its state: `.from` and `.to` are the "
                      "same, without lease, retry or attempts of its own");
    if constexpr (Kind == retry_without_rest)
        static_assert(declared_well<In>,
                      "statemachine: retry without the rule that follows it: add a later "
                      "transition of the event, without guard, for used-up attempts");
    if constexpr (Kind == retry_out_of_range)
        static_assert(declared_well<In>,
                      "statemachine: a retry leads from a leased step to a waiting state, with "
                      "0 < first <= cap <= 49 days and 0 <= jitter <= 1");
    if constexpr (Kind == never_fires)
        static_assert(declared_well<In>,
                      "statemachine: a transition never fires: an earlier one of its event "
                      "takes every case");
    if constexpr (Kind == condition_too_large)
        static_assert(declared_well<In>, "statemachine: a condition has at most 24 parts");
    if constexpr (Kind == once_written_again)
        static_assert(declared_well<In>,
                      "statemachine: a column that is set once keeps its value: it cannot be "
                      "added to or emptied");
    if constexpr (Kind == written_twice)
        static_assert(declared_well<In>,
                      "statemachine: two effects of a transition write the same column");
    if constexpr (Kind == constant_out_of_range)
        static_assert(declared_well<In>,
                      "statemachine: a constant is NaN, or out of the range of its column");
}

template <flaw_kind Kind, class In>
consteval void refuse_memory() {
    using enum flaw_kind;
    if constexpr (Kind == kept_while_passing)
        static_assert(declared_well<In>,
                      "statemachine: `.keep` on a state that a job passes through: only jobs in "
                      "terminal states are removed");
    if constexpr (Kind == memory_out_of_range)
        static_assert(declared_well<In>,
                      "statemachine: a time to keep or remember is negative: 0 means as long as "
                      "the job");
    if constexpr (Kind == renewal_emits)
        static_assert(declared_well<In>,
                      "statemachine: a renewal is no transition and emits nothing: let the step "
                      "that follows it emit");
    if constexpr (Kind == emits_without_lease)
        static_assert(declared_well<In>,
                      "statemachine: `.emit_expired` and `.emit_exhausted` belong to a transition "
                      "that grants a lease: set `.lease`");
}

}  // namespace statemachine::detail
