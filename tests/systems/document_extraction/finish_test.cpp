// Ends of a run: one wins, whoever comes late changes nothing and starts nothing.
#include "contest.hpp"

namespace systems::extracted {
namespace {

template <class Backend>
class finished_document : public on_documents<Backend> {
public:
    /// Every call that a worker has.
    std::vector<std::string> all_calls(const run_type& run) {
        auto& jobs = this->jobs();
        const bool second = run.state == refining;
        return {told(jobs.renew(run)),
                second ? told(jobs.fire(found_boxes, run, {sm::json{"[]"}}))
                       : told(jobs.fire(found_text, run, {"late"})),
                told(jobs.fire(fail, run, {"late", true})),
                told(jobs.fire(fail, run, {"late", false})), told(jobs.fire(release, run))};
    }
};
TYPED_TEST_SUITE(finished_document, backends, backend_names);

// A worker's run of this epoch, in whatever process.
run_type held(std::int64_t id, std::int64_t epoch) {
    run_type run;
    run.id = id;
    run.epoch = epoch;
    run.owner = "worker";
    return run;
}

TYPED_TEST(finished_document, keeps_the_result_of_the_one_end_that_won) {
    shows("B4");
    constexpr int rounds = 40;
    this->submit_many(rounds);
    ASSERT_EQ(this->jobs().claim_many(claim, rounds, {.owner = "worker"}).value()->size(),
              static_cast<std::size_t>(rounds));
    this->close();
    const auto all = contest(this->place, {.threads = 4, .processes = 4}, rounds,
                             [](store_type& jobs, int me, int round) {
                                 const auto run = held(round + 1, 1);
                                 const std::string mine = "of contender " + std::to_string(me);
                                 auto got = me % 2 == 0 ? jobs.fire(found_text, run, {mine})
                                                        : jobs.fire(fail, run, {mine, true});
                                 return report(told(got), run.id, 0, me);
                             });
    for (const auto& round : all) {
        EXPECT_EQ(count_of(round, "applied"), 1U);
        EXPECT_EQ(count_of(round, "rejected: wrong_state"), round.size() - 1);
        const auto winner = std::find_if(round.begin(), round.end(), [](const report& each) {
            return each.text() == "applied";
        });
        ASSERT_NE(winner, round.end());
        const std::string result = "of contender " + std::to_string(winner->number);
        const auto stored = this->read(winner->id);
        EXPECT_EQ(name_of(stored.state), winner->number % 2 == 0 ? "succeeded" : "failed");
        EXPECT_EQ(winner->number % 2 == 0 ? stored.job.text : stored.error, result);
        EXPECT_EQ(this->events_of(winner->id), 1) << "the losers told nobody";
    }
}

TYPED_TEST(finished_document, is_not_failed_after_it_succeeded_nor_the_other_way_round) {
    shows("B4");
    for (const bool good : {true, false}) {
        const auto id = this->submit();
        const auto run = this->run_of(claim, id);
        EXPECT_EQ(told(good ? this->jobs().fire(found_text, run, {"the text"})
                            : this->jobs().fire(fail, run, {"broken", true})),
                  "applied");
        const auto before = this->row(id);
        EXPECT_EQ(this->all_calls(run), std::vector<std::string>(5, "rejected: wrong_state"));
        EXPECT_EQ(this->row(id), before);
        EXPECT_EQ(this->events_of(id), 1);
    }
}

TYPED_TEST(finished_document, refuses_every_call_of_a_worker_whose_job_was_reclaimed) {
    shows("B4 B5");
    const auto refused = std::vector<std::string>(5, "rejected: stale_epoch");
    const auto id = this->submit(true);
    const auto stale = this->run_of(claim, id, "stale");
    this->pass_time(id, text_lease + 1s);
    const auto fresh = this->run_of(claim, id, "fresh");
    const auto before = this->row(id);
    EXPECT_EQ(this->all_calls(stale), refused);
    EXPECT_EQ(this->row(id), before);
    EXPECT_EQ(this->events_of(id), 0) << "the loser told somebody";
    EXPECT_EQ(told(this->jobs().claim_by_id(refine, id, {.owner = "stale"})),
              "rejected: wrong_state")
        << "the loser started the next leg";

    EXPECT_EQ(told(this->jobs().fire(found_text, fresh, {"the text"})), "applied");
    const auto stale_boxes = this->run_of(refine, id, "stale");
    this->pass_time(id, boxes_lease + 1s);
    const auto fresh_boxes = this->run_of(refine, id, "fresh");
    EXPECT_EQ(this->all_calls(stale_boxes), refused);
    EXPECT_EQ(this->all_calls(fresh), refused) << "the second leg fences off the first, too";
    EXPECT_EQ(told(this->jobs().fire(found_boxes, fresh_boxes, {sm::json{"[]"}})), "applied");
    EXPECT_EQ(this->read(id).job.text, "the text");
}

TYPED_TEST(finished_document, is_worked_on_by_one_worker_and_announced_once) {
    shows("B5");
    constexpr int count = 12;
    webhook_receiver receiver;
    for (int i = 0; i < count; ++i)
        this->submit(i % 2 == 0, this->written("a.pdf"), receiver.url());
    std::array<std::atomic<int>, 2> begun{};
    {
        // Three replicas of each leg, on databases of their own.
        std::vector<std::unique_ptr<replica<TypeParam>>> replicas;
        std::vector<std::jthread> workers;
        for (int i = 0; i < 6; ++i) {
            auto& jobs =
                replicas.emplace_back(std::make_unique<replica<TypeParam>>(this->place))->jobs;
            auto leg = this->leg("worker-" + std::to_string(i));
            leg.in_the_middle = [&, i] { ++begun[static_cast<std::size_t>(i % 2)]; };
            workers.emplace_back([&jobs, leg, i](const std::stop_token& stop) {
                auto done = i % 2 == 0 ? find_texts<production>(jobs, leg, stop)
                                       : find_boxes<production>(jobs, leg, stop);
                EXPECT_TRUE(done.ended);
            });
        }
        EXPECT_TRUE(wait_until([&] { return this->in(succeeded) == count; }));
        auto relay = webhooks_on(this->database(), webhook_options(production), "relay");
        std::jthread delivering(
            [&](const std::stop_token& stop) { EXPECT_TRUE(relay->run(stop)); });
        EXPECT_TRUE(receiver.wait_for(count + count / 2, 60s));
    }
    EXPECT_EQ(begun[0], count);
    EXPECT_EQ(begun[1], count / 2);
    std::set<std::pair<std::int64_t, std::string>> told_of;
    for (const heard& each : receiver.events()) told_of.emplace(each.document, each.topic);
    EXPECT_EQ(told_of.size(), receiver.events().size());
    EXPECT_EQ(told_of.size(), static_cast<std::size_t>(count + count / 2));
}

TYPED_TEST(finished_document, is_heard_of_once_over_any_number_of_deliveries) {
    shows("B5");
    webhook_receiver receiver;
    const auto id = this->submit(false, "a.pdf", receiver.url());
    EXPECT_EQ(told(this->jobs().fire(found_text, this->run_of(claim, id), {"text"})), "applied");
    // As many groups as relays that lost the mark of their delivery.
    for (const char* group : {"first", "second", "third"}) {
        auto relay =
            webhooks_on(this->database(), {.group = group, .from = sm::from::beginning}, group);
        EXPECT_EQ(relay->deliver_some().value().delivered, 1U);
    }
    EXPECT_EQ(receiver.counted().taken, 1U);
    EXPECT_EQ(receiver.counted().duplicates, 2U);
    EXPECT_EQ(receiver.events().at(0).status, "succeeded");
}

TYPED_TEST(finished_document, is_announced_though_its_process_dies_right_after_the_finish) {
    shows("B5");
    webhook_receiver receiver;
    const auto id = this->submit(false, this->written("a.pdf"), receiver.url());
    this->close();
    const auto worker =
        this->start({"worker", "--name", "doomed", "--inbox", this->inbox, "--die-after-text"});
    EXPECT_EQ(worker->end(), -SIGKILL);
    EXPECT_EQ(this->state_of(id), "succeeded");
    EXPECT_EQ(receiver.counted().taken, 0U);
    const auto other = this->start({"deliver", "--name", "other"});
    EXPECT_TRUE(receiver.wait_for(1, 60s));
    other->signal(SIGTERM);
    EXPECT_EQ(other->end(), 0);
    ASSERT_EQ(receiver.events().size(), 1U);
    EXPECT_EQ(receiver.events()[0].document, id);
    EXPECT_EQ(receiver.events()[0].sender, "other");
}

}  // namespace
}  // namespace systems::extracted
