// What opens a connection, and what is under way on it, stands in no sentence when it fails.
#include "operations.hpp"

#include "support/conninfo.hpp"
#include "support/proxy.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace security {
namespace {

using statemachine::tests::fault;
using statemachine::tests::fault_proxy;

constexpr const char* canary = "kanarienvogel";

void expect_nothing_of(const sentences_said& said, std::initializer_list<std::string> secrets) {
    EXPECT_FALSE(said.all.empty());
    for (const std::string& each : said.all)
        for (const std::string& secret : secrets)
            EXPECT_EQ(each.find(secret), each.npos) << each << " shows " << secret;
}

class secrets_of_connections : public ::testing::Test {
protected:
    secrets_of_connections() { letters::store_type{owner}.migrate().value(); }

    /// Reached through the proxy, with secrets that the server does not ask for.
    std::string conninfo() const {
        const std::string all = place.conninfo();
        return statemachine::tests::read_conninfo(all).through(proxy.port()) +
               " password=" + canary + "-password passfile=/" + canary +
               "-file application_name=" + canary;
    }
    sm::postgres::database open() const {
        return sm::postgres::connect(conninfo(), {.deadline = 1s}).value();
    }

    conformance::postgres_backend place;
    conformance::postgres_backend::database owner = place.open();
    fault_proxy proxy{place.conninfo()};
    sentences_said said;
};

TEST_F(secrets_of_connections, are_in_no_sentence_when_it_breaks_at_any_place) {
    auto database = open();
    letters::store_type jobs{database, {.watch = &said}};
    const std::string mark{canary};
    int faults = 0;
    for (const auto kind : {fault::cut_request, fault::cut_reply}) {
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{40}, fault::everything}) {
            proxy.arm({.what = kind, .text = mark, .bytes = bytes, .times = 1000});
            said.add(jobs.submit({.text = mark}, {.key = mark, .actor = mark}));
            said.add(jobs.claim(letters::claim, {.owner = mark}));
            const int seen = proxy.seen().faults;
            EXPECT_GT(seen, faults);
            faults = seen;
            proxy.disarm();
        }
    }
    EXPECT_GT(said.errors, 0);
    expect_nothing_of(said, {mark, "127.0.0.1", "host=", place.where()});
}

TEST_F(secrets_of_connections, are_in_no_sentence_when_the_server_is_away_or_silent) {
    auto database = open();
    letters::store_type jobs{database, {.watch = &said}};
    const std::string mark{canary};
    proxy.refuse();
    proxy.cut();
    const int before = said.errors;
    said.add(jobs.submit({.text = mark}, {.key = mark}));
    said.add(jobs.claim(letters::claim, {.owner = mark}));
    said.add(sm::postgres::connect(conninfo(), {.deadline = 1s}));
    EXPECT_GE(said.errors, before + 3);
    proxy.accept();
    proxy.arm({.what = fault::lose_request, .text = mark, .times = 1000});
    said.add(jobs.submit({.text = mark}, {.key = mark}));
    EXPECT_GT(proxy.seen().faults, 0);
    proxy.disarm();
    expect_nothing_of(said, {mark, "127.0.0.1", "host=", place.where()});
}

TEST_F(secrets_of_connections, are_in_no_sentence_about_a_row_that_is_locked) {
    auto database = sm::postgres::connect(place.conninfo(), {.deadline = 500ms}).value();
    letters::store_type jobs{database, {.watch = &said}};
    const std::string mark{canary};
    const auto id = jobs.submit({.text = mark}, {.key = mark}).value()->id;
    const auto held = owner.transaction([&](auto& inside) {
        letters::store_type{inside}
            .fire(letters::annotate, id, sm::any_version, {mark})
            .value()
            .value();
        said.add(jobs.fire(letters::annotate, id, sm::any_version, {mark}, {.token = mark}));
        return sm::result<void>(sm::success());
    });
    ASSERT_TRUE(held);
    EXPECT_GT(said.errors, 0);
    expect_nothing_of(said, {mark});
}

TEST(secrets_of_files, are_in_no_sentence_when_the_disk_the_lock_or_the_file_fails) {
    sentences_said said;
    const std::string mark{canary};
    conformance::sqlite_backend place;
    auto database =
        sm::sqlite::open(place.where(), {.sync = sm::sqlite::durability::off, .deadline = 50ms})
            .value();
    letters::store_type jobs{database, {.watch = &said}};
    jobs.migrate().value();
    const auto id = jobs.submit({.text = mark}, {.key = mark}).value()->id;
    auto other = place.open();
    ASSERT_TRUE(other.transaction([&](auto& inside) {
        letters::store_type{inside}
            .fire(letters::annotate, id, sm::any_version, {mark})
            .value()
            .value();
        said.add(jobs.submit({.text = mark}, {.key = mark, .actor = mark}));
        return sm::result<void>(sm::success());
    }));
    EXPECT_GE(said.errors, 1) << "the lock was held";
    const auto before = said.errors;
    ASSERT_TRUE(database.transaction(
        [&](sm::sqlite::transaction&) { return sm::result<void>(sm::success()); }));
    said.add(sm::sqlite::open("/nowhere/" + mark + "/jobs.db"));
    const std::string damaged = place.where() + "-" + "damaged";
    std::ofstream(damaged) << mark << std::string(5000, 'x');
    said.add(sm::sqlite::open(damaged));
    std::filesystem::remove(damaged);
    EXPECT_EQ(said.errors, before + 2);
    for (const std::string& each : said.all)
        EXPECT_EQ(each.find(mark + "x"), each.npos) << each << " shows what is in the file";
}

}  // namespace
}  // namespace security
