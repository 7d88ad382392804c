// Claims of one job each that many threads of one process make at once, over one store: they may
// share a statement and a commit, and each is answered as if it had been alone.
#include "callers.hpp"

#include <support/proxy.hpp>

#include <algorithm>
#include <atomic>
#include <set>

namespace conformance::racing {
namespace {

using sm::tests::fault;
using sm::tests::fault_proxy;

constexpr int callers = 16;

/// What a caller was told, and of which job.
struct claimed {
    std::string said;
    std::int64_t id = 0;
    std::int64_t number = 0;
    std::string owner;
};

claimed claimed_by(sm::store<machine>& store, const std::string& owner) {
    const auto got = insist([&] { return store.claim(racing::claim, {.owner = owner}); });
    if (!got || !got.value()) return {told(got), 0, 0, {}};
    return {told(got), got.value()->id, got.value()->job.number, got.value()->owner};
}

template <class Backend>
class shared_claims : public races<Backend> {
public:
    /// All claim at once, the i-th as the owner of that number.
    std::vector<claimed> at_once(int owners = 1) {
        return all_at_once<claimed>(callers, [&](int i) {
            return claimed_by(this->store, "owner-" + std::to_string(i % owners));
        });
    }
    static std::set<std::int64_t> ids_of(const std::vector<claimed>& all) {
        std::set<std::int64_t> ids;
        for (const claimed& each : all)
            if (each.said == "applied") ids.insert(each.id);
        return ids;
    }
    std::string owner_of(std::int64_t id) const {
        return this->place.text("SELECT owner FROM racing_jobs WHERE id = " + std::to_string(id));
    }
    void expect_shared() const {
        if constexpr (std::is_same_v<Backend, postgres_backend>) {
            EXPECT_LT(
                this->transactions_of("claim"),
                this->place.number("SELECT count(*) FROM racing_jobs_log WHERE event = 'claim'"))
                << "no two shared a statement";
        }
    }
};
TYPED_TEST_SUITE(shared_claims, backends, backend_names);

constexpr int rounds = 15;

TYPED_TEST(shared_claims, give_each_caller_a_job_of_its_own) {
    this->make_jobs(rounds * callers);
    std::set<std::int64_t> all;
    for (int round = 0; round < rounds; ++round) {
        const auto got = this->at_once();
        for (const claimed& each : got) {
            EXPECT_EQ(each.said, "applied");
            EXPECT_EQ(each.number, each.id - 1) << "the content of another job";
        }
        // Those that are due longest, whoever gets which.
        for (const std::int64_t id : this->ids_of(got)) {
            EXPECT_LE(id, (round + 1) * callers);
            EXPECT_TRUE(all.insert(id).second) << "claimed twice: " << id;
        }
    }
    EXPECT_EQ(all.size(), static_cast<std::size_t>(rounds * callers));
    this->expect_shared();
}

TYPED_TEST(shared_claims, leave_the_others_without_when_jobs_run_out) {
    for (int round = 0; round < rounds; ++round) {
        const int jobs = round % 5;
        for (int i = 0; i < jobs; ++i) this->submit({});
        const auto got = this->at_once();
        EXPECT_EQ(this->ids_of(got).size(), static_cast<std::size_t>(jobs));
        EXPECT_EQ(std::ranges::count(got, "applied", &claimed::said), jobs);
        EXPECT_EQ(std::ranges::count(got, "rejected: none_due", &claimed::said), callers - jobs);
    }
}

TYPED_TEST(shared_claims, are_each_made_in_the_name_of_their_owner) {
    this->make_jobs(rounds * callers);
    for (int round = 0; round < rounds; ++round) {
        const auto got = this->at_once(3);
        EXPECT_EQ(this->ids_of(got).size(), static_cast<std::size_t>(callers));
        for (std::size_t i = 0; i < got.size(); ++i) {
            EXPECT_EQ(got[i].owner, "owner-" + std::to_string(i % 3));
            EXPECT_EQ(this->owner_of(got[i].id), got[i].owner);
        }
    }
}

TYPED_TEST(shared_claims, pass_by_jobs_that_were_tried_too_often) {
    this->make_runs(3 * callers);
    this->run_out(3 * callers);
    // Two in three have no attempt left, but not the first: a claim that found nothing else would
    // end all of them.
    for (int id = 1; id <= 3 * callers; ++id)
        if (id % 3 != 1)
            this->place.execute("UPDATE racing_jobs SET attempts = 3 WHERE id = " +
                                std::to_string(id));
    const auto got = this->at_once();
    EXPECT_EQ(this->ids_of(got).size(), static_cast<std::size_t>(callers));
    for (const claimed& each : got) {
        EXPECT_EQ(each.said, "applied");
        EXPECT_EQ(each.id % 3, 1);
    }
}

TYPED_TEST(shared_claims, go_beside_steps_of_other_callers) {
    this->make_jobs(rounds * callers);
    std::atomic<int> ended{0};
    const auto all = all_at_once<std::string>(callers, [&](int) {
        for (;;) {
            const auto run = this->store.claim(racing::claim, {.owner = "worker"});
            if (run && run.value().rejected()) return told(run);
            if (!run || !run.value()) continue;
            if (insist([&] { return this->store.fire(finish, *run.value(), {"done"}); })
                    .value()
                    .applied())
                ++ended;
        }
    });
    for (const std::string& each : all) EXPECT_EQ(each, "rejected: none_due");
    EXPECT_EQ(ended, rounds * callers);
    this->expect_shared();
}

TYPED_TEST(shared_claims, of_one_job_by_its_id_have_one_winner) {
    this->make_jobs(rounds);
    for (int id = 1; id <= rounds; ++id) {
        said counts;
        for (const auto& each : all_at_once<std::string>(callers, [&](int i) {
                 const auto owner = "owner-" + std::to_string(i);
                 return told(insist(
                     [&] { return this->store.claim_by_id(racing::claim, id, {.owner = owner}); }));
             }))
            ++counts[each];
        EXPECT_EQ(counts, (said{{"applied", 1}, {"rejected: lease_held", callers - 1}}));
    }
}

TYPED_TEST(shared_claims, of_jobs_by_their_ids_are_answered_each_for_its_own) {
    this->make_runs(1);
    for (int i = 1; i < rounds * callers; ++i) this->submit({});
    for (int round = 0; round < rounds - 1; ++round) {
        const auto all = all_at_once<std::string>(callers, [&](int i) {
            const std::int64_t free = 2 + round * callers + i;
            return told(insist([&] {
                return this->store.claim_by_id(racing::claim, i % 2 == 0 ? 1 : free,
                                               {.owner = "worker"});
            }));
        });
        for (std::size_t i = 0; i < all.size(); ++i)
            EXPECT_EQ(all[i], i % 2 == 0 ? "rejected: lease_held" : "applied");
    }
}

TYPED_TEST(shared_claims, of_one_job_without_attempts_end_it_once) {
    this->make_runs(rounds);
    this->run_out(rounds);
    this->place.execute("UPDATE racing_jobs SET attempts = 3");
    for (int id = 1; id <= rounds; ++id) {
        said counts;
        for (const auto& each : all_at_once<std::string>(callers, [&](int) {
                 return told(insist([&] {
                     return this->store.claim_by_id(racing::claim, id, {.owner = "worker"});
                 }));
             }))
            ++counts[each];
        EXPECT_EQ(counts, (said{{"rejected: attempts_exhausted", 1},
                                {"rejected: wrong_state", callers - 1}}));
    }
}

class shared_claims_in_trouble : public races<postgres_backend> {
public:
    std::vector<claimed> at_once(sm::store<machine>& by) {
        return all_at_once<claimed>(callers, [&](int) { return claimed_by(by, "worker"); });
    }
    std::int64_t logged() const {
        return place.number("SELECT count(*) FROM racing_jobs_log WHERE event = 'claim'");
    }
};

TEST_F(shared_claims_in_trouble, whose_reply_was_lost_are_told_of_the_jobs_that_they_got) {
    fault_proxy proxy{place.conninfo()};
    postgres_backend::database far(sm::postgres::connect(proxy.conninfo()).value());
    auto far_store = store_on<machine>(far);
    std::int64_t given = 0;
    int faults = 0;
    // The first to come asks for itself alone, the others behind it together.
    for (const fault& each :
         {fault{.what = fault::cut_reply, .text = "FOR UPDATE SKIP LOCKED", .skip = 1},
          fault{
              .what = fault::cut_reply, .text = "FOR UPDATE SKIP LOCKED", .bytes = 60, .skip = 1}})
        for (int again = 0; again < 3; ++again) {
            proxy.arm(each);
            ++faults;
            for (int tries = 0; tries < 100 && proxy.seen().faults < faults; ++tries) {
                for (int i = 0; i < callers; ++i) submit({});
                std::set<std::int64_t> ids;
                for (const claimed& one : at_once(far_store)) {
                    EXPECT_EQ(one.said, "applied");
                    EXPECT_TRUE(ids.insert(one.id).second) << "given twice: " << one.id;
                }
                given += static_cast<std::int64_t>(ids.size());
            }
            ASSERT_EQ(proxy.seen().faults, faults);
            proxy.disarm();
        }
    EXPECT_EQ(logged(), given);
    EXPECT_LT(transactions_of("claim"), logged()) << "no two shared a statement";
}

TEST_F(shared_claims_in_trouble, are_not_spoiled_by_a_job_that_the_table_refuses) {
    make_jobs(3 * callers);
    place.execute("ALTER TABLE racing_jobs ADD CHECK (id <> " + std::to_string(callers) +
                  " OR state = 'waiting')");
    int refused = 0;
    for (const claimed& each : at_once(store)) {
        if (each.said == "applied") continue;
        EXPECT_NE(each.said, "rejected: none_due");
        ++refused;
    }
    EXPECT_LE(refused, 2);
    EXPECT_EQ(logged(), callers - refused);
}

TEST_F(shared_claims_in_trouble, of_a_locked_job_are_retryable_and_not_unknown) {
    make_jobs(1);
    postgres_backend::database hasty_database(
        sm::postgres::connect(place.conninfo(), {.deadline = 4s}).value());
    auto hasty = store_on<machine>(hasty_database);
    postgres_backend beside{place.where()};
    beside.execute("BEGIN; UPDATE racing_jobs SET steps = steps");
    const auto all = all_at_once<std::string>(callers, [&](int) {
        return told(hasty.claim_by_id(racing::claim, 1, {.owner = "worker"}));
    });
    beside.execute("COMMIT");
    for (const std::string& each : all) EXPECT_EQ(each, "retryable");
    EXPECT_EQ(logged(), 0);
}

TEST_F(shared_claims_in_trouble, answer_by_the_deadline_when_the_whole_table_is_locked) {
    make_jobs(callers);
    postgres_backend::database hasty_database(
        sm::postgres::connect(place.conninfo(), {.deadline = 500ms}).value());
    auto hasty = store_on<machine>(hasty_database);
    postgres_backend beside{place.where()};
    beside.execute("BEGIN; LOCK TABLE racing_jobs IN EXCLUSIVE MODE");
    const auto began = std::chrono::steady_clock::now();
    const auto all = all_at_once<std::string>(
        callers, [&](int) { return told(hasty.claim(racing::claim, {.owner = "worker"})); });
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    beside.execute("COMMIT");
    std::int64_t unknown = 0;
    for (const std::string& each : all) {
        EXPECT_TRUE(each == "retryable" || each == "unknown") << each;
        unknown += each == "unknown" ? 1 : 0;
    }
    EXPECT_LE(logged(), unknown) << "a claim that was not made may be made again";
}

}  // namespace
}  // namespace conformance::racing
