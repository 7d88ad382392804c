// Each event fired at a job in each state, in each form of call. What has to come of it is worked
// out from the declaration alone.
#include "fixture.hpp"

#include <algorithm>

namespace conformance {
namespace {

using queue::state;

enum class form { right_fence, stale_fence, any_fence };

// One way to call one event.
struct shot {
    std::string event;  // as declared; empty for a plain renewal
    form by = form::right_fence;
    std::string token{};
    bool guards_hold = true;
};

std::ostream& operator<<(std::ostream& out, const shot& fired) {
    return out << (fired.event.empty() ? "renew" : fired.event) << " fence "
               << static_cast<int>(fired.by) << " token '" << fired.token << "' guards "
               << fired.guards_hold;
}

struct expectation {
    std::string answer;
    bool writes_log = false;
    bool new_epoch = false;
    std::optional<state> to{};
};

bool starts_from(const sm::transition<state>& rule, state from) {
    return std::find(rule.from.begin(), rule.from.end(), from) != rule.from.end();
}
bool is_leased(state at) {
    for (const auto& rule : queue::transitions)
        if (rule.lease.count() != 0 && rule.to == at) return true;
    return false;
}
// A leased job is in the claim's reach: its lease runs out into a state that the claim starts from.
bool runs_out_into(state at, const sm::transition<state>& claim) {
    for (const auto& rule : queue::transitions)
        if (rule.lease.count() != 0 && rule.to == at && rule.expired &&
            starts_from(claim, *rule.expired))
            return true;
    return false;
}

expectation expected_of(const shot& fired, state from) {
    const bool leased = is_leased(from);
    if (fired.event.empty()) {
        if (fired.by == form::stale_fence) return {"rejected: stale_epoch"};
        return leased ? expectation{"applied", false, false, from}
                      : expectation{"rejected: wrong_state"};
    }
    bool control = false;
    for (const auto& rule : queue::transitions) {
        if (rule.on.name() != fired.event) continue;
        control = rule.control;
        const bool claims = rule.lease.count() != 0;
        if (claims && runs_out_into(from, rule)) return {"rejected: lease_held"};
        if (fired.by == form::stale_fence || !starts_from(rule, from)) continue;
        if (!rule.when.always() && !fired.guards_hold) continue;
        return {"applied", !rule.renew, claims, rule.to};
    }
    if (fired.by == form::stale_fence)
        return {control ? "rejected: stale_version" : "rejected: stale_epoch"};
    return {"rejected: wrong_state"};
}

template <class Backend>
class every_event_in_every_state : public on_queue<Backend> {
public:
    using run_type = typename on_queue<Backend>::run_type;
    using change_type = typename sm::store<queue::machine>::change_type;

    // Leads a new job to this state by calls that a program would make.
    std::int64_t job_in(state wanted) {
        const auto id = this->submit({.payload = "p"});
        if (wanted == state::queued) return id;
        if (wanted == state::cancelled) {
            this->store.fire(queue::cancel, id, sm::any_version).value().value();
            return id;
        }
        auto run = this->claim(queue::claim, id);
        if (wanted == state::running) return id;
        if (wanted == state::failed) {
            this->store.fire(queue::fail, run, {"broken", true}).value().value();
            return id;
        }
        if (wanted == state::dead) {
            for (int left = queue::max_attempts - 1; left > 0; --left) {
                this->store.fire(queue::hand_back, run).value().value();
                run = this->claim(queue::claim, id);
            }
            this->store.fire(queue::hand_back, run).value().value();
            auto refused = this->store.claim_by_id(queue::claim, id, {.owner = "late"});
            EXPECT_EQ(told(refused), "rejected: attempts_exhausted");
            return id;
        }
        this->store.fire(queue::complete, run, {"first"}).value().value();
        if (wanted == state::worked) return id;
        run = this->claim(queue::refine, id);
        if (wanted == state::done) this->store.fire(queue::complete, run, {"last"}).value().value();
        return id;
    }

    // What a claim or change brings has to be what is stored.
    std::string kept(sm::result<sm::answer<run_type>> got) {
        if (got && got.value()) run_ = *got.value();
        return told(got);
    }
    std::string kept(sm::result<sm::answer<change_type>> got) {
        if (got && got.value()) change_ = *got.value();
        return told(got);
    }
    template <class Record>
    void check_brought(const Record& is, state from) const {
        if (run_) {
            EXPECT_EQ(run_->id, is.id);
            EXPECT_EQ(run_->epoch, is.epoch);
            EXPECT_EQ(run_->version, is.version);
            EXPECT_EQ(run_->state, is.state);
            EXPECT_EQ(run_->attempts, is.attempts);
            EXPECT_EQ(run_->lease_until, is.lease_until);
            EXPECT_EQ(run_->owner, is.owner);
            EXPECT_EQ(run_->job.payload, is.job.payload);
        }
        if (change_) {
            EXPECT_EQ(change_->id, is.id);
            EXPECT_EQ(change_->version, is.version);
            EXPECT_EQ(change_->epoch, is.epoch);
            EXPECT_EQ(change_->from, from);
            EXPECT_EQ(change_->to, is.state);
            EXPECT_EQ(change_->at, is.changed_at);
            EXPECT_EQ(change_->attempts, is.attempts);
            EXPECT_EQ(change_->run_at, is.run_at);
            EXPECT_EQ(change_->lease_until, is.lease_until);
        }
    }

    std::string control(const shot& fired, std::int64_t id, std::int64_t seen) {
        const sm::control_options options{.token = fired.token, .actor = "operator"};
        const auto call = [&](const auto& on, const auto& inputs) {
            if (fired.by == form::any_fence)
                return kept(this->store.fire(on, id, sm::any_version, inputs, options));
            return kept(this->store.fire(on, id, sm::version{seen}, inputs, options));
        };
        if (fired.event == "cancel") return call(queue::cancel, sm::no_inputs{});
        if (fired.event == "requeue") return call(queue::requeue, sm::no_inputs{});
        return call(queue::annotate, queue::remark{"seen"});
    }

    std::string fire(const shot& fired, std::int64_t id) {
        const auto now = this->read(id);
        run_type run{.id = id, .epoch = now.epoch, .owner = "worker"};
        if (fired.by == form::stale_fence) --run.epoch;
        const std::int64_t seen = now.version - (fired.by == form::stale_fence ? 1 : 0);
        auto& jobs = this->store;
        if (fired.event.empty()) return told(jobs.renew(run));
        if (fired.event == "claim")
            return kept(jobs.claim_by_id(queue::claim, id, {.owner = "worker"}));
        if (fired.event == "refine")
            return kept(jobs.claim_by_id(queue::refine, id, {.owner = "worker"}));
        if (fired.event == "progress") return told(jobs.renew(queue::progress, run, {40}));
        if (fired.event == "checkpoint")
            return kept(jobs.fire(queue::checkpoint, run, fired.token));
        if (fired.event == "complete")
            return kept(jobs.fire(queue::complete, run, {"made"}, fired.token));
        if (fired.event == "fail")
            return kept(jobs.fire(queue::fail, run, {"broke", !fired.guards_hold}, fired.token));
        if (fired.event == "release") return kept(jobs.fire(queue::release, run, fired.token));
        if (fired.event == "hand_back") return kept(jobs.fire(queue::hand_back, run, fired.token));
        return control(fired, id, seen);
    }

    // Fires at a fresh job in this state, and compares all that is stored before and after.
    void check(const shot& fired, state from) {
        const auto id = job_in(from);
        ASSERT_EQ(this->read(id).state, from);
        const expectation wanted = expected_of(fired, from);
        const snapshot before = this->stored(id);
        const auto was = this->read(id);
        run_.reset();
        change_.reset();
        EXPECT_EQ(fire(fired, id), wanted.answer);
        const snapshot after = this->stored(id);
        if (!wanted.to) {
            EXPECT_EQ(after, before);
            return;
        }
        const auto is = this->read(id);
        EXPECT_EQ(is.state, *wanted.to);
        EXPECT_EQ(is.epoch, was.epoch + (wanted.new_epoch ? 1 : 0));
        EXPECT_EQ(is.version, was.version + (wanted.writes_log ? 1 : 0));
        // The library's own begin with a character that no caller's token has.
        const auto given = std::ranges::count_if(after.tokens, [](const auto& row) {
            return std::ranges::none_of(row,
                                        [](const auto& text) { return text.starts_with("~"); });
        });
        EXPECT_EQ(given, fired.token.empty() ? 0 : 1);
        ASSERT_EQ(after.log.size(), before.log.size() + (wanted.writes_log ? 1 : 0));
        EXPECT_TRUE(std::equal(before.log.begin(), before.log.end(), after.log.begin()));
        if (!wanted.writes_log) return;
        EXPECT_TRUE(run_ || change_);
        check_brought(is, from);
        const auto entry = this->history(id).back();
        EXPECT_EQ(entry.version, is.version);
        EXPECT_EQ(entry.event, fired.event);
        EXPECT_EQ(entry.from, this->name_of(from));
        EXPECT_EQ(entry.to, this->name_of(*wanted.to));
        EXPECT_EQ(entry.epoch, is.epoch);
        EXPECT_EQ(entry.lease_until.has_value(), is_leased(*wanted.to));
    }

    void check_all(const std::vector<shot>& shots) {
        for (const auto& from : queue::states)
            for (const shot& fired : shots) {
                std::ostringstream named;
                named << fired << " at a job that is " << from.name;
                SCOPED_TRACE(named.str());
                check(fired, from.state);
            }
    }

private:
    std::optional<run_type> run_;
    std::optional<change_type> change_;
};
TYPED_TEST_SUITE(every_event_in_every_state, backends, backend_names);

TYPED_TEST(every_event_in_every_state, claims_as_declared) {
    this->check_all({{"claim"}, {"refine"}});
}

TYPED_TEST(every_event_in_every_state, renews_as_declared) {
    this->check_all({{""}, {"", form::stale_fence}, {"progress"}, {"progress", form::stale_fence}});
}

TYPED_TEST(every_event_in_every_state, steps_as_declared) {
    std::vector<shot> shots;
    for (const char* event : {"checkpoint", "complete", "fail", "release", "hand_back"})
        for (const form by : {form::right_fence, form::stale_fence})
            for (const char* token : {"", "token-1"}) shots.push_back({event, by, token});
    shots.push_back({"fail", form::right_fence, "", false});
    shots.push_back({"fail", form::right_fence, "token-1", false});
    this->check_all(shots);
}

TYPED_TEST(every_event_in_every_state, controls_as_declared) {
    std::vector<shot> shots;
    for (const char* event : {"cancel", "requeue", "annotate"})
        for (const form by : {form::right_fence, form::stale_fence, form::any_fence})
            for (const char* token : {"", "token-1"}) shots.push_back({event, by, token});
    this->check_all(shots);
}

TYPED_TEST(every_event_in_every_state, is_a_pair_of_the_declaration_that_the_shots_cover) {
    // A new event or state in the machine has to show up here, and not be passed over silently.
    std::vector<std::string> events;
    for (const auto& rule : queue::transitions)
        if (std::find(events.begin(), events.end(), rule.on.name()) == events.end())
            events.emplace_back(rule.on.name());
    EXPECT_EQ(events, (std::vector<std::string>{"claim", "refine", "progress", "checkpoint",
                                                "complete", "fail", "release", "hand_back",
                                                "cancel", "requeue", "annotate"}));
    for (const auto& each : queue::states)
        EXPECT_EQ(this->read(this->job_in(each.state)).state, each.state) << each.name;
}

}  // namespace
}  // namespace conformance
