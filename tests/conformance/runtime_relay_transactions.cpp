// Relays whose callable writes in the transaction that marks the delivery; and what relay.hpp
// shows.
#include "parcels.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <csignal>
#include <thread>

namespace conformance::parcels {
namespace {

constexpr int lane = 1;

sm::result<void> run_in(sqlite3* handle, const std::string& sql) {
    if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
        return sm::success();
    return sm::error(sm::errc::unexpected, sqlite3_errmsg(handle));
}
sm::result<void> run_in(PGconn* handle, const std::string& sql) {
    PGresult* const reply = PQexec(handle, sql.c_str());
    const bool fine = PQresultStatus(reply) == PGRES_COMMAND_OK;
    PQclear(reply);
    if (fine) return sm::success();
    return sm::error(sm::errc::unexpected, PQerrorMessage(handle));
}

sm::relay_options ledger_options() {
    sm::relay_options how{.group = "ledger", .from = sm::from::beginning};
    how.threads = 2;
    how.poll = 20ms;
    return how;
}

std::string line_for(const sm::emission& event) {
    return "INSERT INTO ledger (event) VALUES ('" + event.id + "')";
}

// Writes its line, meets the test, and waits to be killed.
template <class Backend>
struct writes {
    static reports play(contender<Backend>& me) {
        relay_type ledger{me.database, ledger_options(),
                          [&](auto& tx, const event_type& event) -> sm::result<void> {
                              if (auto written = run_in(tx.handle(), line_for(event)); !written)
                                  return written;
                              me.gate.pass(lane, 2, 0);
                              me.gate.pass(lane, 2, 1);
                              return sm::success();
                          }};
        static_cast<void>(ledger.deliver_some().value());
        return {};
    }
};
const declared_role<writes> role_of_writing{"relay_writes"};

template <class Backend>
class ledger_relay : public parcels_test<Backend> {
public:
    ledger_relay() { this->place.execute("CREATE TABLE ledger (event text)"); }
    rows ledger() const { return this->place.query("SELECT event FROM ledger ORDER BY event"); }
    starting_gate gate;
};
TYPED_TEST_SUITE(ledger_relay, backends, backend_names);

TYPED_TEST(ledger_relay, commits_what_it_writes_with_the_mark_of_its_event) {
    std::vector<std::int64_t> numbers;
    relay_type ledger{this->database, ledger_options(),
                      [&](auto& tx, const event_type& event) -> sm::result<void> {
                          numbers.push_back(event.read().value()->job.number);
                          return run_in(tx.handle(), line_for(event));
                      }};
    const auto id = this->submit({.number = 7});
    const auto run = this->claim(take, id);
    ASSERT_EQ(told(this->store.fire(send, run)), "applied");
    EXPECT_EQ(this->drain(ledger).delivered, 2U);
    EXPECT_EQ(this->ledger(), (rows{{"parcels-1-2"}, {"parcels-1-3"}}));
    EXPECT_EQ(numbers, (std::vector<std::int64_t>{7, 7}));
    EXPECT_EQ(this->open_deliveries(), 0);
}

TYPED_TEST(ledger_relay, leaves_nothing_of_what_it_wrote_before_it_failed) {
    bool throws = false;
    auto how = ledger_options();
    how.retry = {};
    relay_type ledger{this->database, how,
                      [&](auto& tx, const event_type& event) -> sm::result<void> {
                          if (auto done = run_in(tx.handle(), line_for(event)); !done) return done;
                          if (throws) throw std::runtime_error("it broke");
                          throws = true;
                          return sm::error(sm::errc::unexpected, "it failed");
                      }};
    this->claim(take, this->submit());
    EXPECT_EQ(ledger.deliver_some().value().failed, 1U);
    EXPECT_EQ(this->place.text("SELECT error FROM parcels_deliveries"), "it failed");
    EXPECT_EQ(ledger.deliver_some().value().failed, 1U);
    EXPECT_EQ(this->place.text("SELECT tries FROM parcels_deliveries"), "2");
    EXPECT_EQ(this->ledger(), rows{});
}

TYPED_TEST(ledger_relay, does_not_begin_what_another_one_holds_by_now) {
    received given;
    relay_type ledger{this->database, ledger_options(),
                      [&](auto& tx, const event_type& event) -> sm::result<void> {
                          given.add(event);
                          // As another relay's claim does when the lease is over.
                          return run_in(tx.handle(),
                                        "UPDATE parcels_deliveries SET epoch = epoch + "
                                        "1, tries = tries + 1 WHERE job = 2");
                      }};
    this->claim(take, this->submit());
    this->claim(take, this->submit());
    const auto done = ledger.deliver_some().value();
    EXPECT_EQ(done.delivered, 1U);
    EXPECT_EQ(done.lost, 1U);
    EXPECT_EQ(given.told(), (lines{"1-2 taken"}));
    EXPECT_EQ(this->open_deliveries(), 1);
}

TYPED_TEST(ledger_relay, writes_once_when_it_is_killed_before_its_commit) {
    this->claim(take, this->submit());
    {
        player first{"relay_writes",
                     TypeParam::database::dialect.name,
                     this->place.where(),
                     this->gate,
                     0,
                     1};
        this->gate.pass(lane, 2, 0);
        first.signal(SIGKILL);
    }
    this->pass_delivery_time(61s);
    relay_type ledger{this->database, ledger_options(),
                      [](auto& tx, const event_type& event) -> sm::result<void> {
                          return run_in(tx.handle(), line_for(event));
                      }};
    EXPECT_EQ(this->drain(ledger).delivered, 1U);
    EXPECT_EQ(this->ledger(), (rows{{"parcels-1-2"}}));
}

TYPED_TEST(ledger_relay, writes_once_on_many_threads_of_many_relays) {
    auto second = this->place.open();
    const auto write = [](auto& tx, const event_type& event) -> sm::result<void> {
        return run_in(tx.handle(), line_for(event));
    };
    relay_type one{this->database, ledger_options(), write};
    relay_type two{second, ledger_options(), write};
    std::jthread first([&](const std::stop_token& stop) { one.run(stop).value(); });
    std::jthread other([&](const std::stop_token& stop) { two.run(stop).value(); });
    for (int i = 0; i < 10; ++i) this->make_packed();
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (this->ledger().size() < 20 || this->open_deliveries() > 0)
        ASSERT_LT(std::chrono::steady_clock::now(), end);
    EXPECT_EQ(this->place.number("SELECT count(DISTINCT event) FROM ledger"), 20);
    EXPECT_EQ(this->ledger().size(), 20U);
}

// What the head of relay.hpp shows.
sm::result<void> post(lines& url, const std::string& id, const std::string& topic, const job& of) {
    url.push_back(id + " " + topic + " " + std::to_string(of.number));
    return sm::success();
}

TYPED_TEST(ledger_relay, is_used_as_its_header_shows) {
    auto& db = this->database;
    lines url;
    sm::relay<parcels::machine> webhooks{
        db, {.group = "webhooks"}, [&](const sm::emitted<parcels::machine>& event) {
            return post(url, event.id, event.topic, event.read().value()->job);
        }};
    ASSERT_EQ(told(webhooks.join()), "success");
    this->claim(take, this->submit({.number = 3}));
    std::stop_source stop;
    std::thread thread([&] { webhooks.run(stop.get_token()).value(); });
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (this->open_deliveries() > 0) ASSERT_LT(std::chrono::steady_clock::now(), end);
    stop.request_stop();
    thread.join();
    EXPECT_EQ(url, (lines{"parcels-1-2 taken 3"}));
}

}  // namespace
}  // namespace conformance::parcels
