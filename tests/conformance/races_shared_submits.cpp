// Jobs that many threads of one process submit at once, over one store: they may share statements
// and commits, and each is answered as if it had been alone.
#include "callers.hpp"

#include <statemachine/observer.hpp>
#include <support/proxy.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

namespace conformance::racing {
namespace {

using sm::tests::fault;
using sm::tests::fault_proxy;

constexpr int callers = 16;
constexpr int rounds = 15;

template <class Backend>
class shared_submits : public races<Backend> {
public:
    template <class Call>
    static auto at_once(Call make) {
        return all_at_once<std::invoke_result_t<Call, int>>(callers, make);
    }
    report submits(const job& what, const sm::submit_options& how = {}) {
        return reported(0, insist([&] { return this->store.submit(what, how); }));
    }
    std::int64_t jobs() const { return this->place.number("SELECT count(*) FROM racing_jobs"); }
    std::int64_t logged() const {
        return this->place.number("SELECT count(*) FROM racing_jobs_log WHERE event = 'submit'");
    }
};
TYPED_TEST_SUITE(shared_submits, backends, backend_names);

TYPED_TEST(shared_submits, are_each_made_with_their_own_content) {
    std::set<std::int64_t> ids;
    for (int round = 0; round < rounds; ++round) {
        const auto answers = this->at_once([&](int i) {
            const std::string key = "key-" + std::to_string(round * callers + i);
            return this->submits({.number = i}, {.key = i % 3 == 0 ? key : std::string_view{},
                                                 .priority = i,
                                                 .delay = std::chrono::hours(i % 4),
                                                 .actor = i % 2 == 0 ? "even" : "odd"});
        });
        for (int i = 0; i < callers; ++i) {
            const auto& got = answers[static_cast<std::size_t>(i)];
            ASSERT_EQ(got.said, "applied");
            const auto stored = this->read(got.id);
            ids.insert(stored.id);
            EXPECT_EQ(stored.job.number, i);
            EXPECT_EQ(stored.priority, i);
            EXPECT_EQ(std::chrono::round<std::chrono::hours>(stored.run_at - stored.created_at),
                      std::chrono::hours(i % 4));
            EXPECT_EQ(stored.key.has_value(), i % 3 == 0);
            EXPECT_EQ(this->history(stored.id).at(0).actor, i % 2 == 0 ? "even" : "odd");
        }
    }
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(rounds * callers));
    EXPECT_EQ(this->logged(), rounds * callers);
    if constexpr (std::is_same_v<TypeParam, postgres_backend>) {
        EXPECT_LT(this->transactions_of("submit"), this->logged()) << "no two shared a statement";
    }
}

TYPED_TEST(shared_submits, of_one_key_make_one_job) {
    for (int round = 0; round < rounds; ++round) {
        const std::string key = "key-" + std::to_string(round);
        said counts;
        std::set<std::int64_t> ids;
        for (const auto& each : this->at_once(
                 [&](int i) { return this->submits({.number = i == 5 ? 1 : 0}, {.key = key}); })) {
            ++counts[each.said];
            if (each.id != 0) ids.insert(each.id);
        }
        EXPECT_EQ(counts["applied"], 1);
        EXPECT_EQ(counts["already_applied"] + counts["rejected: key_conflict"], callers - 1);
        EXPECT_EQ(ids.size(), 1U);
    }
    EXPECT_EQ(this->jobs(), rounds);
    EXPECT_EQ(this->logged(), rounds);
}

struct partings final : sm::observer {
    void observed(const sm::observation& seen) noexcept override {
        calls += seen.event == "submit" ? 1 : 0;
        if (seen.parted != nullptr && seen.parted->code() == sm::errc::constraint_violated)
            ++parted;
    }
    std::atomic<int> calls{0}, parted{0};
};

TYPED_TEST(shared_submits, that_the_table_refuses_spoil_no_others_and_are_told_of) {
    if constexpr (std::is_same_v<TypeParam, sqlite_backend>)
        this->place.execute(
            "CREATE TRIGGER picky BEFORE INSERT ON racing_jobs WHEN NEW.number = 7 "
            "BEGIN SELECT RAISE(ABORT, 'picky'); END");
    else
        this->place.execute("ALTER TABLE racing_jobs ADD CHECK (number <> 7)");
    partings seen;
    auto watched = store_on<machine>(this->database, {.watch = &seen});
    for (int round = 0; round < rounds; ++round) {
        const auto answers = this->at_once(
            [&](int i) { return told(insist([&] { return watched.submit({.number = i}); })); });
        for (std::size_t i = 0; i < answers.size(); ++i)
            EXPECT_EQ(answers[i], i == 7 ? "error: constraint_violated" : "applied");
    }
    EXPECT_EQ(seen.calls, rounds * callers);
    if constexpr (std::is_same_v<TypeParam, postgres_backend>) {
        EXPECT_GT(seen.parted, 0);
    }
    EXPECT_EQ(this->logged(), rounds * (callers - 1));
}

class shared_submits_in_trouble : public shared_submits<postgres_backend> {};

constexpr const char* hold_a_key =
    "BEGIN; INSERT INTO racing_jobs (state, version, epoch, attempts, run_at, priority, key, "
    "fingerprint, created_at, changed_at, rule, number, steps) VALUES "
    "('waiting', 1, 0, 0, now(), 0, 'held', '', now(), now(), 0, 0, 0)";

TEST_F(shared_submits_in_trouble, do_not_wait_for_a_key_that_another_transaction_holds) {
    postgres_backend beside{place.where()};
    beside.execute(hold_a_key);
    std::vector<std::future<std::string>> stuck;
    for (int round = 0; round < rounds; ++round) {
        std::vector<std::future<std::string>> others;
        for (int i = 0; i < callers; ++i) {
            const std::string_view key = i == 3 && round % 5 == 0 ? "held" : "";
            (key.empty() ? others : stuck).push_back(std::async(std::launch::async, [this, i, key] {
                return submits({.number = i}, {.key = key}).said;
            }));
        }
        // Sooner than the calls give up by themselves.
        const auto soon = std::chrono::steady_clock::now() + 10s;
        for (auto& each : others) {
            if (each.wait_until(soon) != std::future_status::ready) {
                beside.execute("ROLLBACK");
                FAIL() << "they wait for a key that is not theirs";
            }
            EXPECT_EQ(each.get(), "applied");
        }
    }
    beside.execute("ROLLBACK");
    said counts;
    for (auto& each : stuck) ++counts[each.get()];
    EXPECT_EQ(counts, (said{{"applied", 1}, {"already_applied", 2}}));
    EXPECT_EQ(jobs(), rounds * callers - 2);
}

// Triggers may lose connections of their own, such as to a foreign server.
TEST_F(shared_submits_in_trouble, are_not_in_doubt_for_a_connection_that_a_trigger_has_lost) {
    place.execute(R"(
        CREATE FUNCTION far() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'no reply' USING ERRCODE = '08006'; END $$;
        CREATE TRIGGER far BEFORE INSERT ON racing_jobs FOR EACH ROW
            WHEN (NEW.number = 7) EXECUTE FUNCTION far())");
    for (int round = 0; round < rounds; ++round) {
        const auto answers = at_once(
            [&](int i) { return told(insist([&] { return store.submit({.number = i}); })); });
        for (std::size_t i = 0; i < answers.size(); ++i)
            EXPECT_EQ(answers[i], i == 7 ? "error: unexpected" : "applied");
    }
    EXPECT_EQ(logged(), rounds * (callers - 1));
}

// By the column `rule` jobs of one statement are told apart.
TEST_F(shared_submits_in_trouble, whose_places_a_trigger_changes_are_given_no_other_job) {
    for (const char* const number : {"0", "1", "1000000"}) {
        place.execute(std::string(R"(
            CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                NEW.rule := )") +
                      number + R"(; RETURN NEW; END $$;
            DROP TRIGGER IF EXISTS meddle ON racing_jobs;
            CREATE TRIGGER meddle BEFORE INSERT ON racing_jobs FOR EACH ROW
                EXECUTE FUNCTION meddle())");
        const auto before = jobs();
        int unknown = 0;
        for (int round = 0; round < rounds; ++round) {
            const auto answers = at_once([&](int i) { return submits({.number = i}); });
            for (int i = 0; i < callers; ++i) {
                const auto& got = answers[static_cast<std::size_t>(i)];
                if (got.said == "applied") {
                    EXPECT_EQ(read(got.id).job.number, i);
                } else {
                    EXPECT_EQ(got.said, "unknown");
                    ++unknown;
                }
            }
        }
        EXPECT_GT(unknown, 0) << "no two shared a statement";
        EXPECT_EQ(jobs() - before, rounds * callers);
        // With keys each of a batch finds its own again.
        for (const bool keyed : {true, false}) {
            std::vector<decltype(store)::submission> batch;
            for (int i = 0; i < callers; ++i)
                batch.push_back({{.number = i}, keyed ? number + std::to_string(-i) : ""});
            const auto answers = store.submit_many(batch);
            for (int i = 0; i < callers; ++i) {
                const auto& got = answers[static_cast<std::size_t>(i)];
                EXPECT_EQ(told(got), keyed ? "applied" : "unknown");
                if (got && got.value()) {
                    EXPECT_EQ(read(got.value()->id).job.number, i);
                }
            }
        }
        EXPECT_EQ(jobs() - before, (rounds + 2) * callers);
    }
}

// One waits for a key, and another's trigger has taken a part of the time before.
TEST_F(shared_submits_in_trouble, that_time_runs_out_for_are_known_to_have_made_nothing) {
    place.execute(R"(
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_sleep(0.15); RETURN NEW; END $$;
        CREATE TRIGGER dawdle BEFORE INSERT ON racing_jobs FOR EACH ROW
            WHEN (NEW.number = 1) EXECUTE FUNCTION dawdle())");
    postgres_backend beside{place.where()};
    beside.execute(hold_a_key);
    postgres_backend::database hurried(
        sm::postgres::connect(place.conninfo(), {.deadline = 600ms}).value());
    auto in_a_hurry = store_on<machine>(hurried);
    said of_the_key, all;
    for (int round = 0; round < 5; ++round) {
        const auto answers = at_once([&](int i) {
            return told(
                in_a_hurry.submit({.number = i}, {.key = i == 3 ? "held" : std::string_view{}}));
        });
        ++of_the_key[answers[3]];
        for (const std::string& each : answers) ++all[each];
    }
    EXPECT_EQ(all["unknown"], 0);
    EXPECT_EQ(of_the_key, (said{{"retryable", 5}}));
    beside.execute("ROLLBACK");
}

// A moment's wait for another's key would take half of the time that they have.
TEST_F(shared_submits_in_trouble, of_little_time_are_not_refused_for_the_key_of_another) {
    postgres_backend beside{place.where()};
    beside.execute(hold_a_key);
    postgres_backend::database hurried(
        sm::postgres::connect(place.conninfo(), {.deadline = 45ms}).value());
    auto in_a_hurry = store_on<machine>(hurried);
    int refused = 0;
    for (int round = 0; round < rounds; ++round) {
        const auto told_busy = at_once([&](int i) {
            const auto got =
                in_a_hurry.submit({.number = i}, {.key = i == 3 ? "held" : std::string_view{}});
            return i != 3 && got && got.value().cause() != nullptr &&
                           got.value().cause()->native() == "55P03"
                       ? 1
                       : 0;
        });
        refused += static_cast<int>(std::ranges::count(told_busy, 1));
    }
    EXPECT_EQ(refused, 0);
    beside.execute("ROLLBACK");
}

TEST_F(shared_submits_in_trouble, whose_reply_was_lost_are_settled_each_within_its_call) {
    fault_proxy proxy{place.conninfo()};
    postgres_backend::database far(sm::postgres::connect(proxy.conninfo()).value());
    auto far_store = store_on<machine>(far);
    constexpr const char* shared = "set_config";  // stands in no other statement of a submit
    const fault breaks[] = {
        {.what = fault::cut_reply, .text = shared},
        {.what = fault::cut_reply, .text = shared, .bytes = 60},
        {.what = fault::cut_request, .text = shared},
        {.what = fault::cut_request, .text = shared, .bytes = fault::everything}};
    int faults = 0, number = 0;
    for (const fault& each : breaks) {
        for (const bool keyed : {true, false}) {
            proxy.arm(each);
            ++faults;
            // Until some shared a statement.
            for (int tries = 0; tries < 100 && proxy.seen().faults < faults; ++tries) {
                const int first = number;
                number += callers;
                // Two of each key: whoever finds the other's job did not make it.
                const auto answers = this->at_once([&](int i) {
                    const std::string key = keyed ? "key-" + std::to_string(first + i / 2) : "";
                    return told(insist([&] {
                        return far_store.submit({.number = first + (keyed ? i / 2 : i)},
                                                {.key = key});
                    }));
                });
                const auto count = [&](const char* what) {
                    return std::count(answers.begin(), answers.end(), what);
                };
                if (keyed) {
                    EXPECT_EQ(count("applied"), callers / 2);
                    EXPECT_EQ(count("already_applied"), callers / 2);
                } else {
                    EXPECT_EQ(count("applied") + count("unknown"), callers);
                }
            }
            ASSERT_EQ(proxy.seen().faults, faults);
            proxy.disarm();
        }
    }
    EXPECT_EQ(place.number("SELECT count(*) - count(DISTINCT number) FROM racing_jobs"), 0);
}

}  // namespace
}  // namespace conformance::racing
