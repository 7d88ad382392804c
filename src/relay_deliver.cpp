// One event and the callable: what it took is marked, what it refused is noted for another try.
#include "relay_pause.hpp"
#include "render/plans.hpp"

#include <statemachine/detail/relay_core.hpp>

#include <exception>

namespace statemachine::detail {
namespace {

// The one place where what the user's code throws is caught.
result<taken> call(const deliverer& deliver, const emission& event) {
    try {
        return deliver(event);
    } catch (const failure& thrown) {
        return thrown.cause();
    } catch (const std::exception& thrown) {
        return error(errc::function_threw, thrown.what());
    } catch (...) {
        return error(errc::function_threw,
                     "the callable threw something that is no std::exception");
    }
}

// Sends again what may not have reached the database, as long as the lease lasts: every mark is
// fenced and ends its own epoch, so that it applies once.
template <class Send>
auto insist(steady_time until, const std::stop_token& stop, Send send) {
    for (std::chrono::milliseconds wait{10};; wait = longer(wait)) {
        auto sent = send();
        if (sent || sent.error().what_is_known() == fate::not_applied) return sent;
        if (stop.stop_requested() || std::chrono::steady_clock::now() + wait > until) return sent;
        pause(wait, stop);
    }
}

}  // namespace

result<void> relay_core::deliver(const emission& event, const lease_watch& lease,
                                 const deliverer& deliver, relayed& done) const {
    if (how_.watch == nullptr) return deliver_quietly(event, lease, deliver, done);
    const auto began = std::chrono::steady_clock::now();
    const auto before = done.delivered;
    auto ended = deliver_quietly(event, lease, deliver, done);
    observation seen{statements_->declared->table, "deliver"};
    seen.jobs = done.delivered - before;
    seen.others = 1 - seen.jobs;
    seen.status = seen.jobs > 0 ? status::applied : status::retryable;
    if (!ended) seen.cause = &ended.error();
    seen.took = std::chrono::steady_clock::now() - began;
    how_.watch->observed(seen);
    return ended;
}

result<void> relay_core::deliver_quietly(const emission& event, const lease_watch& lease,
                                         const deliverer& deliver, relayed& done) const {
    auto got = call(deliver, event);
    if (!got)
        return insist(lease.until, lease.stop,
                      [&] { return note_failure(event, got.error().message(), done); });
    if (got.value() == taken::marked) {
        ++done.delivered;
        return success();
    }
    bool held = false;
    if (got.value() == taken::unmarked) {
        bool in_doubt = false;
        auto marked = insist(lease.until, lease.stop, [&] {
            auto sent = mark_delivered(*session_, event);
            in_doubt = in_doubt || (!sent && sent.error().what_is_known() == fate::unknown);
            return sent;
        });
        if (!marked) return std::move(marked).error();
        // Nothing left to mark after a lost reply: most likely the first one did it.
        held = marked.value() || in_doubt;
    }
    ++(held ? done.delivered : done.lost);
    return success();
}

result<relayed> relay_core::deliver_some(const deliverer& how) {
    if (auto ready = prepare(); !ready) return std::move(ready).error();
    relayed done;
    const auto claimed_at = std::chrono::steady_clock::now();
    auto events = claim(done);
    if (!events) return std::move(events).error();
    for (const emission& each : events.value()) {
        // What waited behind slow ones goes to whoever has the time for it.
        const bool in_time = std::chrono::steady_clock::now() < claimed_at + how_.lease / 2;
        auto dealt =
            in_time ? deliver(each, {claimed_at + how_.lease, {}}, how, done) : give_back(each);
        if (!dealt) return std::move(dealt).error();
    }
    return done;
}

}  // namespace statemachine::detail
