// Each promise that the checker looks at is broken once, in the rows or in what callers were told.
#include "parcel.hpp"

#include <statemachine/sqlite.hpp>
#include <statemachine/testing/check.hpp>
#include <statemachine/testing/recorder.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace {

namespace sm = statemachine;
using namespace std::chrono_literals;
using parcel::machine;
using sm::testing::breach;
using sm::testing::call_kind;
using sm::testing::call_record;

class checked : public ::testing::Test {
public:
    checked() {
        jobs.unrecorded().migrate().value();
        submitted = jobs.submit({.address = "Rue 1"}, {.key = "first"}).value()->id;
        run = *jobs.claim(parcel::carry).value();
        static_cast<void>(jobs.renew(run));
        delivery = jobs.fire(parcel::deliver, run, {"me"}, "token-1").value()->version;
        jobs.submit({.address = "Rue 2"}).value().value();
        calls = seen.calls();
    }

    void sql(const std::string& text) {
        database
            .transaction([&](auto& inside) -> sm::result<void> {
                char* words = nullptr;
                const int code =
                    sqlite3_exec(inside.handle(), text.c_str(), nullptr, nullptr, &words);
                const std::string why = words != nullptr ? words : "";
                sqlite3_free(words);
                if (code != SQLITE_OK) return sm::error(sm::errc::unexpected, why);
                return sm::success();
            })
            .value();
    }

    std::vector<breach> found() {
        const auto& declared = sm::detail::described<machine>::value;
        const auto read = sm::testing::reader_of(database.connection());
        auto all = sm::testing::check_rows(declared, read);
        for (auto& each : sm::testing::check_history(declared, sm::dialect_of_sqlite, read, calls))
            all.push_back(std::move(each));
        return all;
    }

    /// That this promise is found broken, with something that shows it.
    void expect(int invariant, std::string_view promise) {
        std::string all;
        for (const breach& each : found()) {
            all += each.text() + "\n";
            if (each.invariant != invariant || each.promise != promise) continue;
            EXPECT_FALSE(each.shown_by.empty());
            return;
        }
        ADD_FAILURE() << "not found: " << promise << "\n" << all;
    }

    call_record& latest(call_kind what) {
        for (auto each = calls.rbegin(); each != calls.rend(); ++each)
            if (each->what == what) return *each;
        throw std::logic_error("there is no such call");
    }
    /// The same call again, with the same answer, by somebody else.
    call_record& repeat(const call_record& call) {
        call_record other = call;
        other.client = "other";
        other.began = calls.back().ended + 1;
        other.ended = other.began + 1;
        return calls.emplace_back(std::move(other));
    }

    sm::sqlite::database database = sm::sqlite::open(":memory:").value();
    sm::testing::history seen;
    sm::testing::recorder<machine> jobs{database, seen, "one"};
    std::int64_t submitted = 0;
    std::int64_t delivery = 0;
    sm::testing::recorder<machine>::run_type run;
    std::vector<call_record> calls;
};

TEST_F(checked, finds_nothing_in_a_sound_history) {
    for (const breach& each : found()) ADD_FAILURE() << each.text();
    EXPECT_EQ(calls.size(), 5U);
}

TEST_F(checked, finds_a_state_that_is_not_declared) {
    sql("DROP TRIGGER parcel_jobs_state_update; UPDATE parcel_jobs SET state = 'gone'");
    expect(1, "every state is declared");
}
TEST_F(checked, finds_a_row_beside_its_log) {
    sql("UPDATE parcel_jobs SET state = 'lost' WHERE id = 1");
    expect(1, "the log ends in the state of the row, and each version has its entry");
}
TEST_F(checked, finds_a_gap_in_the_log) {
    sql("DELETE FROM parcel_jobs_log WHERE version = 2");
    expect(1, "the log has no gap");
}
TEST_F(checked, finds_a_missing_beginning) {
    sql("UPDATE parcel_jobs_log SET event = 'carry' WHERE version = 1");
    expect(1, "the log of each job starts with its submission");
}
TEST_F(checked, finds_a_terminal_state_that_was_left) {
    sql("INSERT INTO parcel_jobs_log SELECT job, version + 1, 'stop', to_state, 'stopped', epoch, "
        "actor, at, NULL, nonce FROM parcel_jobs_log WHERE to_state = 'delivered'");
    expect(1, "a terminal state is left by nothing");
    expect(1, "every change is declared");
}

TEST_F(checked, finds_an_epoch_that_is_not_that_of_the_latest_claim) {
    sql("UPDATE parcel_jobs_log SET epoch = 0 WHERE event = 'deliver'");
    expect(2, "each change carries the epoch of the latest claim, and the epoch counts the claims");
}
TEST_F(checked, finds_a_lease_without_an_owner) {
    sql("UPDATE parcel_jobs SET lease_until = 5 WHERE id = 2");
    expect(2, "a job has an owner and a lease exactly while it is leased");
}
TEST_F(checked, finds_a_claim_of_a_live_lease) {
    const auto second = *jobs.claim(parcel::carry).value();
    sql("UPDATE parcel_jobs SET lease_until = 5, run_at = 5 WHERE id = 2");
    static_cast<void>(jobs.claim_by_id(parcel::carry, second.id));
    expect(2, "nobody claims a job before its lease has run out");
}
TEST_F(checked, finds_a_renewed_lease_that_was_cut_short) {
    const auto second = *jobs.claim(parcel::carry).value();
    sql("UPDATE parcel_jobs SET lease_until = 5, run_at = 5 WHERE id = 2");
    sql("UPDATE parcel_jobs_log SET lease_until = 5 WHERE job = 2");
    sm::testing::recorder<machine> other{database, seen, "two"};
    static_cast<void>(other.claim_by_id(parcel::carry, second.id));
    calls = seen.calls();
    expect(2, "no lease is cut short that its holder was promised");
}
TEST_F(checked, finds_two_that_were_told_that_they_won) {
    repeat(latest(call_kind::step));
    expect(2, "one call is told that it made a version");
}
TEST_F(checked, finds_an_epoch_that_was_handed_out_twice) {
    repeat(latest(call_kind::claim)).got.front().version = 77;
    expect(2, "an epoch is handed out once");
}
TEST_F(checked, finds_a_renewal_of_a_stale_run) {
    call_record& later = repeat(latest(call_kind::claim));
    later.got.front().epoch = 2;
    repeat(latest(call_kind::renew));
    expect(2, "nobody renews after a later claim");
}

TEST_F(checked, finds_an_acknowledged_change_that_is_not_there) {
    latest(call_kind::step).got.front().version = 99;
    expect(3, "what was acknowledged is in the log, as it was told");
}
TEST_F(checked, finds_a_change_by_a_call_that_was_refused) {
    latest(call_kind::step).status = sm::status::rejected;
    latest(call_kind::step).got.clear();
    expect(3, "what was refused is not in the log");
}
TEST_F(checked, allows_a_change_by_a_call_that_nobody_heard_of) {
    latest(call_kind::step).status = sm::status::unknown;
    latest(call_kind::step).got.clear();
    for (const breach& each : found()) ADD_FAILURE() << each.text();
}
TEST_F(checked, allows_a_claim_that_was_cancelled_before_its_lost_reply_was_found) {
    const auto second = *jobs.claim(parcel::carry).value();
    calls = seen.calls();
    latest(call_kind::claim).got.clear();
    expect(3, "what was refused is not in the log");
    jobs.control(parcel::stop, second.id, sm::any_version).value().value();
    calls = seen.calls();
    latest(call_kind::claim).got.clear();
    for (const breach& each : found()) ADD_FAILURE() << each.text();
}
TEST_F(checked, finds_a_verdict_that_does_not_hold) {
    call_record& asked = repeat(latest(call_kind::step));
    asked.what = call_kind::resolve;
    asked.status = sm::status::rejected;
    asked.reason = sm::reason::never_applied;
    asked.got.clear();
    expect(3, "the verdict of resolve holds in the rows");
    expect(3, "what resolve said never happened never happens");
}
TEST_F(checked, finds_two_verdicts) {
    call_record& asked = repeat(latest(call_kind::step));
    asked.what = call_kind::resolve;
    asked.status = sm::status::already_applied;
    repeat(asked).got.front().version = 2;
    expect(3, "resolve says the same each time");
}
TEST_F(checked, finds_a_token_without_its_change) {
    sql("UPDATE parcel_jobs_tokens SET version = 50");
    expect(3, "each token stands for one entry of the log");
}

TEST_F(checked, finds_a_token_that_made_two_changes) {
    call_record& again = repeat(latest(call_kind::step));
    again.status = sm::status::already_applied;
    again.got.front().version = 2;
    expect(4, "a token makes one change, and all are told of that one");
}
TEST_F(checked, finds_a_token_that_was_taken_for_another_content) {
    call_record& again = repeat(latest(call_kind::step));
    again.status = sm::status::already_applied;
    again.content = "signed_by=you";
    expect(4, "a token makes one change, and all are told of that one");
}
TEST_F(checked, finds_a_change_with_two_tokens) {
    sql("INSERT INTO parcel_jobs_tokens SELECT job, 'token-2', event, fingerprint, version, at, "
        "from_state, to_state, epoch FROM parcel_jobs_tokens");
    expect(4, "a change has one token");
}

TEST_F(checked, finds_a_key_with_two_jobs) {
    call_record& again = repeat(calls.front());
    again.status = sm::status::already_applied;
    again.got.front().id = 2;
    expect(5, "a key names one job, and one content");
}
TEST_F(checked, finds_a_key_with_two_rows) {
    sql("DROP INDEX parcel_jobs_key; UPDATE parcel_jobs SET key = 'first'");
    expect(5, "a key belongs to one job");
}

TEST_F(checked, finds_a_job_that_is_gone) {
    sql("DELETE FROM parcel_jobs WHERE id = 1");
    expect(6, "no job is lost that a submit acknowledged");
    expect(6, "a log belongs to a job");
}
TEST_F(checked, finds_a_job_that_nobody_submitted) {
    jobs.unrecorded().submit({.address = "Rue 3"}).value().value();
    expect(6, "no job is invented");
}
TEST_F(checked, finds_attempts_beyond_the_maximum) {
    sql("UPDATE parcel_jobs SET attempts = 5 WHERE id = 1");
    expect(6, "attempts stay within the maximum");
    expect(6, "attempts count claims");
}

TEST_F(checked, finds_a_change_without_its_event) {
    sql("DELETE FROM parcel_jobs_outbox");
    expect(7, "each emitting change has one event");
}
TEST_F(checked, finds_an_event_without_its_change) {
    sql("INSERT INTO parcel_jobs_outbox SELECT 2, version, part, topic, at, generation FROM "
        "parcel_jobs_outbox");
    expect(7, "no event is without its change");
}
TEST_F(checked, finds_an_event_of_a_change_that_emits_nothing) {
    sql("INSERT INTO parcel_jobs_outbox SELECT job, 2, part, topic, at, generation FROM "
        "parcel_jobs_outbox");
    expect(7, "no other change has one");
}

TEST_F(checked, finds_a_sweep_of_a_live_lease) {
    static_cast<void>(jobs.claim(parcel::carry));
    sql("UPDATE parcel_jobs SET lease_until = 5, run_at = 5 WHERE id = 2");
    static_cast<void>(jobs.sweep());
    expect(8, "nobody hands a job back before its lease has run out");
}
TEST_F(checked, finds_a_batch_above_its_limit) {
    call_record& claim = latest(call_kind::claim);
    claim.got.push_back(claim.got.front());
    expect(8, "a batch holds at most its limit, each job once");
}

}  // namespace
