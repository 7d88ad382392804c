// Whatever step of a call fails, and however: its answer fits the rows, the promises hold, and the
// next call works.
#include "conformance/backend.hpp"
#include "failing_session.hpp"
#include "history/parcel.hpp"

#include <statemachine/testing/check.hpp>
#include <statemachine/testing/recorder.hpp>

namespace {

using namespace steps;
using namespace std::chrono_literals;
using parcel::machine;
using recorder = sm::testing::recorder<machine>;
using run_type = recorder::run_type;

template <class Backend>
class prepared {
public:
    prepared() { jobs().unrecorded().migrate().value(); }

    recorder jobs() { return recorder(database, *seen, "before"); }

    /// Jobs 1 to 4 wait, jobs 5 and 6 are carried, job 7 is beyond its lease.
    void begin_anew() {
        empty();
        seen = std::make_unique<sm::testing::history>();
        runs.clear();
        std::vector<sm::store<machine>::submission> all(7);
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i].job.address = "Rue " + std::to_string(i + 1);
            all[i].key = "key-" + std::to_string(i + 1);
        }
        recorder before = jobs();
        for (auto& each : before.submit_many(all)) each.value().value();
        for (const int id : {5, 6}) runs.push_back(*before.claim_by_id(parcel::carry, id).value());
        // By nobody whose promised lease would count: it is the test that cuts it short.
        runs.push_back(
            *before.unrecorded().claim_by_id(parcel::carry, 7, {.owner = "gone"}).value());
        run_out(7);
    }

    std::vector<std::string> breaches() {
        std::vector<std::string> all;
        for (const auto& each : sm::testing::check<machine>(database, *seen))
            all.push_back(each.text());
        return all;
    }

    Backend place;
    typename Backend::database database = place.open();
    std::unique_ptr<sm::testing::history> seen = std::make_unique<sm::testing::history>();
    std::vector<run_type> runs;

private:
    static constexpr bool on_server = !Backend::database::dialect.millisecond.empty();

    void empty() {
        if (on_server) {
            place.execute(
                "TRUNCATE parcel_jobs, parcel_jobs_log, parcel_jobs_tokens, parcel_jobs_outbox "
                "RESTART IDENTITY");
            return;
        }
        place.execute(
            "BEGIN; DELETE FROM parcel_jobs; DELETE FROM parcel_jobs_log; "
            "DELETE FROM parcel_jobs_tokens; DELETE FROM parcel_jobs_outbox; "
            "DELETE FROM sqlite_sequence; COMMIT");
    }

    // The log is moved along with the row, as if the claim had been longer ago.
    void run_out(std::int64_t id) {
        place.pass_time(machine.table, id, 61s);
        place.execute("UPDATE parcel_jobs_log SET lease_until = lease_until - " +
                      std::string(on_server ? "interval '61 seconds'" : "61000") +
                      " WHERE job = " + std::to_string(id));
    }
};

using call = std::function<void(recorder&, const std::vector<run_type>&)>;
using named_call = std::pair<const char*, call>;

const named_call all_submits[] = {
    {"submit", [](recorder& jobs, auto&) { std::ignore = jobs.submit({.address = "x"}); }},
    {"submit by key",
     [](recorder& jobs, auto&) { std::ignore = jobs.submit({.address = "x"}, {.key = "new"}); }},
    {"submit a key again",
     [](recorder& jobs, auto&) {
         std::ignore = jobs.submit({.address = "Rue 1"}, {.key = "key-1"});
     }},
    {"submit_many",
     [](recorder& jobs, auto&) {
         std::ignore = jobs.submit_many({{.job = {.address = "x"}, .key = "x"},
                                         {.job = {.address = "y"}},
                                         {.job = {.address = "Rue 2"}, .key = "key-2"}});
     }},
};

const named_call all_claims[] = {
    {"claim", [](recorder& jobs, auto&) { std::ignore = jobs.claim(parcel::carry); }},
    {"claim_many", [](recorder& jobs, auto&) { std::ignore = jobs.claim_many(parcel::carry, 3); }},
    {"claim_by_id",
     [](recorder& jobs, auto&) { std::ignore = jobs.claim_by_id(parcel::carry, 2); }},
    {"claim_by_id of a held job",
     [](recorder& jobs, auto&) { std::ignore = jobs.claim_by_id(parcel::carry, 5); }},
    {"claim_by_id beyond a lease",
     [](recorder& jobs, auto&) { std::ignore = jobs.claim_by_id(parcel::carry, 7); }},
};

const named_call all_renewals[] = {
    {"renew", [](recorder& jobs, auto& runs) { std::ignore = jobs.renew(runs[0]); }},
    {"renew_many", [](recorder& jobs, auto& runs) { std::ignore = jobs.renew_many(runs); }},
};

const named_call all_steps[] = {
    {"fire",
     [](recorder& jobs, auto& runs) { std::ignore = jobs.fire(parcel::deliver, runs[0], {"me"}); }},
    {"fire by token",
     [](recorder& jobs, auto& runs) {
         std::ignore = jobs.fire(parcel::deliver, runs[0], {"me"}, "token");
     }},
    {"fire what repeats",
     [](recorder& jobs, auto& runs) { std::ignore = jobs.fire(parcel::stop_over, runs[0]); }},
    {"fire a stale run",
     [](recorder& jobs, auto& runs) {
         run_type stale = runs[0];
         stale.epoch = 0;
         std::ignore = jobs.fire(parcel::deliver, stale, {"me"}, "token");
     }},
    {"fire_many",
     [](recorder& jobs, auto& runs) {
         std::ignore = jobs.fire_many<parcel::receipt>(
             parcel::deliver, {{runs[1], {"me"}, "token"}, {runs[0], {"me"}}});
     }},
};

const named_call all_others[] = {
    {"control",
     [](recorder& jobs, auto&) { std::ignore = jobs.control(parcel::stop, 1, sm::version{1}); }},
    {"control by token",
     [](recorder& jobs, auto&) {
         std::ignore = jobs.control(parcel::stop, 5, sm::any_version, "stop-5");
     }},
    {"resolve",
     [](recorder& jobs, auto& runs) { std::ignore = jobs.resolve(runs[0].id, "never-sent"); }},
    {"sweep", [](recorder& jobs, auto&) { std::ignore = jobs.sweep(); }},
    {"read", [](recorder& jobs, auto&) { std::ignore = jobs.unrecorded().read(1); }},
    {"list", [](recorder& jobs, auto&) { std::ignore = jobs.unrecorded().list(parcel::waiting); }},
    {"history", [](recorder& jobs, auto&) { std::ignore = jobs.unrecorded().history(5); }},
    {"migrate", [](recorder& jobs, auto&) { std::ignore = jobs.unrecorded().migrate(); }},
};

/// All of them where a run costs little. A server gets one of each kind for each step, and meets
/// the others at other steps.
template <class Backend>
std::vector<failure> kinds_of(int step) {
    const bool all = Backend::database::dialect.name == std::string_view("sqlite") ||
                     std::getenv("STATEMACHINE_SEEDS") != nullptr;
    if (all) return {std::begin(all_failures), std::end(all_failures)};
    constexpr failure to_send_again[] = {failure::busy, failure::deadlock, failure::serialization,
                                         failure::not_connected};
    constexpr failure final[] = {failure::constraint, failure::disk_full};
    return {to_send_again[step % 4], final[step % 2], failure::lost_before, failure::lost_after};
}

template <class Backend>
class failing_steps : public ::testing::Test {
public:
    /// @return whether the step was reached
    bool fail_once(const call& made, int at, failure how) {
        all.begin_anew();
        plan what{.at = at, .how = how};
        failing_database<typename Backend::database> database(all.database, what);
        recorder disturbed(database, *all.seen, "disturbed");
        made(disturbed, all.runs);
        EXPECT_EQ(all.breaches(), std::vector<std::string>{}) << all.seen->text();
        if (!what.failed) return false;
        settle_what_is_in_doubt(disturbed);
        // The same connection goes on.
        what.at = 0;
        disturbed.submit({.address = "after"}, {.key = "after"}).value().value();
        const auto run = *disturbed.claim(parcel::carry).value();
        EXPECT_TRUE(disturbed.fire(parcel::deliver, run, {"me"}, "after").value().applied());
        EXPECT_EQ(all.breaches(), std::vector<std::string>{}) << all.seen->text();
        return true;
    }

    /// Every step of these calls, in every way.
    void fail_each_step(std::span<const named_call> calls) {
        constexpr int far_more_than_any_call_has = 100;
        for (const auto& [name, made] : calls) {
            int at = 1;
            for (bool reached = true; reached && at < far_more_than_any_call_has; ++at)
                for (const failure how : kinds_of<Backend>(at)) {
                    SCOPED_TRACE(std::string(name) + ", step " + std::to_string(at) + ", failure " +
                                 std::to_string(static_cast<int>(how)));
                    reached = fail_once(made, at, how);
                    if (this->HasFailure()) return;
                    if (!reached) break;
                }
            EXPECT_GT(at, 2) << name << " was never disturbed";
            EXPECT_LT(at, far_more_than_any_call_has) << name;
        }
    }

    prepared<Backend> all;

private:
    // The token tells what became of it, the same each time.
    void settle_what_is_in_doubt(recorder& jobs) {
        for (const auto& each : all.seen->calls()) {
            if (!each.unsettled() || each.id == 0 || each.token.empty()) continue;
            for (int twice = 0; twice < 2; ++twice)
                EXPECT_TRUE(jobs.resolve(each.id, each.token)) << all.seen->text();
        }
    }
};

TYPED_TEST_SUITE(failing_steps, conformance::backends, conformance::backend_names);

TYPED_TEST(failing_steps, of_submits_leave_answers_that_fit_the_rows) {
    this->fail_each_step(all_submits);
}
TYPED_TEST(failing_steps, of_claims_leave_answers_that_fit_the_rows) {
    this->fail_each_step(all_claims);
}
TYPED_TEST(failing_steps, of_renewals_leave_answers_that_fit_the_rows) {
    this->fail_each_step(all_renewals);
}
TYPED_TEST(failing_steps, of_changes_leave_answers_that_fit_the_rows) {
    this->fail_each_step(all_steps);
}
TYPED_TEST(failing_steps, of_other_calls_leave_answers_that_fit_the_rows) {
    this->fail_each_step(all_others);
}

// On SQLite in one transaction; on PostgreSQL each of the two is one by itself.
TYPED_TEST(failing_steps, of_a_refused_call_are_the_change_and_the_look_for_its_reason) {
    this->all.begin_anew();
    run_type stale = this->all.runs[0];
    stale.epoch = 0;
    const named_call refused[] = {
        {"claim",
         [](recorder& jobs, auto&) {
             EXPECT_TRUE(jobs.claim_by_id(parcel::carry, 5).value().rejected());
         }},
        {"fire",
         [&](recorder& jobs, auto&) {
             EXPECT_TRUE(jobs.fire(parcel::deliver, stale, {"me"}).value().rejected());
         }},
        {"control",
         [](recorder& jobs, auto&) {
             EXPECT_TRUE(jobs.control(parcel::stop, 1, sm::version{7}).value().rejected());
         }},
        {"renew",
         [&](recorder& jobs, auto&) { EXPECT_TRUE(jobs.renew(stale).value().rejected()); }},
    };
    const int transactions = TypeParam::database::dialect.one_statement ? 2 : 1;
    for (const auto& [name, made] : refused) {
        plan counted;
        failing_database<typename TypeParam::database> database(this->all.database, counted);
        recorder jobs(database, *this->all.seen, "counted");
        made(jobs, this->all.runs);
        EXPECT_EQ(counted.taken, transactions + 2) << name;
    }
}

// What the job was for a moment is no reason.
TEST(change_that_a_trigger_removes, is_undone_and_told_as_retryable) {
    prepared<conformance::sqlite_backend> all;
    all.begin_anew();
    all.place.execute(
        "CREATE TRIGGER removes AFTER UPDATE ON parcel_jobs BEGIN "
        "DELETE FROM parcel_jobs WHERE id = NEW.id; END");
    recorder jobs = all.jobs();
    EXPECT_TRUE(jobs.fire(parcel::deliver, all.runs[0], {"me"}).value().retryable());
    EXPECT_TRUE(jobs.unrecorded().read(all.runs[0].id).value());
}

TYPED_TEST(failing_steps, of_a_claim_use_up_one_attempt_however_late_its_reply_is_looked_for) {
    for (int at = 1;; ++at) {
        this->all.begin_anew();
        plan what{.at = at, .how = failure::lost_after};
        what.when_it_failed = [this] { this->all.place.pass_time(machine.table, 2, 61s); };
        failing_database<typename TypeParam::database> database(this->all.database, what);
        recorder jobs(database, *this->all.seen, "disturbed");
        const auto got = jobs.claim_by_id(parcel::carry, 2);
        ASSERT_TRUE(got && got.value().applied()) << "step " << at;
        EXPECT_EQ(this->all.place.number("SELECT epoch FROM parcel_jobs WHERE id = 2"), 1);
        EXPECT_EQ(got.value()->epoch, 1);
        if (!what.failed) return;
    }
}

TYPED_TEST(failing_steps, of_a_transaction_leave_all_of_it_or_nothing) {
    int reached = 0;
    for (int at = 1;; ++at) {
        for (const failure how : kinds_of<TypeParam>(at)) {
            this->all.begin_anew();
            plan what{.at = at, .how = how};
            const auto ended = this->all.database.transaction([&](auto& inside) {
                failing_database<std::remove_cvref_t<decltype(inside)>> database(inside, what);
                recorder jobs(database, *this->all.seen, "inside");
                const auto made = jobs.submit({.address = "x"}, {.key = "inside"});
                const auto did = jobs.fire(parcel::deliver, this->all.runs[0], {"me"}, "inside");
                if (made && made.value().provisional() && did && did.value().provisional())
                    return sm::result<void>(sm::success());
                return sm::result<void>(sm::error(sm::errc::refused, "not all of it"));
            });
            const auto read = sm::testing::reader_of(this->all.database.connection());
            const auto left = read("SELECT event FROM parcel_jobs_log WHERE actor = 'inside'", 1);
            ASSERT_EQ(left.size(), ended ? 2U : 0U) << at << this->all.seen->text();
            ASSERT_EQ(this->all.breaches(), std::vector<std::string>{});
            if (!what.failed) {
                EXPECT_TRUE(ended);
                EXPECT_GE(reached, 4);
                return;
            }
        }
        reached = at;
    }
}

}  // namespace
