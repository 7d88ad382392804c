// Changes whose transaction is still open: in one of the caller's, on a handle of the caller's.
#include "parcels.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <thread>

namespace conformance::parcels {
namespace {

/// A transaction of the caller's own, and a store inside it.
template <class Backend>
class own_transaction;

template <>
class own_transaction<postgres_backend> {
public:
    explicit own_transaction(const postgres_backend& place)
        : handle_(PQconnectdb(place.conninfo().c_str())),
          inside_(sm::postgres::borrow(handle_).value()) {
        run("BEGIN");
    }
    ~own_transaction() { PQfinish(handle_); }
    own_transaction(const own_transaction&) = delete;
    own_transaction& operator=(const own_transaction&) = delete;

    void run(const char* sql) const { PQclear(PQexec(handle_, sql)); }
    sm::store<machine> store() { return store_on<machine>(inside_); }

private:
    PGconn* handle_;
    postgres_backend::database inside_;
};

template <>
class own_transaction<sqlite_backend> {
public:
    explicit own_transaction(const sqlite_backend& place)
        : handle_(opened(place)), inside_(sm::sqlite::borrow(handle_).value()) {
        run("BEGIN IMMEDIATE");
    }
    ~own_transaction() { sqlite3_close(handle_); }
    own_transaction(const own_transaction&) = delete;
    own_transaction& operator=(const own_transaction&) = delete;

    void run(const char* sql) const { sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); }
    sm::store<machine> store() { return store_on<machine>(inside_); }

private:
    static sqlite3* opened(const sqlite_backend& place) {
        sqlite3* handle = nullptr;
        sqlite3_open(place.where().c_str(), &handle);
        return handle;
    }
    sqlite3* handle_;
    sqlite_backend::database inside_;
};

template <class Backend>
class emits_in_a_transaction : public parcels_test<Backend> {
public:
    received given;
};
TYPED_TEST_SUITE(emits_in_a_transaction, backends, backend_names);

TYPED_TEST(emits_in_a_transaction, what_commits_with_it_or_not_at_all) {
    auto relay = this->relay(this->quick("a"), this->given);
    ASSERT_EQ(told(relay->join()), "success");
    const auto id = this->make_packed();
    this->drain(*relay);
    for (const char* end : {"ROLLBACK", "COMMIT"}) {
        own_transaction<TypeParam> mine(this->place);
        EXPECT_EQ(told(mine.store().fire(relabel, id, sm::any_version, {.mark = "x"})),
                  "provisional");
        mine.run(end);
    }
    EXPECT_EQ(this->outbox().size(), 3U);
    EXPECT_EQ(this->drain(*relay).delivered, 1U);
    EXPECT_EQ(this->given.told().back(), "1-4 relabelled");
}

class events_in_flight : public parcels_test<postgres_backend> {
public:
    received given;
};

TEST_F(events_in_flight, are_delivered_though_they_commit_after_later_ones) {
    auto relay = this->relay(quick("a"), given);
    ASSERT_EQ(told(relay->join()), "success");
    make_packed();
    make_packed();
    drain(*relay);
    own_transaction<postgres_backend> late(place);
    EXPECT_EQ(told(late.store().fire(relabel, 1, sm::any_version, {.mark = "x"})), "provisional");
    relabel_job(2);
    EXPECT_EQ(drain(*relay).delivered, 1U);
    EXPECT_EQ(given.told().back(), "2-4 relabelled");
    late.run("COMMIT");
    EXPECT_EQ(drain(*relay).delivered, 1U);
    EXPECT_EQ(given.told().back(), "1-4 relabelled");
}

TEST_F(events_in_flight, are_found_by_a_group_that_joined_meanwhile) {
    make_packed();
    own_transaction<postgres_backend> late(place);
    EXPECT_EQ(told(late.store().fire(relabel, 1, sm::any_version, {.mark = "x"})), "provisional");
    auto relay = this->relay(quick("a"), given);
    drain(*relay);
    EXPECT_EQ(given.told(), (lines{"1-2 taken", "1-3 approved"}));
    late.run("COMMIT");
    relabel_job(1);
    // Another replica looks for them at its start; the one that runs does so every few seconds.
    EXPECT_EQ(drain(*this->relay(quick("a"), given)).delivered, 2U);
    EXPECT_EQ(given.told(),
              (lines{"1-2 taken", "1-3 approved", "1-4 relabelled", "1-5 relabelled"}));
}

TEST_F(events_in_flight, stop_no_group_that_left_and_came_back_meanwhile) {
    auto relay = this->relay(quick("a"), given);
    ASSERT_EQ(told(relay->join()), "success");
    make_packed();
    drain(*relay);
    own_transaction<postgres_backend> late(place);
    EXPECT_EQ(told(late.store().fire(relabel, 1, sm::any_version, {.mark = "x"})), "provisional");
    EXPECT_TRUE(outbox_on(database).leave("a").value());
    received again;
    auto back = this->relay(quick("a"), again);
    ASSERT_EQ(told(back->join()), "success");
    late.run("COMMIT");
    drain(*back);
    EXPECT_EQ(again.told(), (lines{"1-2 taken", "1-3 approved", "1-4 relabelled"}));
}

TEST_F(events_in_flight, are_found_without_another_replica) {
    auto relay = this->relay(quick("a"), given);
    make_packed();
    own_transaction<postgres_backend> late(place);
    EXPECT_EQ(told(late.store().fire(relabel, 1, sm::any_version, {.mark = "x"})), "provisional");
    std::jthread at_work([&](const std::stop_token& stop) { relay->run(stop).value(); });
    EXPECT_TRUE(given.wait_for(2));
    late.run("COMMIT");
    EXPECT_TRUE(given.wait_for(3));
}

}  // namespace
}  // namespace conformance::parcels
