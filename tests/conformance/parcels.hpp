// A machine of which every kind of change emits, and what its relays are tested with.
#pragma once

#include "fixture.hpp"
#include "invariants.hpp"
#include "roles.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>

namespace conformance::parcels {

enum class state { waiting, packing, packed, sent, lost, returned };
using enum state;

struct job {
    std::int64_t number = 0;
    std::optional<std::string> mark{};
};
struct check {
    bool good;
};
struct label {
    std::string mark{};
};

inline constexpr sm::event<> take{"take"}, pick{"pick"}, send{"send"}, recall{"recall"};
inline constexpr sm::event<> weigh{"weigh"};
inline constexpr sm::event<check> inspect{"inspect"};
inline constexpr sm::event<label> relabel{"relabel"};

inline constexpr const char* table = "parcels";
inline constexpr auto lease = 60s;

inline constexpr sm::column columns[] = {{"number", sm::field<&job::number>, sm::identity},
                                         {"mark", sm::field<&job::mark>}};
inline constexpr sm::named<state> states[] = {
    {waiting, "waiting"},         {packing, "packing"},
    {packed, "packed"},           {sent, "sent", sm::terminal},
    {lost, "lost", sm::terminal}, {returned, "returned", sm::terminal},
};
inline constexpr sm::transition<state> transitions[] = {
    {.on = take,
     .from = waiting,
     .to = packing,
     .lease = lease,
     .max_attempts = 2,
     .expired = waiting,
     .exhausted = lost,
     .emit = "taken",
     .emit_expired = "dropped",
     .emit_exhausted = "given_up"},
    {.on = inspect,
     .from = packing,
     .when = sm::field<&check::good>,
     .to = packed,
     .emit = "approved"},
    {.on = inspect, .from = packing, .to = waiting},
    {.on = weigh, .from = packing, .to = packing, .emit = "weighed"},
    {.on = send, .from = packing, .to = sent, .emit = "sent"},
    {.on = relabel,
     .from = packed,
     .to = packed,
     .control = true,
     .then = {sm::set<&job::mark>(sm::field<&label::mark>)},
     .emit = "relabelled"},
    {.on = recall, .from = {waiting, packed}, .to = returned, .control = true, .emit = "recalled"},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .memory = {.events = 1h}};

using run_type = sm::store<machine>::run_type;
using event_type = sm::emitted<machine>;
using relay_type = sm::relay<machine>;
using callable_type = std::function<sm::result<void>(const event_type&)>;

/// A database whose replies get lost on their way, as often as the test says.
template <class Native>
class forgetful : public sm::session {
public:
    static constexpr const sm::dialect& dialect = Native::dialect;

    explicit forgetful(Native& native) : native_(native.connection()) {}
    sm::session& connection() noexcept { return *this; }
    void lose_replies(int count) { losses_ = count; }

    using session::transact;
    sm::steady_time call_deadline() const noexcept override { return native_.call_deadline(); }
    sm::result<sm::ending> transact(sm::access need, sm::steady_time until,
                                    sm::work body) override {
        auto ended = native_.transact(need, until, body);
        if (!ended || losses_ == 0) return ended;
        --losses_;
        return sm::error(sm::errc::connection_lost, "the reply was lost");
    }

private:
    sm::session& native_;
    std::atomic<int> losses_{0};
};

/// Both defined in parcels.cpp, where the store is compiled.
template <class Database>
std::unique_ptr<relay_type> relay_on(Database& database, sm::relay_options how,
                                     callable_type callable);
template <class Database>
sm::outbox<machine> outbox_on(Database& database);

/// Events that a callable took, by any thread.
class received {
public:
    void add(const sm::emission& event) {
        const std::lock_guard lock(mutex_);
        all_.push_back(event);
        more_.notify_all();
    }
    std::vector<sm::emission> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    /// As "job-version topic", in the order in which they came.
    std::vector<std::string> told() const {
        std::vector<std::string> lines;
        for (const sm::emission& each : all())
            lines.push_back(each.id.substr(each.id.find('-') + 1) + " " + each.topic);
        return lines;
    }
    /// Waits until so many came, for a minute at the most.
    bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        return more_.wait_for(lock, 60s, [&] { return all_.size() >= count; });
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable more_;
    std::vector<sm::emission> all_;
};

using lines = std::vector<std::string>;

template <class Backend>
class parcels_test : public on_machine<Backend, machine> {
public:
    ~parcels_test() override {
        EXPECT_EQ(breaches<machine>(this->place), std::vector<std::string>{});
    }

    /// A job that is packed: events "taken" of version 2 and "approved" of version 3.
    std::int64_t make_packed() {
        const auto id = this->submit();
        const auto run = this->claim(take, id);
        EXPECT_EQ(told(this->store.fire(inspect, run, {.good = true})), "applied");
        return id;
    }
    void relabel_job(std::int64_t id) {
        ASSERT_EQ(told(this->store.fire(relabel, id, sm::any_version, {.mark = "x"})), "applied");
    }

    /// All options but the group as a test likes them: no jitter.
    static sm::relay_options quick(std::string group, sm::from from = sm::from::beginning) {
        return {.group = std::move(group),
                .from = from,
                .tries = 3,
                .retry = {.first = 10s, .cap = 60s},
                .threads = 2};
    }
    std::unique_ptr<relay_type> relay(const sm::relay_options& how, callable_type callable) {
        return relay_on(this->database, how, std::move(callable));
    }
    /// Takes everything.
    std::unique_ptr<relay_type> relay(const sm::relay_options& how, received& into) {
        return relay(how, [&into](const event_type& event) -> sm::result<void> {
            into.add(event);
            return sm::success();
        });
    }
    /// Rounds until one finds nothing.
    static sm::relayed drain(relay_type& relay) {
        sm::relayed sum;
        for (int rounds = 0; rounds < 100; ++rounds) {
            const auto round = relay.deliver_some().value();
            sum.delivered += round.delivered;
            sum.failed += round.failed;
            sum.parked += round.parked;
            sum.lost += round.lost;
            if (round.delivered + round.failed + round.parked + round.lost == 0) return sum;
        }
        ADD_FAILURE() << "it found something in each of a hundred rounds";
        return sum;
    }

    /// As if that much time had gone by for all deliveries.
    void pass_delivery_time(std::chrono::milliseconds by) {
        this->place.execute("UPDATE parcels_deliveries SET run_at = run_at" + shift(by));
    }
    void pass_event_time(std::chrono::milliseconds by) {
        this->place.execute("UPDATE parcels_outbox SET at = at" + shift(by));
    }
    rows outbox() const {
        return this->place.query(
            "SELECT job, version, part, topic FROM parcels_outbox "
            "ORDER BY job, version, part");
    }
    std::int64_t open_deliveries() const {
        return this->place.number("SELECT count(*) FROM parcels_deliveries");
    }

private:
    static std::string shift(std::chrono::milliseconds by) {
        const std::string count = std::to_string(by.count());
        return Backend::database::dialect.millisecond.empty()
                   ? " - " + count
                   : " - interval '" + count + " milliseconds'";
    }
};

}  // namespace conformance::parcels
