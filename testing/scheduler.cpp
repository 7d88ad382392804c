#include "scheduler.hpp"

#include <algorithm>

namespace statemachine::testing {
namespace {

using std::chrono::milliseconds;

sqlite::database in_memory(const clock& time) {
    sqlite::options how;
    how.time = &time;
    how.sync = sqlite::durability::off;
    return sqlite::open(":memory:", how).value();
}

}  // namespace

scheduler::scheduler(std::uint64_t seed, simulation_options how)
    : how_(std::move(how)),
      database_(in_memory(clock_)),
      between_(how_.between ? how_.between(database_.connection()) : nullptr),
      seed_(seed),
      draw_(seed),
      faults_left_(random(how_.most_faults + 1)) {}

scheduler::~scheduler() {
    ending_ = true;
    for (strand& each : strands_) {
        if (!each.over) resume(each);
        each.thread.join();
    }
}

void scheduler::add(std::string client, world::life lived) {
    lives_.emplace_back(std::move(client), std::move(lived));
}

void scheduler::start(const std::string& client, const world::life& lived, timestamp at) {
    strand& fresh = strands_.emplace_back();
    fresh.wakes = at;
    const std::uint64_t own_seed = seed_ ^ (strands_.size() << 48U);
    fresh.thread = std::thread([this, &fresh, client, &lived, own_seed] {
        {
            std::unique_lock lock(mutex_);
            fresh.chosen.wait(lock, [&] { return fresh.running; });
        }
        const statemachine::detail::seeded_chance seeded(own_seed);
        if (!ending_) live(client, lived);
        const std::lock_guard lock(mutex_);
        fresh.over = true;
        fresh.running = false;
        handed_back_.notify_one();
    });
}

void scheduler::live(const std::string& client, const world::life& lived) {
    for (;;) {
        try {
            try {
                world::link on(*this, client);
                lived(on);
                return;
            } catch (const crash&) {
                history_.remark(client + " crashes");
            }
            sleep(some_pause() / 8);
            history_.remark(client + " is started again");
        } catch (const gone&) {
            return;
        } catch (const std::exception& failed) {
            history_.remark(client + " ends by an exception: " + failed.what());
            return;
        }
    }
}

void scheduler::run() {
    for (const auto& [client, lived] : lives_) start(client, lived, now());
    const timestamp limit = now() + how_.time_limit;
    while (now() < limit && std::any_of(strands_.begin(), strands_.end(),
                                        [](const strand& each) { return !each.over; })) {
        if (deliver_late_request()) continue;
        std::vector<strand*> able;
        for (strand& each : strands_)
            if (ready(each)) able.push_back(&each);
        if (able.empty())
            wait_for_next();
        else
            resume(*able[random(able.size())]);
    }
    while (!locked_ && !late_.empty()) {
        clock_.advance(how_.longest_pause.count());
        deliver_late_request();
    }
}

bool scheduler::ready(const strand& each) const {
    const bool has_to_wait = each.wants_lock && locked_ && now() < each.gives_up;
    return !each.over && each.wakes <= now() && !has_to_wait;
}

void scheduler::wait_for_next() {
    timestamp next = timestamp::max();
    for (const strand& each : strands_) {
        if (each.over) continue;
        if (each.wakes > now()) next = std::min(next, each.wakes);
        if (each.wants_lock) next = std::min(next, each.gives_up);
    }
    if (!locked_)
        for (const late_request& each : late_) next = std::min(next, each.arrives);
    clock_.advance(std::max<std::int64_t>(1, (next - now()).count()));
}

void scheduler::resume(strand& next) {
    std::unique_lock lock(mutex_);
    current_ = &next;
    next.running = true;
    next.chosen.notify_one();
    handed_back_.wait(lock, [&] { return !next.running; });
}

void scheduler::hand_back() {
    strand& self = *current_;
    std::unique_lock lock(mutex_);
    self.running = false;
    handed_back_.notify_one();
    self.chosen.wait(lock, [&] { return self.running; });
    if (ending_) throw gone{};
}

void scheduler::step() {
    ++counts_.statements;
    clock_.advance(static_cast<std::int64_t>(1 + random(4)));
    hand_back();
}

void scheduler::sleep(milliseconds time) {
    current_->wakes = now() + time;
    hand_back();
}

bool scheduler::lock() {
    strand& self = *current_;
    constexpr milliseconds patience{10'000};
    self.gives_up = now() + patience;
    self.wants_lock = true;
    while (locked_ && now() < self.gives_up) hand_back();
    self.wants_lock = false;
    if (locked_) return false;
    locked_ = true;
    return true;
}

void scheduler::unlock() noexcept { locked_ = false; }

std::uint64_t scheduler::random(std::uint64_t below) { return draw_.next() % below; }

bool scheduler::happens(int of_a_thousand) {
    return faults_left_ > 0 && random(1000) < static_cast<std::uint64_t>(of_a_thousand);
}

fault scheduler::next_fault() {
    if (faults_left_ == 0) return fault::none;
    const fault_rates& rates = how_.rates;
    const std::pair<fault, int> all[] = {
        {fault::refused, rates.refused},
        {fault::request_lost, rates.request_lost},
        {fault::request_late, rates.request_late},
        {fault::reply_lost, rates.reply_lost},
        {fault::reply_late, rates.reply_late},
        {fault::commit_failed, rates.commit_failed},
        {fault::paused, rates.paused},
        {fault::crashed, rates.crashed},
        {fault::crashed_in_flight, rates.crashed_in_flight},
    };
    auto drawn = static_cast<int>(random(1000));
    for (const auto& [what, rate] : all) {
        drawn -= rate;
        if (drawn >= 0) continue;
        --faults_left_;
        return what;
    }
    return fault::none;
}

milliseconds scheduler::some_pause() {
    return milliseconds{1 + random(static_cast<std::uint64_t>(how_.longest_pause.count()))};
}

void scheduler::go_on_elsewhere(const std::string& client) {
    for (const auto& [name, lived] : lives_)
        if (name == client) start(client, lived, now() + some_pause() / 8);
}

void scheduler::send_late(request sent) {
    late_.push_back({now() + some_pause(), std::move(sent)});
}

bool scheduler::deliver_late_request() {
    if (locked_) return false;
    const auto due = std::find_if(late_.begin(), late_.end(), [this](const late_request& each) {
        return each.arrives <= now();
    });
    if (due == late_.end()) return false;
    const request arriving = std::move(due->sent);
    late_.erase(due);
    const auto body = [&](executor& transaction) { return arrive(arriving, transaction); };
    const auto ended = inner().transact(access::write, body);
    history_.remark(ended && ended.value() == ending::committed
                        ? "a late request arrives, and changes something"
                        : "a late request arrives, and is refused");
    return true;
}

}  // namespace statemachine::testing
