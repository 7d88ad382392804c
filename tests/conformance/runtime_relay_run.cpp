// Relays that run on threads of their own.
#include "parcels.hpp"

#include <atomic>
#include <thread>

namespace conformance::parcels {
namespace {

/// A relay at work until the end of the scope.
class at_work {
public:
    explicit at_work(relay_type& relay)
        : thread_([this, &relay](const std::stop_token& stop) { end_ = relay.run(stop); }) {}

    sm::result<sm::relayed> stop() {
        thread_.request_stop();
        return wait();
    }
    sm::result<sm::relayed> wait() {
        thread_.join();
        return *end_;
    }

private:
    std::optional<sm::result<sm::relayed>> end_;
    std::jthread thread_;
};

/// A door that stays shut until it is opened, for a minute at the most.
class door {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        opened_.notify_all();
    }
    bool pass() {
        std::unique_lock lock(mutex_);
        return opened_.wait_for(lock, 60s, [&] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool open_ = false;
};

template <class Backend>
class running_relay : public parcels_test<Backend> {
public:
    bool wait_until_none_is_open() {
        const auto end = std::chrono::steady_clock::now() + 60s;
        while (this->open_deliveries() > 0)
            if (std::chrono::steady_clock::now() > end) return false;
        return true;
    }
    received given;
};
TYPED_TEST_SUITE(running_relay, backends, backend_names);

TYPED_TEST(running_relay, shares_twenty_events_with_a_replica_without_a_double) {
    auto other = this->place.open();
    auto how = this->quick("a");
    how.batch = 3;
    auto first = this->relay(how, this->given);
    auto second = relay_on(other, how, [this](const event_type& event) -> sm::result<void> {
        this->given.add(event);
        return sm::success();
    });
    at_work one(*first);
    at_work two(*second);
    for (int i = 0; i < 10; ++i) this->make_packed();
    EXPECT_TRUE(this->given.wait_for(20));
    EXPECT_TRUE(this->wait_until_none_is_open());
    const auto a = one.stop().value();
    const auto b = two.stop().value();
    EXPECT_EQ(a.delivered + b.delivered, 20U);
    EXPECT_EQ(a.lost + b.lost + a.failed + b.failed, 0U);
    std::map<std::int64_t, std::int64_t> reached;
    std::set<std::string> distinct;
    for (const auto& each : this->given.all()) {
        EXPECT_GT(each.version, reached[each.job]) << "out of order: " << each.id;
        reached[each.job] = each.version;
        distinct.insert(each.id);
    }
    EXPECT_EQ(distinct.size(), 20U);
    EXPECT_EQ(this->given.all().size(), 20U);
}

TYPED_TEST(running_relay, delivers_the_others_while_one_callable_is_slow) {
    door slow;
    auto relay = this->relay(this->quick("a"), [&](const event_type& event) -> sm::result<void> {
        const bool waits = event.job == 1 && event.topic == "taken";
        if (waits && !slow.pass()) return sm::error(sm::errc::unexpected, "it stayed shut");
        this->given.add(event);
        return sm::success();
    });
    for (int i = 0; i < 5; ++i) this->make_packed();
    at_work one(*relay);
    EXPECT_TRUE(this->given.wait_for(8));
    for (const auto& each : this->given.all()) EXPECT_NE(each.job, 1);
    slow.open();
    EXPECT_TRUE(this->given.wait_for(10));
    EXPECT_EQ(one.stop().value().delivered, 10U);
}

TYPED_TEST(running_relay, is_woken_by_a_change_of_its_process) {
    auto how = this->quick("a");
    how.poll = 1h;
    auto relay = this->relay(how, this->given);
    at_work one(*relay);
    for (std::size_t i = 1; i <= 5; ++i) {
        this->claim(take, this->submit());
        EXPECT_TRUE(this->given.wait_for(i));
    }
    EXPECT_EQ(one.stop().value().delivered, 5U);
}

TYPED_TEST(running_relay, finds_what_another_process_emitted_by_looking) {
    auto relay = this->relay(this->quick("a"), this->given);
    at_work one(*relay);
    auto elsewhere = this->place.open();
    auto other = store_on<machine>(elsewhere);
    const auto id = other.submit({}).value()->id;
    ASSERT_EQ(told(other.claim_by_id(take, id, {.owner = "w"})), "applied");
    EXPECT_TRUE(this->given.wait_for(1));
    EXPECT_EQ(one.stop().value().delivered, 1U);
}

TYPED_TEST(running_relay, gives_back_what_it_has_not_begun_when_it_is_stopped) {
    door begun, ending;
    auto how = this->quick("a");
    how.threads = 1;
    auto relay = this->relay(how, [&](const event_type& event) -> sm::result<void> {
        this->given.add(event);
        begun.open();
        EXPECT_TRUE(ending.pass());
        return sm::success();
    });
    for (int i = 0; i < 5; ++i) this->claim(take, this->submit());
    std::jthread thread;
    std::optional<sm::result<sm::relayed>> end;
    thread = std::jthread([&](const std::stop_token& stop) { end = relay->run(stop); });
    ASSERT_TRUE(begun.pass());
    thread.request_stop();
    ending.open();
    thread.join();
    EXPECT_EQ(end->value().delivered, 1U);
    EXPECT_EQ(this->place.query("SELECT DISTINCT tries FROM parcels_deliveries"), (rows{{"0"}}));
    EXPECT_EQ(this->drain(*this->relay(how, this->given)).delivered, 4U);
}

TYPED_TEST(running_relay, does_not_begin_what_waited_for_half_of_its_lease) {
    auto how = this->quick("a");
    how.lease = 2ms;
    how.tries = 1000;
    auto relay = this->relay(how, [&](const event_type& event) -> sm::result<void> {
        this->given.add(event);
        const auto end = std::chrono::steady_clock::now() + 5ms;
        while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return sm::success();
    });
    for (int i = 0; i < 3; ++i) this->claim(take, this->submit());
    static_cast<void>(relay->deliver_some().value());
    EXPECT_LE(this->given.all().size(), 1U);
}

TYPED_TEST(running_relay, ends_with_what_a_person_has_to_mend) {
    auto relay = this->relay(this->quick("a"), this->given);
    ASSERT_EQ(told(relay->join()), "success");
    at_work one(*relay);
    this->place.execute("DROP TABLE parcels_deliveries");
    EXPECT_EQ(told(one.wait()), "error: schema_missing");
}

TYPED_TEST(running_relay, takes_no_more_than_a_batch) {
    auto how = this->quick("a");
    how.batch = 2;
    auto relay = this->relay(how, this->given);
    for (int i = 0; i < 5; ++i) this->claim(take, this->submit());
    std::vector<std::size_t> rounds;
    for (int i = 0; i < 4; ++i) rounds.push_back(relay->deliver_some().value().delivered);
    EXPECT_EQ(rounds, (std::vector<std::size_t>{2, 2, 1, 0}));
}

class relay_on_postgres : public running_relay<postgres_backend> {};

TEST_F(relay_on_postgres, goes_on_when_its_connections_are_cut) {
    auto how = quick("a");
    how.poll = 20ms;
    auto relay = this->relay(how, given);
    at_work one(*relay);
    for (std::size_t i = 1; i <= 5; ++i) {
        make_packed();
        EXPECT_TRUE(given.wait_for(2 * i));
        place.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
            "pg_backend_pid() AND application_name = current_setting('application_name')");
        // The store's own connection was cut as well: its next call only notices.
        while (!store.submit({}).value()) {
        }
    }
    EXPECT_TRUE(wait_until_none_is_open());
    EXPECT_EQ(told(one.stop()), "success");
}

TEST_F(relay_on_postgres, passes_over_what_another_transaction_holds) {
    auto how = quick("a");
    how.batch = 1;
    auto relay = this->relay(how, given);
    ASSERT_EQ(told(relay->join()), "success");
    make_packed();
    make_packed();
    const postgres_backend beside(place.where());
    beside.execute("BEGIN; SELECT FROM parcels_deliveries WHERE job = 1 FOR UPDATE");
    EXPECT_EQ(relay->deliver_some().value().delivered, 1U);
    EXPECT_EQ(given.told(), (lines{"2-2 taken"}));
    beside.execute("COMMIT");
}

}  // namespace
}  // namespace conformance::parcels
