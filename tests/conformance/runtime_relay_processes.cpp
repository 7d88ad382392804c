// Relays in processes of their own that are killed and frozen at work.
#include "parcels.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

namespace conformance::parcels {
namespace {

constexpr int lane = 1;
constexpr std::string_view group = "a";

sm::relay_options one_by_one(std::chrono::milliseconds how_long) {
    sm::relay_options how{.group = std::string{group}, .from = sm::from::beginning};
    how.lease = how_long;
    how.tries = 100;
    how.batch = 2;
    how.threads = 1;
    how.poll = 20ms;
    return how;
}

// Meets the test inside the callable, twice; then goes on.
template <class Backend>
struct meets {
    static reports play(contender<Backend>& me) {
        auto relay =
            relay_on(me.database, one_by_one(60s), [&](const event_type&) -> sm::result<void> {
                me.gate.pass(lane, 2, 0);
                me.gate.pass(lane, 2, 1);
                return sm::success();
            });
        const auto done = relay->deliver_some().value();
        return {{"delivered", 0, 0, static_cast<std::int64_t>(done.delivered)},
                {"lost", 0, 0, static_cast<std::int64_t>(done.lost)}};
    }
};
const declared_role<meets> role_of_meeting{"relay_meets"};

// Does the same, works longer than half of its lease, and refuses the event.
template <class Backend>
struct refuses {
    static reports play(contender<Backend>& me) {
        const auto lease_of_two = 400ms;
        auto relay = relay_on(
            me.database, one_by_one(lease_of_two), [&](const event_type&) -> sm::result<void> {
                const auto end = std::chrono::steady_clock::now() + lease_of_two / 2;
                me.gate.pass(lane, 2, 0);
                me.gate.pass(lane, 2, 1);
                while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
                return sm::error(sm::errc::unexpected, "refused");
            });
        const auto done = relay->deliver_some().value();
        return {{"lost", 0, 0, static_cast<std::int64_t>(done.lost)},
                {"failed", 0, 0, static_cast<std::int64_t>(done.failed)}};
    }
};
const declared_role<refuses> role_of_refusing{"relay_refuses"};

// Notes what it is given in a table, until it is killed.
template <class Backend>
struct notes {
    static reports play(contender<Backend>& me) {
        auto relay = relay_on(
            me.database, one_by_one(200ms), [&](const event_type& event) -> sm::result<void> {
                me.place.execute("INSERT INTO notes (event, job, version) VALUES ('" + event.id +
                                 "', " + std::to_string(event.job) + ", " +
                                 std::to_string(event.version) + ")");
                return sm::success();
            });
        static_cast<void>(relay->run({}).value());
        return {};
    }
};
const declared_role<notes> role_of_noting{"relay_notes"};

template <class Backend>
class relay_process : public parcels_test<Backend> {
public:
    player start(const std::string& name) {
        return {name, Backend::database::dialect.name, this->place.where(), gate, 0, 1};
    }
    starting_gate gate;
    received given;
};
TYPED_TEST_SUITE(relay_process, backends, backend_names);

TYPED_TEST(relay_process, that_is_killed_in_its_callable_leaves_the_event_to_another) {
    this->claim(take, this->submit());
    auto relay = this->relay(one_by_one(60s), this->given);
    {
        auto first = this->start("relay_meets");
        this->gate.pass(lane, 2, 0);
        first.signal(SIGKILL);
    }
    EXPECT_EQ(this->drain(*relay).delivered, 0U);
    this->pass_delivery_time(61s);
    EXPECT_EQ(this->drain(*relay).delivered, 1U);
    EXPECT_EQ(this->given.all().at(0).tries, 2);
    EXPECT_EQ(this->given.all().at(0).epoch, 2);
}

TYPED_TEST(relay_process, that_was_frozen_past_its_lease_cannot_mark_what_another_one_holds) {
    this->claim(take, this->submit());
    auto frozen = this->start("relay_meets");
    this->gate.pass(lane, 2, 0);
    frozen.signal(SIGSTOP);
    this->pass_delivery_time(61s);
    reports of_frozen;
    auto relay = this->relay(one_by_one(60s), [&](const event_type&) -> sm::result<void> {
        frozen.signal(SIGCONT);
        this->gate.pass(lane, 2, 1);
        of_frozen = frozen.finish();
        return sm::error(sm::errc::unexpected, "not yet");
    });
    const auto done = relay->deliver_some().value();
    EXPECT_EQ(done.failed, 1U);
    EXPECT_EQ(of_frozen.at(0).number, 0) << "it marked what it no longer held";
    EXPECT_EQ(of_frozen.at(1).number, 1);
    EXPECT_EQ(this->open_deliveries(), 1);
}

TYPED_TEST(relay_process, that_was_frozen_past_its_lease_cannot_put_off_what_another_one_holds) {
    this->claim(take, this->submit());
    this->claim(take, this->submit());
    auto frozen = this->start("relay_refuses");
    this->gate.pass(lane, 2, 0);
    frozen.signal(SIGSTOP);
    this->pass_delivery_time(61s);
    reports of_frozen;
    auto relay = this->relay(one_by_one(60s), [&](const event_type&) -> sm::result<void> {
        if (!of_frozen.empty()) return sm::success();
        const std::string question =
            "SELECT tries, error, run_at FROM parcels_deliveries ORDER BY job";
        const auto before = this->place.query(question);
        frozen.signal(SIGCONT);
        this->gate.pass(lane, 2, 1);
        of_frozen = frozen.finish();
        EXPECT_EQ(this->place.query(question), before);
        return sm::success();
    });
    EXPECT_EQ(relay->deliver_some().value().delivered, 2U);
    EXPECT_EQ(of_frozen.at(0).number, 1);
    EXPECT_EQ(of_frozen.at(1).number, 0);
}

TYPED_TEST(relay_process, of_several_that_are_killed_at_work_skips_nothing_and_keeps_the_order) {
    const std::string number = TypeParam::database::dialect.arrays
                                   ? "bigint GENERATED ALWAYS AS IDENTITY"
                                   : "INTEGER PRIMARY KEY AUTOINCREMENT";
    this->place.execute("CREATE TABLE notes (number " + number +
                        ", event text, job bigint, version bigint)");
    const auto noted = [&] {
        return this->place.number("SELECT count(DISTINCT event) FROM notes");
    };
    int jobs = 0;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 5; ++i) {
            this->make_packed();
            this->relabel_job(++jobs);
        }
        std::vector<player> players;
        for (int i = 0; i < 2; ++i) players.push_back(this->start("relay_notes"));
        const auto before = noted();
        const auto end = std::chrono::steady_clock::now() + 60s;
        while (noted() < std::min<std::int64_t>(before + 5, 3 * jobs))
            ASSERT_LT(std::chrono::steady_clock::now(), end);
    }
    {
        auto last = this->start("relay_notes");
        const auto end = std::chrono::steady_clock::now() + 60s;
        while (this->open_deliveries() > 0) ASSERT_LT(std::chrono::steady_clock::now(), end);
    }
    EXPECT_EQ(noted(), 45);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM notes n WHERE EXISTS (SELECT 1 FROM notes e "
                                 "WHERE e.job = n.job AND e.number < n.number AND e.version > "
                                 "n.version)"),
              0);
}

}  // namespace
}  // namespace conformance::parcels
