// A process kills itself at each step of each call, for every call that changes something.
#include "local_after.hpp"
#include "local_backends.hpp"

#include "journal.hpp"

#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

namespace {

using namespace faults;

template <class Backend>
class killed_at_each_step : public testing::Test {
public:
    using database = typename own_place<Backend>::database;

    /// @return whether there was such a step
    bool dies(const std::string& call, int step) {
        const std::string name = call + "-" + std::to_string(step);
        const std::string journal = (directory_ / name).string();
        if (call == "sweep") leave_something_to_sweep(name);
        auto role = here_.at.words();
        role.insert(role.begin(), "doomed");
        for (const auto& each : {call, std::to_string(step), name, journal}) role.push_back(each);
        program doomed(role);
        const run_type left = read_lines(doomed);
        const int status = doomed.wait();
        EXPECT_TRUE(status == 0 || was_killed(status)) << status;
        add_journal(journal, seen_);
        const auto wrong = breaches_at(own_, seen_);
        EXPECT_EQ(wrong, "") << name;
        go_on(name, left);
        return was_killed(status);
    }

    void expect_all_of(const std::set<std::string>& calls) {
        int deaths = 0;
        for (const auto& call : calls) {
            int step = 1;
            for (; !this->HasFailure() && dies(call, step); step = next(step)) ++deaths;
            EXPECT_GT(step, 3) << call;
        }
        std::cout << deaths << " deaths\n";
        expect_the_rest_to_be_done();
    }

private:
    // A delivery has many steps, and a server takes its time for each new connection: there is one
    // of three beyond the first of them, where not all are asked for.
    static int next(int step) {
        const bool all = std::getenv("STATEMACHINE_SEEDS") != nullptr;
        return all || step < 8 ? step + 1 : step + 3;
    }

    // The run that it held, and what it delivered.
    run_type read_lines(program& doomed) {
        run_type run;
        for (std::string line = doomed.line(); !line.empty(); line = doomed.line()) {
            std::istringstream words(line);
            std::string kind;
            words >> kind;
            if (kind == "run") words >> run.id >> run.epoch >> run.version;
            if (kind == "delivered") delivered_.insert(line.substr(kind.size() + 1));
        }
        return run;
    }

    // What the dead has begun is done, by the same token and key; and other work, too.
    void go_on(const std::string& dead, const run_type& left) {
        const auto job = successor_.submit({.payload = dead}, {.key = dead}).value();
        EXPECT_TRUE(job.already_applied()) << dead;
        if (left.id > 0) {
            for (int twice = 0; twice < 2; ++twice) {
                const auto did = successor_.fire(work::complete, left, {"done"}, dead).value();
                const bool released = did.rejected() && dead.starts_with("release");
                EXPECT_TRUE(did || released) << dead << ": " << did.why();
            }
        }
        const std::string next = "after-" + dead;
        const auto id = successor_.submit({.payload = next}, {.key = next}).value()->id;
        const auto run = *successor_.claim_by_id(work::claim, id).value();
        EXPECT_TRUE(successor_.fire(work::complete, run, {"done"}, next).value().applied());
        if (!dead.starts_with("sweep")) return;
        EXPECT_TRUE(successor_.sweep());
    }

    // Of a claim that nobody has written down: it is the test that cuts its lease short.
    void leave_something_to_sweep(const std::string& name) {
        const auto key = "lapsed-" + name;
        const auto id = successor_.submit({.payload = key}, {.key = key}).value()->id;
        successor_.unrecorded().claim_by_id(work::claim, id, {.owner = "gone"}).value().value();
        here_.held.pass_time(work::machine.table, id, 61s);
        here_.held.execute("UPDATE fault_jobs_log SET lease_until = lease_until - " +
                           std::string(here_.in_a_file ? "61000" : "interval '61 seconds'") +
                           " WHERE job = " + std::to_string(id));
    }

    // By others, a relay of the same group among them: each event comes at least once.
    void expect_the_rest_to_be_done() {
        sm::relay<work::machine> relay(own_, relay_of_the_doomed(),
                                       [this](const auto& event) -> sm::result<void> {
                                           const std::lock_guard lock(delivering_);
                                           delivered_.insert(event.id);
                                           return sm::success();
                                       });
        {
            const std::jthread delivers(
                [&](const std::stop_token& stop) { EXPECT_TRUE(relay.run(stop)); });
            EXPECT_TRUE(goes_on_soundly<database>(here_.at, 1, [&](sm::testing::history& all) {
                for (auto& each : seen_.calls()) all.add(std::move(each));
            }));
        }
        EXPECT_EQ(static_cast<std::int64_t>(delivered_.size()),
                  here_.held.number("SELECT count(*) FROM fault_jobs_outbox"));
    }

    struct scratch {
        scratch() {
            std::string name =
                (std::filesystem::temp_directory_path() / "journals-XXXXXX").string();
            if (mkdtemp(name.data()) != nullptr) path = name;
        }
        ~scratch() {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
        std::filesystem::path path;
    };

    scratch made_;
    std::filesystem::path directory_ = made_.path;
    sm::testing::history seen_;
    own_place<Backend> here_;
    database own_ = here_.open();
    recorder successor_{own_, seen_, "successor"};
    std::mutex delivering_;
    std::set<std::string> delivered_;
};
TYPED_TEST_SUITE(killed_at_each_step, conformance::backends, conformance::backend_names);

TYPED_TEST(killed_at_each_step, of_a_submit_leaves_it_done_or_not) {
    this->expect_all_of({"submit", "submit_key", "submit_many"});
}
TYPED_TEST(killed_at_each_step, of_a_claim_leaves_it_done_or_not) {
    this->expect_all_of({"claim", "claim_many", "claim_by_id"});
}
TYPED_TEST(killed_at_each_step, of_what_a_run_sends_leaves_it_done_or_not) {
    this->expect_all_of({"renew", "progress", "release", "complete", "complete_many"});
}
TYPED_TEST(killed_at_each_step, of_what_others_do_leaves_it_done_or_not) {
    this->expect_all_of({"cancel", "resolve", "sweep"});
}
TYPED_TEST(killed_at_each_step, of_a_delivery_leaves_it_to_be_delivered_again) {
    this->expect_all_of({"deliver"});
}

}  // namespace
