// Events, and effects of the user's own, in the transaction of the change.
#include <statemachine/statemachine.hpp>
#include <statemachine/testing/simulation.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { ordered, packing, sent, lost };
using enum state;

struct order {
    std::string what;
};

constexpr sm::event<> pack{"pack"}, send{"send"}, put_back{"put_back"};
constexpr sm::column columns[] = {{"what", sm::field<&order::what>, sm::identity}};
constexpr sm::named<state> states[] = {{ordered, "ordered"},
                                       {packing, "packing"},
                                       {sent, "sent", sm::terminal},
                                       {lost, "lost", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = pack,
     .from = ordered,
     .to = packing,
     .lease = 20s,
     .max_attempts = 8,
     .expired = ordered,
     .exhausted = lost,
     .emit_exhausted = "lost"},
    {.on = send, .from = packing, .to = sent, .emit = "sent"},
    {.on = put_back, .from = packing, .to = ordered},
};
constexpr sm::machine<state, order> machine{.table = "orders",
                                            .initial = ordered,
                                            .columns = columns,
                                            .states = states,
                                            .transitions = transitions};

using simulation = sm::testing::simulation<machine>;
using process = simulation::process;

sm::result<void> note(sqlite3* handle, std::int64_t id) {
    const std::string sql = "INSERT INTO notes VALUES (" + std::to_string(id) + ")";
    if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return sm::error(sm::errc::unexpected, "no note was made");
    return sm::success();
}

// Sends it and notes it, both or neither, as often as it takes to know.
void send_and_note(process& me, const simulation::run_type& run) {
    me.pass(std::chrono::seconds{me.random(15)});
    if (me.random(5) == 0) return me.insist([&] { return me.jobs.fire(put_back, run); });
    for (;;) {
        auto did = me.database.transact([&](auto& inside) -> sm::result<void> {
            sm::testing::recorder<machine> jobs(inside, me.seen, me.database.client());
            auto fired = jobs.fire(send, run, me.token(run));
            if (!fired) return std::move(fired).error();
            if (!fired.value().provisional()) return sm::success();
            return note(inside.handle(), run.id);
        });
        if (did || did.error().what_is_known() == sm::fate::not_applied) return;
        me.pass(1s);
    }
}

TEST(simulated_events, come_once_for_each_change_and_notes_with_them) {
    std::size_t sent_jobs = 0;
    const std::size_t seeds = sm::testing::seeds_to_try(100);
    const std::uint64_t first = sm::testing::first_seed();
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        simulation orders(seed, {.longest_pause = 40s});
        auto& database = orders.runs_in().undisturbed();
        database
            .transaction([](auto& inside) -> sm::result<void> {
                sqlite3_exec(inside.handle(), "CREATE TABLE notes (job INTEGER)", nullptr, nullptr,
                             nullptr);
                return sm::success();
            })
            .value();
        orders.client("shop", [](process& me) {
            for (const char* key : {"a", "b", "c"})
                me.insist([&] { return me.jobs.submit({.what = key}, {.key = key}); });
        });
        orders.worker("packer-1", pack, send_and_note);
        orders.worker("packer-2", pack, send_and_note);
        orders.sweeper("sweeper", 10s);
        const auto done = orders.run();
        ASSERT_TRUE(done.sound()) << done.text();

        const auto read = sm::testing::reader_of(database.connection());
        const auto unequal = read(
            "SELECT CAST(id AS TEXT) FROM orders WHERE (state = 'sent') <> "
            "(SELECT count(*) FROM notes WHERE job = id)",
            1);
        ASSERT_TRUE(unequal.empty()) << "seed " << seed << "\n" << done.history;
        sent_jobs += read("SELECT CAST(id AS TEXT) FROM orders WHERE state = 'sent'", 1).size();
    }
    EXPECT_GE(sent_jobs, 2 * seeds);
}

}  // namespace
