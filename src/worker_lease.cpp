#include "lease_keeper.hpp"

#include <statemachine/detail/worker_lease.hpp>

#include <algorithm>

namespace statemachine::detail {
namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int renewals_in_a_lease = 3;
constexpr milliseconds first_rest{50};
constexpr milliseconds longest_rest{1000};
constexpr int most_last_words = 5;  // half a second for what ends a run after the stop

milliseconds lease_in(const spec& declared, int state) {
    return milliseconds{declared.leased(state) ? declared.lease_rule(state).lease : 0};
}

milliseconds shortest_lease(const spec& declared) {
    milliseconds shortest = std::chrono::hours{1};
    for (std::size_t i = 0; i < declared.states.size(); ++i)
        if (declared.leased(static_cast<int>(i)))
            shortest = std::min(shortest, lease_in(declared, static_cast<int>(i)));
    return shortest;
}

}  // namespace

held_run::held_run(const spec& declared, held_lease lease, int state, steady_time since,
                   std::shared_ptr<void> content)
    : declared_(&declared),
      lease_(lease),
      content_(std::move(content)),
      state_(state),
      length_(lease_in(declared, state)),
      due_(since + length_ / renewals_in_a_lease) {}

bool held_run::ended() const {
    const lock held(mutex_);
    return length_.count() == 0;
}
std::optional<reason> held_run::lost() const {
    const lock held(mutex_);
    if (lost_ == reason::none) return std::nullopt;
    return lost_;
}
bool held_run::asked() const {
    const lock held(mutex_);
    return asked_;
}
int held_run::state() const {
    const lock held(mutex_);
    return state_;
}
bool held_run::unsettled() const {
    const lock held(mutex_);
    return unsettled_;
}

void held_run::ask_to_stop() {
    {
        const lock held(mutex_);
        asked_ = true;
    }
    stop_.request_stop();
    changed_.notify_all();
}

void held_run::came_to(int state, steady_time since) {
    const lock held(mutex_);
    state_ = state;
    length_ = lease_in(*declared_, state);
    due_ = since + length_ / renewals_in_a_lease;
    unsettled_ = false;
}

// A step may be refused for the state of a job that the run still holds.
bool held_run::still_leased(const outcome& got) const {
    const auto states = declared_->states;
    for (std::size_t i = 0; i < states.size(); ++i)
        if (states[i].name == got.seen_in()) return declared_->leased(static_cast<int>(i));
    return false;
}

void held_run::note_refusal(const outcome& got) {
    switch (got.reason()) {
        case reason::not_found:
        case reason::stale_epoch:
        case reason::lease_expired: break;
        case reason::wrong_state:
            if (still_leased(got)) return;
            break;
        default: return;
    }
    {
        const lock held(mutex_);
        if (length_.count() == 0) return;
        lost_ = got.reason();
    }
    stop_.request_stop();
    changed_.notify_all();
}

void held_run::note_renewal(steady_time sent, const outcome& got) {
    if (got.rejected()) note_refusal(got);
    if (!got.succeeded()) return;
    const lock held(mutex_);
    due_ = std::max(due_, sent + length_ / renewals_in_a_lease);
}

// Waits before a step is sent again. Once nobody may wait for it any more there is half a second
// left, so that a short trouble of the database does not keep a job leased.
bool held_run::rest(int attempt) {
    lock held(mutex_);
    if (lost_ != reason::none) return false;
    if (asked_ && ++last_words_ > most_last_words) return false;
    const milliseconds pause =
        asked_ ? longest_rest / (2 * most_last_words)
               : std::min(longest_rest, first_rest * (1 << std::min(attempt, 10)));
    const bool was_asked = asked_;
    changed_.wait_until(held, clock_type::now() + pause,
                        [&] { return lost_ != reason::none || asked_ != was_asked; });
    return lost_ == reason::none;
}

result<outcome> held_run::insist(bool repeatable, sending send, finding in_log) {
    const auto count_step = [&] {
        const lock held(mutex_);
        ++steps_;
    };
    count_step();
    std::optional<outcome> doubt;
    const auto end_with = [&](result<outcome> got) {
        if (doubt) {
            const lock held(mutex_);
            unsettled_ = true;
        }
        count_step();
        return got;
    };
    const auto since = clock_type::now();
    for (int attempt = 0;; ++attempt) {
        int to = nowhere;
        auto got = send(to);
        if (!got) return end_with(doubt ? result<outcome>(*doubt) : std::move(got));
        outcome& how = got.value();
        if (how.rejected() && doubt) {
            auto found = in_log(to);
            if (found && found.value()) how = outcome(status::applied, reason::none);
            if (found) doubt.reset();
        }
        if (!doubt || how.succeeded()) {
            doubt.reset();
            if (how.succeeded()) came_to(to, since);
            if (how.rejected()) note_refusal(how);
            if (!how.retryable() && !how.unknown()) return end_with(std::move(got));
        }
        if (how.unknown()) doubt = how;
        if (doubt && !repeatable) return end_with(*doubt);
        if (!rest(attempt)) return end_with(doubt ? result<outcome>(*doubt) : std::move(got));
    }
}

// A step may bring a run to a state with a shorter lease at any time: it is seen in time when the
// keeper never looks away for longer than a third of the shortest.
lease_keeper::lease_keeper(const spec& declared, renewal renew, mishap failed)
    : renew_(std::move(renew)),
      failed_(std::move(failed)),
      longest_look_away_(shortest_lease(declared) / renewals_in_a_lease),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void lease_keeper::keep(const std::shared_ptr<held_run>& run) {
    {
        const std::lock_guard lock(mutex_);
        runs_.push_back(run);
        ++changes_;
    }
    changed_.notify_all();
}

void lease_keeper::let_go(const held_run& run) {
    const std::lock_guard lock(mutex_);
    std::erase_if(runs_, [&](const auto& each) { return each.get() == &run; });
}

steady_time lease_keeper::first_due() const {
    auto first = steady_time::max();
    for (const auto& each : runs_) {
        const held_run::lock held(each->mutex_);
        if (each->held()) first = std::min(first, each->due_);
    }
    return first;
}

void lease_keeper::watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto now = clock_type::now();
        const auto due = first_due();
        if (due > now) {
            const unsigned seen = changes_;
            changed_.wait_until(lock, stop, std::min(due, now + longest_look_away_),
                                [&] { return changes_ != seen; });
            continue;
        }
        const held_runs all = runs_;
        lock.unlock();
        renew_all(all);
        lock.lock();
    }
}

void lease_keeper::renew_all(const held_runs& runs) {
    std::vector<sent> asked;
    std::vector<held_lease> leases;
    for (const auto& each : runs) {
        const held_run::lock held(each->mutex_);
        if (!each->held()) continue;
        asked.push_back({each, each->steps_});
        leases.push_back(each->lease_);
    }
    if (asked.empty()) return;
    const auto at = clock_type::now();
    auto renewed = renew_(leases);
    if (!renewed) failed_(renewed.error());
    if (renewed && renewed.value().front().cause() != nullptr)
        failed_(*renewed.value().front().cause());
    const auto after = clock_type::now();
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (renewed) take(asked[i], at, renewed.value()[i]);
        const held_run::lock held(asked[i].run->mutex_);
        if (asked[i].run->due_ > after) continue;
        constexpr int tries_in_a_lease = 20;
        asked[i].run->due_ = after + std::clamp(asked[i].run->length_ / tries_in_a_lease,
                                                milliseconds{10}, longest_rest);
    }
}

// A refusal may be about a step of the run that happened at the same time: then it says nothing.
void lease_keeper::take(const sent& asked, steady_time at, const answer<statemachine::lease>& got) {
    if (got.rejected()) {
        const held_run::lock held(asked.run->mutex_);
        if (asked.steps % 2 != 0 || asked.run->steps_ != asked.steps) return;
    }
    asked.run->note_renewal(at, got);
}

}  // namespace statemachine::detail
