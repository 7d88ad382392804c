// In which order jobs are claimed, and what can be read of them.
#include "fixture.hpp"

#include <algorithm>
#include <limits>

namespace conformance {
namespace {

template <class Backend>
class order_of_claims : public on_queue<Backend> {
public:
    std::vector<std::int64_t> claimed_one_by_one() {
        std::vector<std::int64_t> ids;
        for (;;) {
            const auto run = this->store.claim(queue::claim, {.owner = "w"}).value();
            if (!run) return ids;
            ids.push_back(run->id);
        }
    }
    sm::timestamp now() {
        const auto id = this->submit();
        const auto now = this->read(id).created_at;
        this->store.fire(queue::cancel, id, sm::any_version).value().value();
        return now;
    }
};
TYPED_TEST_SUITE(order_of_claims, backends, backend_names);

TYPED_TEST(order_of_claims, is_priority_then_time_then_id) {
    const auto now = this->now();
    const auto job = [&](int priority, std::chrono::minutes ago) {
        return this->submit({}, {.priority = priority, .run_at = now - ago});
    };
    const auto a = job(0, 1min);
    const auto b = job(0, 1min);
    const auto c = job(0, 5min);
    const auto d = job(7, 1min);
    const auto e = job(7, 2min);
    const auto f = job(std::numeric_limits<std::int32_t>::max(), 1min);
    const auto g = job(std::numeric_limits<std::int32_t>::min(), 60min);
    const auto h = job(-1, 30min);
    EXPECT_EQ(this->claimed_one_by_one(), (std::vector<std::int64_t>{f, e, d, c, a, b, h, g}));
}

TYPED_TEST(order_of_claims, in_a_batch_takes_the_first_and_gives_them_by_priority) {
    const auto now = this->now();
    const auto job = [&](int priority, std::chrono::minutes ago) {
        return this->submit({}, {.priority = priority, .run_at = now - ago});
    };
    const auto late = job(0, 1min);
    const auto low = job(0, 9min);
    const auto middle = job(3, 1min);
    const auto high = job(5, 1min);
    const auto first = this->store.claim_many(queue::claim, 3, {.owner = "w"}).value();
    std::vector<std::int64_t> ids;
    for (const auto& run : *first) ids.push_back(run.id);
    EXPECT_EQ(ids, (std::vector<std::int64_t>{high, middle, low}));
    const auto rest = this->store.claim_many(queue::claim, 3, {.owner = "w"}).value();
    ASSERT_EQ(rest->size(), 1U);
    EXPECT_EQ(rest->at(0).id, late);
    EXPECT_EQ(told(this->store.claim_many(queue::claim, 3, {.owner = "w"})), "rejected: none_due");
}

TYPED_TEST(order_of_claims, passes_over_jobs_of_high_priority_that_are_not_due) {
    std::vector<typename TestFixture::store_type::submission> early(100);
    for (std::size_t i = 0; i < early.size(); ++i)
        early[i].options = {.priority = static_cast<std::int32_t>(9 + i % 3), .delay = 1h};
    this->store.submit_many(early);
    const auto due = this->submit();
    EXPECT_EQ(this->claimed_one_by_one(), std::vector<std::int64_t>{due});
}

TYPED_TEST(order_of_claims, leaves_a_job_alone_until_its_time) {
    const auto delayed = this->submit({}, {.delay = 1h});
    const auto dated = this->submit({}, {.delay = 0ms, .run_at = this->now() + 2h});
    const auto both = this->submit({}, {.delay = 5h, .run_at = this->now() - 1s});
    EXPECT_EQ(this->claimed_one_by_one(), std::vector<std::int64_t>{both});
    for (const auto id : {delayed, dated}) {
        EXPECT_EQ(told(this->store.claim_by_id(queue::claim, id, {.owner = "w"})),
                  "rejected: not_due");
        this->pass_time(id, 59min);
    }
    EXPECT_EQ(this->claimed_one_by_one(), std::vector<std::int64_t>{});
    this->pass_time(delayed, 2min);
    EXPECT_EQ(this->claimed_one_by_one(), std::vector<std::int64_t>{delayed});
    this->pass_time(dated, 2h);
    EXPECT_EQ(this->claimed_one_by_one(), std::vector<std::int64_t>{dated});
}

TYPED_TEST(order_of_claims, includes_jobs_whose_lease_ran_out) {
    const auto lost = this->submit({}, {.priority = 5});
    const auto held = this->submit({}, {.priority = 5});
    this->claim(queue::claim, lost);
    this->claim(queue::claim, held);
    const auto waiting = this->submit();
    this->pass_time(lost, queue::lease + 1s);
    EXPECT_EQ(this->claimed_one_by_one(), (std::vector<std::int64_t>{lost, waiting}));
}

template <class Backend>
class reading : public on_queue<Backend> {};
TYPED_TEST_SUITE(reading, backends, backend_names);

TYPED_TEST(reading, an_unknown_job_finds_nothing) {
    EXPECT_EQ(this->store.read(1).value().has_value(), false);
    EXPECT_EQ(this->store.read(-1).value().has_value(), false);
    EXPECT_EQ(this->store.history(1).value().size(), 0U);
    EXPECT_EQ(this->store.list(queue::queued).value().size(), 0U);
}

TYPED_TEST(reading, a_job_shows_all_of_its_row) {
    const auto id = this->submit({.payload = "p"}, {.key = "k", .priority = -3, .actor = "me"});
    auto now = this->read(id);
    EXPECT_EQ(now.id, id);
    EXPECT_EQ(now.state, queue::queued);
    EXPECT_EQ(now.version, 1);
    EXPECT_EQ(now.epoch, 0);
    EXPECT_EQ(now.attempts, 0);
    EXPECT_EQ(now.owner, std::nullopt);
    EXPECT_EQ(now.lease_until, std::nullopt);
    EXPECT_EQ(now.priority, -3);
    EXPECT_EQ(now.key, "k");
    EXPECT_EQ(now.error, std::nullopt);
    EXPECT_GE(now.changed_at, now.created_at);
    EXPECT_EQ(now.job.payload, "p");
    const auto created = now.created_at;
    const auto run = this->claim(queue::claim, id, "worker \xc3\xa9");
    now = this->read(id);
    EXPECT_EQ(now.owner, "worker \xc3\xa9");
    EXPECT_EQ(now.lease_until, run.lease_until);
    EXPECT_EQ(now.created_at, created);
    EXPECT_EQ(now.version, run.version);
    EXPECT_EQ(run.owner, "worker \xc3\xa9");
}

TYPED_TEST(reading, the_history_tells_each_change_in_order) {
    const auto id = this->submit({}, {.actor = "submitter"});
    const auto run = this->claim(queue::claim, id, "w1");
    this->store.fire(queue::hand_back, run).value().value();
    this->store.fire(queue::cancel, id, sm::any_version, {.actor = "operator"}).value().value();
    const auto entries = this->history(id);
    ASSERT_EQ(entries.size(), 4U);
    const std::vector<std::string> events{"submit", "claim", "hand_back", "cancel"};
    const std::vector<std::string> states{"queued", "running", "queued", "cancelled"};
    const std::vector<std::string> actors{"submitter", "w1", "w1", "operator"};
    for (std::size_t i = 0; i < entries.size(); ++i) {
        EXPECT_EQ(entries[i].version, static_cast<std::int64_t>(i + 1));
        EXPECT_EQ(entries[i].event, events[i]);
        EXPECT_EQ(entries[i].to, states[i]);
        EXPECT_EQ(entries[i].actor, actors[i]);
        EXPECT_EQ(entries[i].epoch, i == 0 ? 0 : 1);
        EXPECT_EQ(entries[i].from, i == 0 ? std::nullopt : std::optional(states[i - 1]));
        EXPECT_GE(entries[i].at, entries[i == 0 ? 0 : i - 1].at);
    }
    EXPECT_EQ(entries[1].lease_until, run.lease_until);
    EXPECT_EQ(entries[2].lease_until, std::nullopt);
    EXPECT_EQ(entries[0].actor, "submitter");
}

TYPED_TEST(reading, the_history_comes_in_pages) {
    const auto id = this->submit();
    for (int i = 0; i < 4; ++i)
        this->store.fire(queue::annotate, id, sm::any_version, {"x"}).value().value();
    const auto versions = [&](const sm::history_options& page) {
        std::vector<std::int64_t> all;
        const auto entries = this->store.history(id, page).value();
        for (const auto& each : entries) all.push_back(each.version);
        return all;
    };
    EXPECT_EQ(versions({.after = 0, .limit = 2}), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(versions({.after = 2, .limit = 2}), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(versions({.after = 4, .limit = 2}), std::vector<std::int64_t>{5});
    EXPECT_EQ(versions({.after = 5, .limit = 2}), std::vector<std::int64_t>{});
}

TYPED_TEST(reading, a_list_comes_in_pages_by_id) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(this->submit({}, {.priority = 5 - i}));
    this->store.fire(queue::cancel, ids[1], sm::any_version).value().value();
    const auto page = [&](queue::state state, const sm::list_options& options) {
        std::vector<std::int64_t> all;
        const auto records = this->store.list(state, options).value();
        for (const auto& each : records) all.push_back(each.id);
        return all;
    };
    using found = std::vector<std::int64_t>;
    EXPECT_EQ(page(queue::queued, {.after = 0, .limit = 2}), (found{ids[0], ids[2]}));
    EXPECT_EQ(page(queue::queued, {.after = ids[2], .limit = 2}), (found{ids[3], ids[4]}));
    EXPECT_EQ(page(queue::queued, {.after = ids[4], .limit = 2}), found{});
    EXPECT_EQ(page(queue::cancelled, {}), found{ids[1]});
}

template <class Backend>
class state_of_another_version : public on_queue<Backend> {
public:
    std::int64_t strange(const sm::submit_options& options = {}) {
        const auto id = this->submit({}, options);
        this->place.execute_unchecked(
            queue::table,
            "UPDATE queue_jobs SET state = 'from_the_future' WHERE id = " + std::to_string(id));
        return id;
    }
};
TYPED_TEST_SUITE(state_of_another_version, backends, backend_names);

TYPED_TEST(state_of_another_version, takes_no_other_renewal_of_its_batch_with_it) {
    std::vector<typename TestFixture::run_type> runs;
    for (int i = 0; i < 2; ++i) runs.push_back(this->claim(queue::claim, this->submit()));
    this->place.execute_unchecked(
        queue::table,
        "UPDATE queue_jobs SET state = 'from_the_future' WHERE id = " + std::to_string(runs[0].id));
    const auto renewed = this->store.renew_many(runs).value();
    EXPECT_EQ(told(renewed[0]), "rejected: wrong_state");
    EXPECT_EQ(told(renewed[1]), "applied");
}

TYPED_TEST(state_of_another_version, is_a_typed_error_of_every_call_for_that_job) {
    const auto id = this->strange({.key = "k"});
    const auto before = this->stored();
    const std::string wanted = "error: undeclared_value";
    EXPECT_EQ(told(this->store.read(id)), wanted);
    EXPECT_EQ(told(this->store.submit({}, {.key = "k"})), wanted);
    EXPECT_EQ(told(this->store.claim_by_id(queue::claim, id, {.owner = "w"})), wanted);
    EXPECT_EQ(told(this->store.fire(queue::cancel, id, sm::any_version)), wanted);
    EXPECT_EQ(told(this->store.fire(queue::cancel, id, sm::version{1}, {.token = "t"})), wanted);
    typename TestFixture::run_type run;
    run.id = id;
    EXPECT_EQ(told(this->store.renew(run)), wanted);
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"x"})), wanted);
    EXPECT_EQ(this->stored(), before);
    const auto read = this->store.read(id);
    EXPECT_NE(read.error().message().find("from_the_future"), std::string::npos);
}

TYPED_TEST(state_of_another_version, does_not_stand_in_the_way_of_other_jobs) {
    this->strange({.priority = 9});
    const auto id = this->submit();
    const auto lost = this->submit({}, {.priority = 1});
    this->claim(queue::claim, lost);
    this->pass_time(lost, queue::lease + 1s);
    this->strange();
    EXPECT_EQ(this->store.sweep().value().expired, 1U);
    EXPECT_EQ(this->store.claim(queue::claim, {.owner = "w"}).value()->id, lost);
    EXPECT_EQ(this->store.claim_many(queue::claim, 5, {.owner = "w"}).value()->at(0).id, id);
    EXPECT_EQ(this->store.list(queue::running).value().size(), 2U);
    EXPECT_EQ(told(this->store.fire(queue::cancel, id, sm::any_version)), "applied");
}

template <class Backend>
class value_of_another_version : public on_queue<Backend> {
public:
    // The payload is mandatory here, and was not in the version that wrote the row.
    std::int64_t strange(const sm::submit_options& options = {}) {
        const auto id = this->submit({.payload = "p"}, options);
        if constexpr (std::is_same_v<Backend, sqlite_backend>)
            this->place.execute(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
                "replace(sql, '\"payload\" TEXT NOT NULL ON CONFLICT FAIL', '\"payload\" TEXT'); "
                "PRAGMA writable_schema = OFF; CREATE TABLE schema_changes (n)");
        else
            this->place.execute("ALTER TABLE queue_jobs ALTER COLUMN payload DROP NOT NULL");
        this->place.execute("UPDATE queue_jobs SET payload = NULL WHERE id = " +
                            std::to_string(id));
        return id;
    }
};
TYPED_TEST_SUITE(value_of_another_version, backends, backend_names);

TYPED_TEST(value_of_another_version, is_claimed_by_id_and_said_to_be) {
    const auto id = this->strange();
    const auto got = this->store.claim_by_id(queue::claim, id, {.owner = "w"});
    ASSERT_EQ(told(got), "unknown");
    EXPECT_EQ(got.value().cause()->code(), sm::errc::unreadable_change);
    EXPECT_NE(got.value().cause()->message().find("payload"), std::string::npos);
    EXPECT_EQ(this->place.text("SELECT state FROM queue_jobs"), "running");
    EXPECT_EQ(this->history(id).back().event, "claim");
    EXPECT_EQ(told(this->store.read(id)), "error: undeclared_value");
}

TYPED_TEST(value_of_another_version, is_claimed_as_the_next_and_said_to_be) {
    this->strange();
    const auto got = this->store.claim(queue::claim, {.owner = "w"});
    ASSERT_EQ(told(got), "unknown");
    EXPECT_EQ(got.value().cause()->code(), sm::errc::unreadable_change);
    EXPECT_EQ(this->place.text("SELECT state FROM queue_jobs"), "running");
    EXPECT_EQ(told(this->store.claim(queue::claim, {.owner = "w"})), "rejected: none_due");
}

TYPED_TEST(value_of_another_version, takes_no_other_job_of_the_claim_with_it) {
    const auto first = this->submit({.payload = "a"}, {.priority = 1});
    const auto strange = this->strange();
    const auto last = this->submit({.payload = "b"}, {.priority = -1});
    const auto runs = this->store.claim_many(queue::claim, 5, {.owner = "w"}).value();
    ASSERT_EQ(told(runs), "applied");
    ASSERT_EQ(runs->size(), 2U);
    EXPECT_EQ(runs->at(0).id, first);
    EXPECT_EQ(runs->at(1).id, last);
    EXPECT_EQ(told(this->store.fire(queue::complete, runs->at(1), {"done"})), "applied");
    this->pass_time(strange, queue::lease + 1s);
    EXPECT_EQ(this->store.sweep().value().expired, 1U);
}

}  // namespace
}  // namespace conformance
