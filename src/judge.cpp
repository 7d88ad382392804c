#include "judge.hpp"

namespace statemachine::detail {
namespace {

state_set sources_of(const spec& declared, int event) {
    if (event == nowhere) return declared.leased_states();
    state_set all = 0;
    for (const rule_spec& rule : declared.rules)
        if (rule.event == event) all |= rule.from;
    return all;
}

reason judge_claim(const spec& declared, const fire_call& call, const sighting& seen) {
    const rule_spec& claim = declared.claim_rule(call.event);
    if (contains(declared.reclaimable(claim), seen.state)) {
        if (!seen.expired) return reason::lease_held;
    } else if (!contains(claim.from, seen.state)) {
        return reason::wrong_state;
    } else if (!seen.due) {
        return reason::not_due;
    }
    return seen.holds ? reason::none : reason::guard_failed;
}

}  // namespace

bool same_change(const settled_token& token, std::string_view event, std::string_view fingerprint) {
    return token.event == event && token.fingerprint == fingerprint;
}

reason judge(const spec& declared, event_kind kind, const fire_call& call,
             const std::optional<sighting>& seen) {
    if (!seen) return reason::not_found;
    if (seen->token) return seen->token->version == 0 ? reason::token_void : reason::token_reused;
    if (call.by == fence::epoch && seen->epoch != call.number) return reason::stale_epoch;
    if (call.by == fence::version && seen->version != call.number) return reason::stale_version;
    if (kind == event_kind::claim) return judge_claim(declared, call, *seen);
    if (!contains(sources_of(declared, call.event), seen->state)) return reason::wrong_state;
    if (call.by == fence::epoch && declared.late == late_steps::refused && seen->expired)
        return reason::lease_expired;
    return seen->holds ? reason::none : reason::guard_failed;
}

}  // namespace statemachine::detail
