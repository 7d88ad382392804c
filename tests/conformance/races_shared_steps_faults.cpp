// Steps that share a statement, while others hold their jobs or the network breaks.
#include "races.hpp"

#include <support/proxy.hpp>

#include <future>
#include <thread>

namespace conformance::racing {
namespace {

using sm::tests::fault;
using sm::tests::fault_proxy;

constexpr int callers = 16;

class shared_steps_in_trouble : public races<postgres_backend> {
public:
    using answered = std::future<std::string>;

    /// Opens a transaction that keeps these jobs locked until `commit`.
    void lock(const std::string& ids) {
        beside_.execute("BEGIN; UPDATE racing_jobs SET steps = steps WHERE id IN (" + ids + ")");
    }
    void commit() { beside_.execute("COMMIT"); }

    answered ends(sm::store<machine>& by, int id, std::string_view token = {}) {
        return std::async(std::launch::async, [&by, id, token] {
            return told(by.fire(finish, run_of(id, 1, 0), {"by " + std::to_string(id)}, token));
        });
    }
    /// Until so many statements wait for a lock of the open transaction, for that long.
    void await_blocked(int count, const std::string& length = "0 ms") const {
        const std::string question =
            "SELECT count(*) FROM pg_stat_activity WHERE " + pid_ +
            " = ANY(pg_blocking_pids(pid)) AND clock_timestamp() - query_start >= interval '" +
            length + "'";
        EXPECT_TRUE(soon([&] { return place.number(question) >= count; }));
    }
    void await_logged(std::int64_t count) const {
        EXPECT_TRUE(soon([&] { return logged() >= count; }));
    }
    std::int64_t logged() const {
        return place.number("SELECT count(*) FROM racing_jobs_log WHERE event = 'finish'");
    }

    postgres_backend beside_{place.where()};

private:
    // Sooner than the calls give up by themselves.
    template <class Condition>
    static bool soon(Condition holds) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(1ms);
        }
        return true;
    }

    std::string pid_ = beside_.text("SELECT pg_backend_pid()");
};

TEST_F(shared_steps_in_trouble, do_not_wait_for_a_job_that_another_transaction_holds) {
    constexpr int rounds = 10;
    make_runs(rounds * callers);
    for (int round = 0; round < rounds; ++round) {
        const int first = round * callers + 1;
        lock(std::to_string(first));
        std::vector<answered> all;
        for (int i = callers - 1; i >= 0; --i) all.push_back(ends(store, first + i));
        for (int i = 0; i + 1 < callers; ++i)
            EXPECT_EQ(all[static_cast<std::size_t>(i)].get(), "applied");
        await_blocked(1);
        commit();
        EXPECT_EQ(all.back().get(), "applied");
    }
    EXPECT_EQ(logged(), rounds * callers);
    EXPECT_LT(transactions_of("finish"), logged()) << "no two shared a statement";
}

TEST_F(shared_steps_in_trouble, do_not_wait_behind_callers_who_wait_for_a_lock) {
    constexpr int locked = 4;
    make_runs(locked + callers);
    lock("1, 2, 3, 4");
    std::vector<answered> stuck, others;
    for (int id = 1; id <= locked; ++id) stuck.push_back(ends(store, id));
    await_blocked(locked);
    for (int i = 0; i < callers; ++i) others.push_back(ends(store, locked + 1 + i));
    for (auto& each : others) EXPECT_EQ(each.get(), "applied");
    commit();
    for (auto& each : stuck) EXPECT_EQ(each.get(), "applied");
    EXPECT_EQ(logged(), locked + callers);
}

TEST_F(shared_steps_in_trouble, answer_by_the_deadline_when_the_whole_table_is_locked) {
    make_runs(callers);
    postgres_backend::database hasty_database(
        sm::postgres::connect(place.conninfo(), {.deadline = 500ms}).value());
    auto hasty = store_on<machine>(hasty_database);
    postgres_backend beside{place.where()};
    beside.execute("BEGIN; LOCK TABLE racing_jobs IN EXCLUSIVE MODE");
    const auto began = std::chrono::steady_clock::now();
    std::vector<answered> all;
    for (int id = 1; id <= callers; ++id) all.push_back(ends(hasty, id));
    std::vector<std::string> answers;
    for (auto& each : all) answers.push_back(each.get());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    beside.execute("COMMIT");
    for (int id = 1; id <= callers; ++id) {
        const auto& said = answers[static_cast<std::size_t>(id - 1)];
        EXPECT_TRUE(said == "retryable" || said == "unknown") << said;
        if (said != "retryable") continue;
        EXPECT_EQ(ends(store, id).get(), "applied");
    }
}

// The texts of a shared statement stand in no other.
constexpr const char* shared_with_tokens = "\"held\" AS MATERIALIZED";
constexpr const char* shared_without = "ROWS FROM";

std::vector<fault> breaks(const char* shared) {
    return {{.what = fault::cut_reply, .text = shared},
            {.what = fault::cut_reply, .text = shared, .bytes = 60},
            {.what = fault::cut_request, .text = shared},
            {.what = fault::cut_request, .text = shared, .bytes = fault::everything}};
}

TEST_F(shared_steps_in_trouble, whose_reply_was_lost_are_settled_each_within_its_call) {
    fault_proxy proxy{place.conninfo()};
    postgres_backend::database far(sm::postgres::connect(proxy.conninfo()).value());
    auto far_store = store_on<machine>(far);
    int faults = 0;
    int next = 1;
    for (const char* token : {"", "token"}) {
        for (const fault& each : breaks(*token == '\0' ? shared_without : shared_with_tokens)) {
            proxy.arm(each);
            ++faults;
            // Until some shared a statement.
            for (int tries = 0; tries < 100 && proxy.seen().faults < faults; ++tries) {
                for (int i = 0; i < callers; ++i) submit({});
                ASSERT_EQ(
                    store.claim_many(racing::claim, callers, {.owner = "worker"}).value()->size(),
                    static_cast<std::size_t>(callers));
                std::vector<answered> all;
                for (int i = 0; i < callers; ++i) all.push_back(ends(far_store, next++, token));
                for (auto& one : all) EXPECT_EQ(one.get(), "applied");
            }
            ASSERT_EQ(proxy.seen().faults, faults);
            proxy.disarm();
        }
    }
    EXPECT_EQ(logged(), next - 1);
    for (int id = 1; id < next; ++id) EXPECT_EQ(read(id).job.result, "by " + std::to_string(id));
}

TEST_F(shared_steps_in_trouble, of_a_batch_leave_a_locked_job_for_last) {
    make_runs(3);
    lock("1");
    auto call = std::async(std::launch::async, [&] {
        std::vector<sm::store<machine>::step<outcome>> steps;
        for (const int id : {1, 2, 1, 3}) steps.push_back({run_of(id, 1, 0), {"done"}});
        std::vector<std::string> said;
        for (const auto& each : store.fire_many<outcome>(finish, steps)) said.push_back(told(each));
        return said;
    });
    await_logged(2);
    await_blocked(1);
    EXPECT_EQ(name_of(read(2).state), "done");
    EXPECT_EQ(name_of(read(3).state), "done");
    commit();
    EXPECT_EQ(call.get(),
              (std::vector<std::string>{"applied", "applied", "rejected: wrong_state", "applied"}));
}

// By its nonce a call finds what it did after a lost reply: two changes of one job have two.
TEST_F(shared_steps_in_trouble, of_a_batch_that_go_on_together_keep_their_nonces) {
    make_runs(2);
    lock("1, 2");
    auto call = std::async(std::launch::async, [&] {
        std::vector<sm::store<machine>::step<sm::no_inputs>> steps;
        for (const int id : {1, 1, 2}) steps.push_back({run_of(id, 1, 0), {}});
        return store.fire_many<sm::no_inputs>(step, steps);
    });
    await_blocked(1);
    commit();
    for (const auto& each : call.get()) EXPECT_EQ(told(each), "applied");
    EXPECT_EQ(place.number("SELECT count(DISTINCT (job, nonce)) FROM racing_jobs_log "
                           "WHERE event = 'step'"),
              3);
}

TEST_F(shared_steps_in_trouble, of_a_batch_go_on_together_when_their_jobs_are_free) {
    constexpr int jobs = 40;
    make_runs(jobs);
    beside_.execute("BEGIN; UPDATE racing_jobs SET steps = steps WHERE id > 10");
    auto call = std::async(std::launch::async, [&] {
        std::vector<sm::store<machine>::step<outcome>> steps;
        for (int id = 1; id <= jobs; ++id) steps.push_back({run_of(id, 1, 0), {"done"}});
        return store.fire_many<outcome>(finish, steps);
    });
    await_logged(10);
    await_blocked(1);
    EXPECT_EQ(logged(), 10);
    commit();
    for (const auto& each : call.get()) EXPECT_EQ(told(each), "applied");
    EXPECT_EQ(logged(), jobs);
    EXPECT_EQ(transactions_of("finish"), 3) << "the free ones, the first that waited, the others";
}

// Two statements: the first one changes its jobs, the second one fails, and on the second sending
// the table leaves out a job of the first.
TEST_F(shared_steps_in_trouble, of_a_batch_that_was_sent_again_forget_what_was_rolled_back) {
    constexpr int jobs = 1'500;
    make_runs(jobs);
    place.execute(
        "CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF current_setting('lock_timeout') <> '25ms' THEN "
        "RETURN CASE WHEN NEW.id = 1 THEN NULL ELSE NEW END; END IF; "
        "IF NEW.id = 1500 THEN RAISE EXCEPTION 'held' USING ERRCODE = '55P03'; END IF; "
        "RETURN NEW; END $$; "
        "CREATE TRIGGER picky BEFORE UPDATE ON racing_jobs FOR EACH ROW EXECUTE FUNCTION picky()");
    std::vector<sm::store<machine>::step<outcome>> steps;
    for (int id = 1; id <= jobs; ++id) steps.push_back({run_of(id, 1, 0), {"done"}});
    const auto answers = store.fire_many<outcome>(finish, steps);
    EXPECT_EQ(told(answers.front()), "retryable");
    for (std::size_t i = 1; i < answers.size(); ++i) ASSERT_EQ(told(answers[i]), "applied");
    EXPECT_EQ(logged(), jobs - 1);
}

// By their ids the jobs of one statement are told apart.
TEST_F(shared_steps_in_trouble, whose_ids_a_trigger_changes_are_taken_for_no_others) {
    constexpr int jobs = 2 * callers;
    make_runs(jobs + 4);
    place.execute(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "NEW.id := NEW.id + 1000000; RETURN NEW; END $$; "
        "CREATE TRIGGER meddle BEFORE UPDATE ON racing_jobs FOR EACH ROW "
        "WHEN (OLD.id % 4 = 0) EXECUTE FUNCTION meddle()");
    std::vector<answered> all;
    for (int id = 1; id <= callers; ++id) all.push_back(ends(store, id));
    for (int id = 1; id <= callers; ++id) {
        const std::string said = all[static_cast<std::size_t>(id - 1)].get();
        EXPECT_EQ(said, id % 4 == 0 ? "unknown" : "applied") << id;
    }
    std::vector<sm::store<machine>::step<outcome>> steps;
    for (int id = callers + 1; id <= jobs; ++id) steps.push_back({run_of(id, 1, 0), {"done"}});
    const auto answers = store.fire_many(finish, steps);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto id = steps[i].run.id;
        EXPECT_EQ(told(answers[i]), id % 4 == 0 ? "unknown" : "applied") << id;
    }
    EXPECT_EQ(told(store.fire(finish, run_of(jobs + 4, 1, 0), {"alone"})), "unknown");
    EXPECT_EQ(logged(), jobs + 1);
    // Those are no jobs of the library any more.
    place.execute("TRUNCATE racing_jobs, racing_jobs_log");
}

TEST_F(shared_steps_in_trouble, of_a_batch_leave_no_limit_on_their_connection) {
    postgres_backend::database only(
        sm::postgres::connect(place.conninfo(), {.connections = 1}).value());
    auto by_one = store_on<machine>(only);
    make_runs(3);
    for (const auto& each :
         by_one.fire_many<outcome>(finish, {{{run_of(1, 1, 0), {"a"}}, {run_of(2, 1, 0), {"b"}}}}))
        ASSERT_EQ(told(each), "applied");
    lock("3");
    answered alone = ends(by_one, 3);
    await_blocked(1, "200 ms");
    commit();
    EXPECT_EQ(alone.get(), "applied");
}

// What is certain stays so: a second sending would be given up before the server gives up.
TEST_F(shared_steps_in_trouble, of_a_batch_answer_that_nothing_happened_where_the_table_is_locked) {
    postgres_backend::database hasty_database(
        sm::postgres::connect(place.conninfo(), {.deadline = 1s, .connections = 1}).value());
    auto hasty = store_on<machine>(hasty_database);
    make_runs(6);
    const auto fire = [&](int first, std::string_view token) {
        std::vector<sm::store<machine>::step<outcome>> steps;
        for (const int id : {first, first + 1})
            steps.push_back({run_of(id, 1, 0), {"done"}, std::string(token)});
        std::vector<std::string> said;
        for (const auto& each : hasty.fire_many<outcome>(finish, steps)) said.push_back(told(each));
        return said;
    };
    // Either form is known to the server.
    const std::vector<std::string> applied(2, "applied");
    ASSERT_EQ(fire(1, ""), applied);
    ASSERT_EQ(fire(3, "token"), applied);
    beside_.execute("BEGIN; LOCK TABLE racing_jobs IN EXCLUSIVE MODE");
    EXPECT_EQ(fire(5, ""), std::vector<std::string>(2, "retryable"));
    commit();
    EXPECT_EQ(logged(), 4);
    EXPECT_EQ(fire(5, ""), applied);
}

}  // namespace
}  // namespace conformance::racing
