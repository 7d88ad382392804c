// Changes of others that have not committed yet. A connection of the test holds them open, so that
// the moment between a search and its change lasts. SQLite has none: one writer at a time.
#include "races.hpp"

#include <future>

namespace conformance::racing {
namespace {

class changes_in_flight : public races<postgres_backend> {
public:
    changes_in_flight() : pid_(beside_.text("SELECT pg_backend_pid()")) {}

    /// Opens a transaction with this change in it.
    void begin(const std::string& change) { beside_.execute("BEGIN; " + change); }

    /// Waits until the call is through, or waits for the open transaction.
    template <class Future>
    bool waits(const Future& call) const {
        const std::string question =
            "SELECT count(*) FROM pg_stat_activity WHERE " + pid_ + " = ANY(pg_blocking_pids(pid))";
        for (;;) {
            if (call.wait_for(1ms) == std::future_status::ready) return false;
            if (place.number(question) > 0) return true;
        }
    }

    void commit() { beside_.execute("COMMIT"); }

private:
    postgres_backend beside_{place.where()};
    std::string pid_;
};

TEST_F(changes_in_flight, a_claim_takes_the_next_job_instead_of_waiting_for_one_in_change) {
    make_jobs(2);
    begin("UPDATE racing_jobs SET steps = steps WHERE id = 1");
    auto call =
        std::async(std::launch::async, [&] { return store.claim(racing::claim, {.owner = "w"}); });
    EXPECT_FALSE(waits(call));
    commit();
    auto got = call.get();
    ASSERT_EQ(told(got), "applied");
    EXPECT_EQ(got.value()->id, 2);
}

constexpr const char* withdrawal =
    "UPDATE racing_jobs SET state = 'withdrawn', version = 2 WHERE id = 1; "
    "INSERT INTO racing_jobs_log (job, version, event, from_state, to_state, epoch, at, nonce) "
    "SELECT id, version, 'withdraw', 'waiting', state, epoch, changed_at, '\\x00' FROM "
    "racing_jobs WHERE id = 1";

TEST_F(changes_in_flight, a_claim_does_not_undo_a_withdrawal) {
    make_jobs(1);
    begin(withdrawal);
    auto call =
        std::async(std::launch::async, [&] { return store.claim(racing::claim, {.owner = "w"}); });
    static_cast<void>(waits(call));
    commit();
    EXPECT_EQ(told(call.get()), "rejected: none_due");
    EXPECT_EQ(name_of(read(1).state), "withdrawn");
}

TEST_F(changes_in_flight, a_claim_by_id_does_not_undo_a_withdrawal) {
    make_jobs(1);
    begin(withdrawal);
    auto call = std::async(std::launch::async,
                           [&] { return store.claim_by_id(racing::claim, 1, {.owner = "w"}); });
    EXPECT_TRUE(waits(call)) << "the claim did not meet the withdrawal";
    commit();
    EXPECT_EQ(told(call.get()), "rejected: wrong_state");
}

TEST_F(changes_in_flight, a_sweep_neither_waits_for_a_renewal_nor_ends_its_lease) {
    make_runs(1);
    run_out(1);
    begin(
        "UPDATE racing_jobs SET lease_until = lease_until + interval '1 hour', "
        "run_at = run_at + interval '1 hour' WHERE id = 1");
    auto call = std::async(std::launch::async, [&] { return store.sweep(); });
    EXPECT_FALSE(waits(call));
    commit();
    auto swept = call.get();
    ASSERT_EQ(told(swept), "success");
    EXPECT_EQ(swept.value().expired, 0U);
    EXPECT_EQ(name_of(read(1).state), "working");
}

}  // namespace
}  // namespace conformance::racing
