// Calls whose request or reply the network lost, on PostgreSQL: through a proxy that breaks where
// the test says.
#include "fixture.hpp"

#include <support/proxy.hpp>

#include <chrono>
#include <functional>
#include <thread>

namespace conformance {
namespace {

using sm::tests::fault;
using sm::tests::fault_proxy;

constexpr const char* change = "\"queue_jobs\" SET \"previous\"";

// A place that is reached directly, and once more through the proxy.
class lost_reply : public on_queue<postgres_backend> {
public:
    using answered = std::function<std::string()>;

    lost_reply() : far_store(open_far()) {}

    sm::store<queue::machine> open_far(std::chrono::milliseconds deadline = 5s) {
        far.emplace(sm::postgres::connect(proxy.conninfo(), {.deadline = deadline}).value());
        return store_on<queue::machine>(*far);
    }

    std::int64_t log_entries(const std::string& event) const {
        return place.number("SELECT count(*) FROM queue_jobs_log WHERE event = '" + event + "'");
    }

    // The call is made while the network breaks so; it is told `wanted`, and the log has its change
    // once.
    void expect(const fault& how, const std::string& event, const answered& call,
                const std::string& wanted = "applied") {
        const auto before = log_entries(event);
        const int faults = proxy.seen().faults;
        proxy.arm(how);
        EXPECT_EQ(call(), wanted) << event << ", cut after " << how.bytes << " bytes";
        EXPECT_TRUE(proxy.wait_for_faults(faults + 1)) << event;
        EXPECT_EQ(log_entries(event), before + 1) << event;
        proxy.disarm();
    }

    fault_proxy proxy{place.conninfo()};
    std::optional<postgres_backend::database> far;
    sm::store<queue::machine> far_store;
};

const std::vector<fault>& breaks() {
    static const std::vector<fault> all{
        {.what = fault::cut_reply, .text = change},
        {.what = fault::cut_reply, .text = change, .bytes = 1},
        {.what = fault::cut_reply, .text = change, .bytes = 7},
        {.what = fault::cut_reply, .text = change, .bytes = 60},
        {.what = fault::cut_request, .text = change},
        {.what = fault::cut_request, .text = change, .bytes = 3},
        {.what = fault::cut_request, .text = change, .bytes = fault::everything},
    };
    return all;
}

TEST_F(lost_reply, of_a_step_is_settled_within_the_call) {
    for (const fault& each : breaks())
        for (const char* token : {"", "token"}) {
            const auto run = this->claim(queue::claim, submit());
            expect(each, "complete",
                   [&] { return told(far_store.fire(queue::complete, run, {"done"}, token)); });
            EXPECT_EQ(read(run.id).state, queue::worked);
        }
}

TEST_F(lost_reply, at_any_byte_of_request_or_reply_is_settled) {
    constexpr std::size_t longest = 160;
    for (const auto what : {fault::cut_request, fault::cut_reply})
        for (std::size_t bytes = 0; bytes < longest; bytes += 3) {
            const auto run = this->claim(queue::claim, submit());
            expect({.what = what, .text = change, .bytes = bytes}, "complete",
                   [&] { return told(far_store.fire(queue::complete, run, {"done"})); });
        }
}

TEST_F(lost_reply, of_a_step_that_can_repeat_is_settled_once) {
    for (const fault& each : breaks()) {
        const auto run = this->claim(queue::claim, submit());
        expect(each, "checkpoint", [&] { return told(far_store.fire(queue::checkpoint, run)); });
        EXPECT_EQ(read(run.id).job.steps, 1);
    }
}

TEST_F(lost_reply, of_a_control_event_is_settled_within_the_call) {
    for (const fault& each : breaks()) {
        const auto fenced = submit();
        expect(each, "cancel",
               [&] { return told(far_store.fire(queue::cancel, fenced, sm::version{1})); });
        const auto unfenced = submit();
        expect(each, "cancel",
               [&] { return told(far_store.fire(queue::cancel, unfenced, sm::any_version)); });
    }
}

TEST_F(lost_reply, of_a_claim_by_id_gives_the_run_that_it_made) {
    for (const fault& each : breaks()) {
        const auto id = submit();
        std::optional<run_type> run;
        expect(each, "claim", [&] {
            auto got = far_store.claim_by_id(queue::claim, id, {.owner = "worker"});
            if (got && got.value()) run = *got.value();
            return told(got);
        });
        ASSERT_TRUE(run.has_value());
        EXPECT_EQ(run->epoch, 1);
        EXPECT_EQ(run->attempts, 1);
        EXPECT_EQ(told(store.fire(queue::complete, *run, {"mine"})), "applied");
    }
}

TEST_F(lost_reply, of_the_next_claim_adopts_its_jobs_and_takes_no_others) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
        const auto mine = submit();
        const auto other = submit();
        std::optional<run_type> run;
        expect({.what = fault::cut_reply, .text = change, .bytes = bytes}, "claim", [&] {
            auto got = far_store.claim(queue::claim, {.owner = "worker"});
            if (got && got.value()) run = *got.value();
            return told(got);
        });
        ASSERT_TRUE(run.has_value());
        EXPECT_EQ(run->id, mine);
        EXPECT_EQ(read(other).state, queue::queued);
        EXPECT_EQ(told(store.fire(queue::complete, *run, {"mine"})), "applied");
        EXPECT_EQ(told(store.fire(queue::cancel, other, sm::any_version)), "applied");
    }
}

TEST_F(lost_reply, of_a_claim_that_never_arrived_is_unknown_and_no_job_is_taken) {
    claim(queue::claim, submit(), "another");  // whose run it must not take for its own
    const auto id = submit();
    proxy.arm({.what = fault::cut_request, .text = change});
    EXPECT_EQ(told(far_store.claim(queue::claim, {.owner = "worker"})), "unknown");
    EXPECT_TRUE(proxy.wait_for_faults(1));
    EXPECT_EQ(read(id).epoch, 0);
    EXPECT_EQ(told(far_store.claim(queue::claim, {.owner = "worker"})), "applied");
}

TEST_F(lost_reply, of_a_submit_with_a_key_is_settled_and_without_one_is_unknown) {
    const std::string insert = "INSERT INTO \"queue_jobs\"";
    int number = 0;
    for (fault each : breaks()) {
        each.text = insert;
        const std::string key = "key-" + std::to_string(++number);
        expect(each, "submit", [&] { return told(far_store.submit({"mine"}, {.key = key})); });
        EXPECT_EQ(told(far_store.submit({"mine"}, {.key = key})), "already_applied");
    }
    expect(
        {.what = fault::cut_reply, .text = insert}, "submit",
        [&] { return told(far_store.submit({"mine"})); }, "unknown");
}

TEST_F(lost_reply, of_a_batch_is_settled_for_each_of_its_jobs) {
    int number = 0;
    for (fault each : breaks()) {
        const std::string key = "batch-" + std::to_string(++number) + "-";
        std::vector<sm::store<queue::machine>::submission> jobs;
        for (const char* name : {"a", "b", "c", "a"}) jobs.push_back({{name}, key + name});
        std::vector<std::string> said;
        each.text = "INSERT INTO \"queue_jobs\"";
        const auto submitted = log_entries("submit");
        proxy.arm(each);
        for (const auto& one : far_store.submit_many(jobs)) said.push_back(told(one));
        EXPECT_EQ(said,
                  (std::vector<std::string>{"applied", "applied", "applied", "already_applied"}));
        EXPECT_TRUE(proxy.wait_for_faults(2 * number - 1));
        EXPECT_EQ(log_entries("submit"), submitted + 3);

        const auto runs = *store.claim_many(queue::claim, 3, {.owner = "worker"}).value();
        std::vector<sm::store<queue::machine>::step<queue::outcome>> steps;
        for (const auto& run : runs) steps.push_back({run, {"done"}, number % 2 == 0 ? "" : "t"});
        each.text = change;
        const auto completed = log_entries("complete");
        proxy.arm(each);
        for (const auto& one : far_store.fire_many<queue::outcome>(queue::complete, steps))
            EXPECT_EQ(told(one), "applied");
        EXPECT_TRUE(proxy.wait_for_faults(2 * number));
        EXPECT_EQ(log_entries("complete"), completed + 3);
    }
}

// A job that stands there twice takes two statements, and so a transaction.
TEST_F(lost_reply, of_the_commit_of_a_batch_is_settled_for_each_of_its_jobs) {
    for (int i = 0; i < 3; ++i) submit();
    const auto runs = *store.claim_many(queue::claim, 3, {.owner = "worker"}).value();
    std::vector<sm::store<queue::machine>::step<sm::no_inputs>> steps;
    for (const auto& run : runs) steps.push_back({run});
    steps.push_back({runs[1]});
    // BEGIN says READ COMMITTED, and passes.
    proxy.arm({.what = fault::cut_reply, .text = "COMMIT", .skip = 1});
    for (const auto& each : far_store.fire_many<sm::no_inputs>(queue::checkpoint, steps))
        EXPECT_EQ(told(each), "applied");
    EXPECT_TRUE(proxy.wait_for_faults(1));
    EXPECT_EQ(log_entries("checkpoint"), 4);
    EXPECT_EQ(read(runs[0].id).job.steps, 1);
    EXPECT_EQ(read(runs[1].id).job.steps, 2);
}

TEST_F(lost_reply, of_a_renewal_is_settled_by_renewing_again) {
    const auto run = this->claim(queue::claim, submit());
    for (fault each : breaks()) {
        each.text = "\"queue_jobs\" SET \"lease_until\"";
        const int faults = proxy.seen().faults;
        proxy.arm(each);
        EXPECT_EQ(told(far_store.renew(run)), "applied");
        EXPECT_TRUE(proxy.wait_for_faults(faults + 1));
    }
}

TEST_F(lost_reply, that_never_comes_is_unknown_by_the_deadline) {
    auto hasty = open_far(500ms);
    const auto run = this->claim(queue::claim, submit());
    proxy.arm({.what = fault::lose_reply, .text = change});
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(told(hasty.fire(queue::complete, run, {"done"}, "token")), "unknown");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_EQ(told(store.resolve(run.id, "token")), "already_applied");
}

// ---- requests that arrive late

TEST_F(lost_reply, resolve_refuses_a_request_that_is_still_on_its_way) {
    auto hasty = open_far(500ms);
    const auto run = this->claim(queue::claim, submit());
    proxy.arm({.what = fault::hold_request, .text = change});
    EXPECT_EQ(told(hasty.fire(queue::complete, run, {"late"}, "token")), "unknown");
    ASSERT_TRUE(proxy.wait_for_held(1));

    EXPECT_EQ(told(store.resolve(run.id, "token")), "rejected: never_applied");
    proxy.release();
    EXPECT_TRUE(proxy.wait_for_answers());
    EXPECT_EQ(read(run.id).state, queue::running);
    EXPECT_EQ(log_entries("complete"), 0);
    EXPECT_EQ(told(store.resolve(run.id, "token")), "rejected: never_applied");
    EXPECT_EQ(told(store.fire(queue::complete, run, {"late"}, "token")), "rejected: token_void");
    EXPECT_EQ(told(store.fire(queue::complete, run, {"anew"}, "another")), "applied");
}

TEST_F(lost_reply, resolve_finds_a_request_that_arrived_before_it) {
    auto hasty = open_far(500ms);
    const auto run = this->claim(queue::claim, submit());
    proxy.arm({.what = fault::hold_request, .text = change});
    EXPECT_EQ(told(hasty.fire(queue::complete, run, {"late"}, "token")), "unknown");
    ASSERT_TRUE(proxy.wait_for_held(1));
    proxy.release();
    EXPECT_TRUE(proxy.wait_for_answers());
    const auto settled = store.resolve(run.id, "token").value();
    EXPECT_EQ(told(settled), "already_applied");
    EXPECT_EQ(settled->to, queue::worked);
    EXPECT_EQ(log_entries("complete"), 1);
}

TEST_F(lost_reply, is_no_refusal_while_the_first_sending_may_still_come_to_fit) {
    const auto run = this->claim(queue::claim, submit());
    ASSERT_EQ(told(store.fire(queue::fail, run, {"broken", true})), "applied");
    ASSERT_EQ(read(run.id).state, queue::failed);
    proxy.arm({.what = fault::hold_request, .text = change});
    std::string said;
    std::thread caller(
        [&] { said = told(far_store.fire(queue::requeue, run.id, sm::any_version)); });
    ASSERT_TRUE(proxy.wait_for_held(1));
    EXPECT_EQ(told(store.fire(queue::requeue, run.id, sm::any_version)), "applied");
    proxy.cut();
    caller.join();
    // The second sending found the job requeued: by whom, and for how long, it cannot tell.
    EXPECT_EQ(said, "unknown");
    proxy.release();
    EXPECT_TRUE(proxy.wait_for_answers());
    EXPECT_EQ(log_entries("requeue"), 1);
}

TEST_F(lost_reply, is_a_refusal_where_nothing_can_make_the_first_sending_fit_again) {
    const auto run = this->claim(queue::claim, submit());
    proxy.arm({.what = fault::hold_request, .text = change});
    std::string said;
    std::thread caller([&] { said = told(far_store.fire(queue::complete, run, {"late"})); });
    ASSERT_TRUE(proxy.wait_for_held(1));
    pass_time(run.id, queue::lease + 1s);
    static_cast<void>(this->claim(queue::claim, run.id, "another"));
    proxy.cut();
    caller.join();
    EXPECT_EQ(said, "rejected: stale_epoch");
    proxy.release();
    EXPECT_TRUE(proxy.wait_for_answers());
    EXPECT_EQ(log_entries("complete"), 0);
}

TEST_F(lost_reply, a_step_that_was_sent_again_is_not_repeated_by_the_first_one) {
    const auto run = this->claim(queue::claim, submit());
    proxy.arm({.what = fault::hold_request, .text = change});
    std::string said;
    std::thread caller([&] { said = told(far_store.fire(queue::checkpoint, run)); });
    ASSERT_TRUE(proxy.wait_for_held(1));
    proxy.cut();
    caller.join();
    EXPECT_EQ(said, "applied");
    EXPECT_EQ(read(run.id).job.steps, 1);
    proxy.release();
    EXPECT_TRUE(proxy.wait_for_answers());
    EXPECT_EQ(read(run.id).job.steps, 1);
    EXPECT_EQ(log_entries("checkpoint"), 1);
}

}  // namespace
}  // namespace conformance
