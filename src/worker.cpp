// The threads of a worker: one that claims, those that run callables, and the leases' keeper.
#include "checks.hpp"
#include "lease_keeper.hpp"
#include "worker_pace.hpp"
#include "worker_thread.hpp"

#include <statemachine/worker.hpp>

#include <algorithm>
#include <deque>
#include <exception>

namespace statemachine::detail {
namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds first_retry{50};
constexpr milliseconds longest_retry{1000};
constexpr std::size_t most_threads = 1024;
constexpr std::size_t most_ahead = 5000;

std::optional<error> wrong_with(const routine_calls& how, const worker_options& options) {
    if (how.flaw) return how.flaw;
    const auto wrong = [](const char* words) { return error(errc::invalid_argument, words); };
    if (!how.fail) return wrong("say by on_failure what becomes of a job whose callable fails");
    if (options.ahead > 0 && !how.release)
        return wrong("jobs are claimed ahead only where on_release says how they are handed back");
    if (options.threads < 1 || options.threads > most_threads)
        return wrong("a worker has between 1 and 1024 threads");
    if (options.ahead > most_ahead) return wrong("a worker claims at most 5000 jobs ahead");
    if (options.batch < 1) return wrong("a batch holds at least one job");
    if (options.poll_least < milliseconds{1} || options.poll_most < options.poll_least ||
        options.poll_most > a_day)
        return wrong("poll_least is at least a millisecond, and at most poll_most: up to a day");
    if (options.stop_grace < milliseconds{} || options.stop_grace > a_year)
        return wrong("stop_grace lies between 0 and a year");
    return std::nullopt;
}

class shift {
public:
    shift(const routine_calls& how, const worker_options& options)
        : how_(how), options_(options), polling_(options.poll_least, options.poll_most) {}

    worker_summary run(const std::stop_token& stop);

private:
    using lock = std::unique_lock<std::mutex>;

    void claim_until_halt();
    std::size_t wait_for_room();
    bool take(result<answer<held_runs>> claimed, std::size_t wanted);
    void trouble(const error& cause);
    void rest(milliseconds pause);
    void work();
    void note(const performed& done);
    held_runs take_queued();
    void hand_back(const held_runs& runs);
    void wait_for_callables();

    const routine_calls& how_;
    const worker_options& options_;
    pace polling_;
    pace retrying_{first_retry, longest_retry};
    std::stop_source halt_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<held_run>> queued_;
    held_runs running_;
    bool closed_ = false;
    worker_summary summary_;
    std::optional<lease_keeper> keeper_;
};

worker_summary shift::run(const std::stop_token& stop) {
    if (auto wrong = wrong_with(how_, options_)) {
        summary_.ended = *std::move(wrong);
        return std::move(summary_);
    }
    const std::stop_callback forward(stop, [this] { halt_.request_stop(); });
    std::vector<std::jthread> threads;
    try {
        keeper_.emplace(*how_.declared, how_.renew, [this](const error& cause) { trouble(cause); });
        for (std::size_t i = 0; i < options_.threads; ++i)
            threads.push_back(named_thread(options_.name, i, [this] { work(); }));
        claim_until_halt();
    } catch (const std::exception&) {
        const lock held(mutex_);
        summary_.ended = error(errc::overloaded, "the system has no thread or memory left");
    }
    const held_runs unseen = take_queued();
    std::jthread handing_back;
    try {
        if (!unseen.empty())
            handing_back =
                named_thread(options_.name, options_.threads, [&] { hand_back(unseen); });
    } catch (const std::exception&) {
        hand_back(unseen);
    }
    wait_for_callables();
    threads.clear();
    if (handing_back.joinable()) handing_back.join();
    keeper_.reset();
    return std::move(summary_);
}

void shift::claim_until_halt() {
    for (;;) {
        const std::size_t wanted = wait_for_room();
        if (wanted == 0) return;
        // Before the claim, so that a job that comes behind it ends the rest.
        const auto seen = how_.bell->rings();
        if (!take(how_.claim(wanted, options_.owner), wanted)) continue;
        how_.bell->wait(seen, clock_type::now() + polling_.rest(), halt_.get_token());
    }
}

// How many to claim now; 0 after the halt. With jobs ahead it waits until half of them are taken,
// so that claims stay batches.
std::size_t shift::wait_for_room() {
    const std::size_t most = options_.threads + options_.ahead;
    lock held(mutex_);
    changed_.wait(held, halt_.get_token(), [&] {
        return running_.size() + queued_.size() < most && queued_.size() <= options_.ahead / 2;
    });
    if (halt_.stop_requested()) return 0;
    return std::min(options_.batch, most - running_.size() - queued_.size());
}

// Whether there is nothing more to be had at the moment.
bool shift::take(result<answer<held_runs>> claimed, std::size_t wanted) {
    if (!claimed && claimed.error().code() != errc::undeclared_value) {
        const lock held(mutex_);
        summary_.ended = std::move(claimed).error();
        halt_.request_stop();
        return false;
    }
    if (!claimed || claimed.value().retryable() || claimed.value().unknown()) {
        trouble(claimed ? *claimed.value().cause() : claimed.error());
        rest(retrying_.rest());
        return false;
    }
    retrying_.reset();
    if (!claimed.value()) return true;
    const held_runs& runs = *claimed.value();
    for (const auto& each : runs) keeper_->keep(each);
    {
        const lock held(mutex_);
        summary_.claimed += runs.size();
        queued_.insert(queued_.end(), runs.begin(), runs.end());
    }
    changed_.notify_all();
    polling_.reset();
    return runs.size() < wanted;
}

void shift::trouble(const error& cause) {
    const lock held(mutex_);
    ++summary_.interruptions;
    summary_.trouble = cause;
    if (!ends_all_work(cause)) return;
    summary_.ended = cause;
    halt_.request_stop();
}

void shift::rest(milliseconds pause) {
    lock held(mutex_);
    changed_.wait_until(held, halt_.get_token(), clock_type::now() + pause, [] { return false; });
}

void shift::work() {
    lock held(mutex_);
    for (;;) {
        changed_.wait(held, [&] { return closed_ || !queued_.empty(); });
        if (queued_.empty()) return;
        const auto run = queued_.front();
        queued_.pop_front();
        running_.push_back(run);
        held.unlock();
        if (options_.ahead > 0) changed_.notify_all();
        const performed done = perform(how_, *run);
        keeper_->let_go(*run);
        held.lock();
        std::erase(running_, run);
        note(done);
        changed_.notify_all();
    }
}

void shift::note(const performed& done) {
    count(summary_, done.how);
    if (!done.trouble) return;
    summary_.trouble = done.trouble;
    if (!ends_all_work(*done.trouble)) return;
    summary_.ended = *done.trouble;
    halt_.request_stop();
}

held_runs shift::take_queued() {
    const lock held(mutex_);
    held_runs unseen(queued_.begin(), queued_.end());
    queued_.clear();
    closed_ = true;
    changed_.notify_all();
    return unseen;
}

// Beside the wait for callables, whose grace has begun. While the database is away one of them
// spends its last words for all: what was not handed back comes again when its lease is over.
void shift::hand_back(const held_runs& runs) {
    bool answers = true;
    for (const auto& run : runs) {
        performed done{run_end::abandoned, {}};
        if (answers) {
            run->ask_to_stop();
            done = detail::hand_back(how_, *run);
            answers = done.how != run_end::abandoned && done.how != run_end::unknown;
        }
        keeper_->let_go(*run);
        const lock held(mutex_);
        note(done);
    }
}

void shift::wait_for_callables() {
    lock held(mutex_);
    const auto until = clock_type::now() + options_.stop_grace;
    if (changed_.wait_until(held, until, [&] { return running_.empty(); })) return;
    const held_runs late = running_;
    for (const auto& each : late) summary_.late.push_back(each->lease().id);
    held.unlock();
    for (const auto& each : late) each->ask_to_stop();
}

}  // namespace

worker_summary work_until(const routine_calls& how, const std::stop_token& stop,
                          const worker_options& options) {
    return shift(how, options).run(stop);
}

}  // namespace statemachine::detail
