// The proxy that other tests rely on does what they arm it with.
#include "raw.hpp"
#include "work.hpp"

#include "support/proxy.hpp"

namespace {

using namespace field;
using statemachine::tests::fault;
using statemachine::tests::fault_proxy;

/// A table that the server is asked about directly, and changed through the proxy.
class proxy : public testing::Test {
protected:
    proxy() { direct.run("CREATE TABLE proxied (n integer)"); }

    std::string rows() const { return direct.ask("SELECT count(*) FROM proxied"); }

    const place here;
    const raw direct{here.conninfo()};
    fault_proxy between{here.conninfo()};
};

constexpr const char* insert = "INSERT INTO proxied VALUES (1)";

TEST_F(proxy, passes_everything_when_nothing_is_armed) {
    const raw through(between.conninfo());
    EXPECT_EQ(through.ask("SELECT repeat('x', 1000000)").size(), 1'000'000u);
    EXPECT_EQ(through.ask("SELECT length('" + std::string(1'000'000, 'y') + "')"), "1000000");
    EXPECT_TRUE(through.prepared("one", "INSERT INTO proxied VALUES ($1)"));
    EXPECT_TRUE(through.executed("one", "7"));
    EXPECT_EQ(rows(), "1");
    const auto seen = between.seen();
    EXPECT_EQ(seen.connections, 1);
    EXPECT_EQ(seen.open, 1);
    EXPECT_EQ(seen.faults, 0);
    EXPECT_GT(seen.to_server, 1'000'000u);
    EXPECT_GT(seen.to_client, 1'000'000u);
    EXPECT_EQ(between.requests("INSERT"), 1);
}

TEST_F(proxy, cuts_a_request_that_the_server_never_gets) {
    between.arm({.what = fault::cut_request, .text = "INSERT"});
    const raw through(between.conninfo());
    EXPECT_TRUE(through.runs("SELECT 1"));
    EXPECT_FALSE(through.runs(insert));
    EXPECT_TRUE(through.is_dead());
    EXPECT_TRUE(between.wait_for_faults(1));
    EXPECT_EQ(rows(), "0");
    EXPECT_TRUE(raw(between.conninfo()).runs(insert));
    EXPECT_EQ(rows(), "1");
}

TEST_F(proxy, cuts_a_request_at_each_of_its_bytes) {
    const std::size_t size = 1 + 4 + std::string(insert).size() + 1;
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{4}, size / 2, size - 1}) {
        const raw through(between.conninfo());
        between.arm({.what = fault::cut_request, .text = "INSERT", .bytes = bytes});
        EXPECT_FALSE(through.runs(insert));
        EXPECT_TRUE(between.wait_for_answers());
        EXPECT_EQ(rows(), "0");
    }
    const raw through(between.conninfo());
    between.arm({.what = fault::cut_request, .text = "INSERT", .bytes = size});
    EXPECT_FALSE(through.runs(insert));
    EXPECT_TRUE(between.wait_for_answers());
    EXPECT_EQ(rows(), "1");
}

TEST_F(proxy, cuts_a_reply_after_the_server_has_done_the_work) {
    int done = 0;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{7}}) {
        between.arm({.what = fault::cut_reply, .text = "INSERT", .bytes = bytes});
        const raw through(between.conninfo());
        EXPECT_FALSE(through.runs(insert));
        EXPECT_TRUE(through.is_dead());
        EXPECT_TRUE(between.wait_for_faults(++done));
        EXPECT_EQ(rows(), std::to_string(done));
    }
    between.arm({.what = fault::cut_reply, .text = "INSERT", .bytes = fault::everything});
    const raw through(between.conninfo());
    EXPECT_TRUE(through.runs(insert));
    EXPECT_FALSE(through.runs(insert)) << "it was cut behind the reply";
    EXPECT_EQ(rows(), std::to_string(done + 1));
}

TEST_F(proxy, cuts_the_replies_of_prepared_statements_when_they_run_not_when_they_are_prepared) {
    between.arm({.what = fault::cut_reply, .text = "INSERT", .skip = 1, .times = 1});
    const raw through(between.conninfo());
    ASSERT_TRUE(through.prepared("one", "INSERT INTO proxied VALUES ($1)"));
    EXPECT_TRUE(through.executed("one", "1"));
    EXPECT_FALSE(through.executed("one", "2"));
    EXPECT_EQ(rows(), "2");
}

TEST_F(proxy, finds_a_request_by_a_value_that_it_carries) {
    between.arm({.what = fault::cut_request, .text = "4711"});
    const raw through(between.conninfo());
    ASSERT_TRUE(through.prepared("one", "INSERT INTO proxied VALUES ($1)"));
    EXPECT_TRUE(through.executed("one", "1"));
    EXPECT_FALSE(through.executed("one", "4711"));
    EXPECT_EQ(rows(), "1");
}

TEST_F(proxy, goes_silent_when_requests_or_replies_are_lost) {
    for (const auto what : {fault::lose_request, fault::lose_reply}) {
        direct.run("DELETE FROM proxied");
        const int before = between.seen().faults;
        between.arm({.what = what, .text = "INSERT"});
        const raw through(between.conninfo());
        through.send(insert);
        EXPECT_TRUE(between.wait_for_faults(before + 1));
        EXPECT_TRUE(between.wait_for_answers());
        EXPECT_EQ(rows(), what == fault::lose_reply ? "1" : "0");
        EXPECT_FALSE(through.hears_within(50ms));
        EXPECT_FALSE(through.is_dead());
    }
}

TEST_F(proxy, delivers_a_held_request_after_its_client_has_gone) {
    between.arm({.what = fault::hold_request, .text = "INSERT"});
    {
        const raw through(between.conninfo());
        through.send(insert);
        ASSERT_TRUE(between.wait_for_held(1));
    }
    EXPECT_TRUE(between.wait_for_open(0));
    EXPECT_EQ(rows(), "0");
    between.release();
    EXPECT_TRUE(between.wait_for_answers());
    EXPECT_EQ(rows(), "1");
    EXPECT_EQ(between.seen().held, 0);
}

TEST_F(proxy, delivers_a_held_request_to_a_client_that_waits) {
    between.arm({.what = fault::hold_request, .text = "INSERT"});
    const raw through(between.conninfo());
    through.send(insert);
    ASSERT_TRUE(between.wait_for_held(1));
    between.release();
    EXPECT_TRUE(through.hears_within(60s));
    EXPECT_EQ(rows(), "1");
}

TEST_F(proxy, refuses_new_connections_and_keeps_those_that_it_has) {
    const raw through(between.conninfo());
    between.refuse();
    EXPECT_THROW(raw(between.conninfo()), std::runtime_error);
    EXPECT_TRUE(through.runs(insert));
    between.accept();
    EXPECT_TRUE(raw(between.conninfo()).runs(insert));
    EXPECT_EQ(between.seen().connections, 2);
}

TEST_F(proxy, cuts_the_connections_that_a_test_names) {
    const raw first(between.conninfo() + " application_name=first");
    const raw second(between.conninfo() + " application_name=second");
    between.cut("first");
    EXPECT_FALSE(first.runs("SELECT 1"));
    EXPECT_TRUE(second.runs("SELECT 1"));
    between.cut();
    EXPECT_FALSE(second.runs("SELECT 1"));
}

TEST_F(proxy, cuts_and_holds_connections_that_begin) {
    between.arm({.what = fault::cut_request, .bytes = 9, .at_startup = true});
    EXPECT_THROW(raw(between.conninfo()), std::runtime_error);
    between.arm({.what = fault::cut_reply, .bytes = 20, .at_startup = true});
    EXPECT_THROW(raw(between.conninfo()), std::runtime_error);
    EXPECT_EQ(between.seen().faults, 2);
    EXPECT_TRUE(raw(between.conninfo()).runs(insert));
}

TEST_F(proxy, moves_nothing_while_it_is_paused) {
    const raw through(between.conninfo());
    between.pause();
    through.send(insert);
    EXPECT_FALSE(through.hears_within(50ms));
    EXPECT_EQ(rows(), "0");
    between.resume();
    EXPECT_TRUE(through.hears_within(60s));
    EXPECT_EQ(rows(), "1");
}

TEST_F(proxy, forgets_what_was_armed) {
    between.arm({.what = fault::cut_request, .times = 100});
    between.disarm();
    EXPECT_TRUE(raw(between.conninfo()).runs(insert));
    EXPECT_EQ(between.seen().faults, 0);
}

}  // namespace
