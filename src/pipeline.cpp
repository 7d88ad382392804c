// One cycle: a thread for each stage, and bounded queues of job ids between them.
#include "checks.hpp"
#include "lease_keeper.hpp"
#include "worker_pace.hpp"
#include "worker_thread.hpp"

#include <statemachine/pipeline.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <utility>

namespace statemachine::detail {
namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds first_retry{50};
constexpr milliseconds longest_retry{1000};

std::optional<error> wrong_with(std::span<const named_calls> stages, const cycle_options& options) {
    const auto wrong = [](const char* words) { return error(errc::invalid_argument, words); };
    if (stages.empty()) return wrong("a pipeline has at least one stage");
    for (const named_calls& each : stages) {
        if (each.how->flaw) return each.how->flaw;
        if (!each.how->fail) return wrong("say by on_failure for each stage what becomes of a job");
    }
    if (options.queue < 1) return wrong("a queue holds at least one job");
    if (options.look_again < milliseconds{1} || options.look_again > a_day)
        return wrong("look_again lies between a millisecond and a day");
    for (const milliseconds grace : {options.stop_grace, options.drain_grace})
        if (grace < milliseconds{} || grace > a_year)
            return wrong("a grace lies between 0 and a year");
    return std::nullopt;
}

class cycle {
public:
    cycle(std::span<const named_calls> stages, const std::stop_token& stop,
          const cycle_options& options)
        : options_(options), stop_(stop), stages_(stages.size()) {
        for (std::size_t i = 0; i < stages.size(); ++i) {
            stages_[i].how = stages[i].how;
            stages_[i].did.name = stages[i].name;
        }
        summary_.pipelined = options.pipelined;
    }

    cycle_summary run();

private:
    using lock = std::unique_lock<std::mutex>;

    static constexpr std::int64_t next_due = 0;  // instead of a job's id

    struct stage {
        const routine_calls* how = nullptr;
        std::deque<std::int64_t> waiting{};  // finished by the stage before
        bool looks = true;                   // for what nobody handed on
        bool saw_the_end = false;
        steady_time looks_again{};
        bool open = true;
        bool broken = false;  // by an error that somebody has to mend
        std::shared_ptr<held_run> running{};
        std::int64_t taken = next_due;  // by a look, before the stage before handed it on
        stage_summary did{};
        pace retrying{first_retry, longest_retry};
    };
    // Without a moment between the stop and its effect: a callable may have requested it.
    bool halting() const { return halted_ || stop_.stop_requested(); }
    static bool is_head(std::size_t at) { return at == 0; }
    bool has_room(std::size_t at) const;
    bool has_its_turn(std::size_t at) const;
    bool is_through(std::size_t at) const;
    std::optional<std::int64_t> wait_for_work(lock& held, std::size_t at);
    void work(std::size_t at);
    void take_up(lock& held, std::size_t at, std::int64_t id);
    void note_taken(std::size_t at, std::int64_t id);
    void see_through(lock& held, std::size_t at, const std::shared_ptr<held_run>& run);
    void hand_on(std::size_t at, const held_run& run);
    void trouble(const error& cause);
    void note(const error& cause);
    void wait_for_stages();
    static void ask(const std::shared_ptr<held_run>& run) {
        if (run) run->ask_to_stop();
    }

    const cycle_options& options_;
    const std::stop_token& stop_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<stage> stages_;
    bool busy_ = false;       // a job is in some stage, where they take turns
    bool halted_ = false;     // nothing new is claimed
    bool head_told_ = false;  // its callable, to stop
    bool over_ = false;       // nothing at all is claimed
    cycle_summary summary_;
    std::optional<lease_keeper> keeper_;
};

cycle_summary cycle::run() {
    const auto begun = clock_type::now();
    std::vector<std::jthread> threads;
    try {
        const routine_calls& any = *stages_.front().how;
        keeper_.emplace(*any.declared, any.renew, [this](const error& cause) {
            const lock held(mutex_);
            trouble(cause);
        });
        for (std::size_t i = 0; i < stages_.size(); ++i)
            threads.push_back(named_thread(options_.name, i, [this, i] { work(i); }));
        wait_for_stages();
    } catch (const std::exception&) {
        const lock held(mutex_);
        summary_.ended = error(errc::overloaded, "the system has no thread or memory left");
        halted_ = true;
        for (std::size_t i = threads.size(); i < stages_.size(); ++i) stages_[i].open = false;
        changed_.notify_all();
    }
    threads.clear();
    keeper_.reset();
    summary_.drained = summary_.late.empty();
    for (stage& each : stages_) {
        summary_.drained = summary_.drained && each.waiting.empty();
        summary_.stages.push_back(std::move(each.did));
    }
    summary_.took = std::chrono::duration_cast<milliseconds>(clock_type::now() - begun);
    return std::move(summary_);
}

bool cycle::has_room(std::size_t at) const {
    if (at + 1 == stages_.size()) return true;
    return stages_[at + 1].waiting.size() < options_.queue || !stages_[at + 1].open;
}

// In turn: the tail of a job, and whatever was left to it, goes before the next head.
bool cycle::has_its_turn(std::size_t at) const {
    if (options_.pipelined) return true;
    if (busy_) return false;
    for (std::size_t i = at + 1; i < stages_.size(); ++i)
        if (stages_[i].open && (stages_[i].looks || !stages_[i].waiting.empty())) return false;
    return true;
}

// The head ends when it finds nothing, the others when nothing more can come.
bool cycle::is_through(std::size_t at) const {
    const stage& me = stages_[at];
    if (over_ || me.broken) return true;
    if (is_head(at)) return halting() || !me.looks;
    return !stages_[at - 1].open && me.waiting.empty() && !me.looks;
}

// A job's id, `next_due` for a look at what nobody handed on, or nothing when the stage is through.
std::optional<std::int64_t> cycle::wait_for_work(lock& held, std::size_t at) {
    stage& me = stages_[at];
    for (;;) {
        // What was put off, or left by others meanwhile, gets a last chance at the end.
        const bool at_end = !is_head(at) && !stages_[at - 1].open && me.waiting.empty();
        if (at_end && !me.saw_the_end) me.saw_the_end = me.looks = true;
        if (!is_head(at) && clock_type::now() >= me.looks_again) me.looks = true;
        if (halting()) me.looks = false;
        if (is_through(at)) return std::nullopt;
        if (has_room(at) && has_its_turn(at)) {
            if (me.looks) return next_due;
            if (!me.waiting.empty()) {
                const auto id = me.waiting.front();
                me.waiting.pop_front();
                changed_.notify_all();  // there is room
                return id;
            }
        }
        if (is_head(at) || me.looks || halting())
            changed_.wait(held);
        else
            changed_.wait_until(held, me.looks_again);
    }
}

void cycle::work(std::size_t at) {
    lock held(mutex_);
    while (const auto id = wait_for_work(held, at)) {
        busy_ = true;
        take_up(held, at, *id);
        busy_ = false;
        changed_.notify_all();
    }
    stages_[at].open = false;
    changed_.notify_all();
}

void cycle::take_up(lock& held, std::size_t at, std::int64_t id) {
    stage& me = stages_[at];
    const auto give_up = [&] {
        if (id != next_due) me.waiting.push_front(id);
    };
    for (;;) {
        held.unlock();
        auto got = id == next_due ? me.how->claim(1, options_.owner)
                                  : me.how->claim_by_id(id, options_.owner);
        held.lock();
        const bool strange = !got && got.error().code() == errc::undeclared_value;
        if (!got && !strange) {
            summary_.trouble = got.error();
            summary_.ended = std::move(got).error();
            halted_ = me.broken = true;
            return give_up();
        }
        if (got && got.value()) {
            me.retrying.reset();
            if (id == next_due) note_taken(at, got.value()->front()->lease().id);
            return see_through(held, at, got.value()->front());
        }
        if (got && got.value().rejected()) {
            if (id != next_due) return;  // another was quicker
            me.looks = false;
            me.looks_again = clock_type::now() + options_.look_again;
            return;
        }
        trouble(strange ? got.error() : *got.value().cause());
        if (strange && id != next_due) return;
        const auto waits_no_more = [&] { return over_ || (halting() && id == next_due); };
        if (changed_.wait_until(held, clock_type::now() + me.retrying.rest(), waits_no_more))
            return give_up();
    }
}

// A look may find the very job that the stage before is about to hand on, or just did.
void cycle::note_taken(std::size_t at, std::int64_t id) {
    stage& me = stages_[at];
    if (std::erase(me.waiting, id) > 0) changed_.notify_all();  // there is room
    if (is_head(at)) return;
    const auto& before = stages_[at - 1].running;
    if (before && before->lease().id == id) me.taken = id;
}

void cycle::see_through(lock& held, std::size_t at, const std::shared_ptr<held_run>& run) {
    stage& me = stages_[at];
    ++me.did.claimed;
    me.running = run;
    const bool too_late = over_ || (is_head(at) && halting());
    if (over_ || (is_head(at) && head_told_)) run->ask_to_stop();
    held.unlock();
    keeper_->keep(run);
    const auto begun = clock_type::now();
    const performed done =
        too_late && me.how->release ? hand_back(*me.how, *run) : perform(*me.how, *run);
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_type::now() - begun);
    keeper_->let_go(*run);
    held.lock();
    me.running.reset();
    me.did.busy += took;
    me.did.longest = std::max(me.did.longest, took);
    count(me.did, done.how);
    if (done.trouble) note(*done.trouble);
    if (run->ended()) hand_on(at, *run);
    // What came of this run is settled: the same job in a later one is handed on again.
    if (at + 1 < stages_.size()) stages_[at + 1].taken = next_due;
}

// Only what the next stage would take.
void cycle::hand_on(std::size_t at, const held_run& run) {
    if (at + 1 == stages_.size()) return;
    stage& next = stages_[at + 1];
    if (next.taken == run.lease().id) return;
    const rule_spec& claim = next.how->declared->claim_rule(next.how->claim_event);
    if (contains(claim.from, run.state())) next.waiting.push_back(run.lease().id);
}

void cycle::trouble(const error& cause) {
    ++summary_.interruptions;
    note(cause);
}

void cycle::note(const error& cause) {
    summary_.trouble = cause;
    if (!ends_all_work(cause)) return;
    summary_.ended = cause;
    halted_ = true;
    changed_.notify_all();
}

void cycle::wait_for_stages() {
    const auto all_ended = [&] {
        return std::none_of(stages_.begin(), stages_.end(),
                            [](const stage& each) { return each.open; });
    };
    lock held(mutex_);
    changed_.wait(held, stop_, [&] { return halted_ || all_ended(); });
    summary_.stopped = halting();
    if (all_ended()) return;
    const auto since = clock_type::now();
    halted_ = true;
    changed_.notify_all();
    if (changed_.wait_until(held, since + options_.stop_grace, all_ended)) return;
    head_told_ = true;
    ask(stages_.front().running);
    if (changed_.wait_until(held, since + options_.drain_grace, all_ended)) return;
    over_ = true;
    for (std::size_t i = 1; i < stages_.size(); ++i)
        if (stages_[i].running) summary_.late.push_back(stages_[i].running->lease().id);
    for (const stage& each : stages_) ask(each.running);
    changed_.notify_all();
}

}  // namespace

cycle_summary run_stages(std::span<const named_calls> stages, const std::stop_token& stop,
                         const cycle_options& options) {
    if (auto wrong = wrong_with(stages, options)) {
        cycle_summary refused;
        refused.ended = *std::move(wrong);
        return refused;
    }
    return cycle(stages, stop, options).run();
}

}  // namespace statemachine::detail
