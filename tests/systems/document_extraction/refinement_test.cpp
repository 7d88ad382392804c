// The second leg: attempts, lease and error of its own, and what is left when it fails.
#include "on_documents.hpp"

#include <nlohmann/json.hpp>

namespace systems::extracted {
namespace {

template <class Backend>
class refined_document : public on_documents<Backend> {
public:
    std::string fail_run(const run_type& run, bool permanent = false) {
        return told(this->jobs().fire(fail, run, {"no boxes", permanent}));
    }
    /// It stays partial, its text can be read, and no event of whatever kind starts it again.
    void expect_given_up(std::int64_t id) {
        const auto found = this->read(id);
        EXPECT_EQ(name_of(found.state), "partial");
        EXPECT_EQ(found.job.text, "the text");
        EXPECT_EQ(found.job.boxes_left, 0);
        EXPECT_FALSE(found.error.has_value()) << "the first leg had none";
        const auto shown =
            nlohmann::json::parse(submit_api<production>{this->jobs()}.look(id).body);
        EXPECT_EQ(shown.at("text"), "the text");
        EXPECT_EQ(shown.at("status"), "partial");
        this->pass_time(id, 24h);
        const auto before = this->row(id);
        for (int duplicate = 0; duplicate < 3; ++duplicate) {
            EXPECT_EQ(told(this->jobs().claim_by_id(refine, id, {.owner = "worker"})),
                      "rejected: guard_failed");
            EXPECT_EQ(told(this->jobs().claim(refine, {.owner = "worker"})), "rejected: none_due");
            EXPECT_EQ(told(this->jobs().claim_by_id(claim, id, {.owner = "worker"})),
                      "rejected: wrong_state");
        }
        const auto swept = this->jobs().sweep().value();
        EXPECT_EQ(swept.expired + swept.exhausted, 0U);
        EXPECT_EQ(this->row(id), before);
    }
};
TYPED_TEST_SUITE(refined_document, backends, backend_names);

TYPED_TEST(refined_document, has_attempts_and_a_lease_of_its_own) {
    shows("B7");
    const auto id = this->submit(true);
    EXPECT_EQ(told(this->jobs().fire(fail, this->run_of(claim, id), {"once", false})), "applied");
    this->pass_time(id, 10s);
    const auto text_run = this->run_of(claim, id);
    EXPECT_EQ(text_run.attempts, 2);
    constexpr auto slack = 1s;
    const auto length_of = [&](const run_type& run) {
        return run.lease_until - this->read(id).changed_at;
    };
    EXPECT_LT(std::chrono::abs(length_of(text_run) - (20min + 60s)), slack);
    EXPECT_EQ(told(this->jobs().fire(found_text, text_run, {"the text"})), "applied");
    const auto boxes_run = this->run_of(refine, id);
    EXPECT_EQ(boxes_run.attempts, 1) << "the attempts of the first leg do not count";
    EXPECT_EQ(boxes_run.job.boxes_left, attempts_per_leg - 1);
    EXPECT_GT(boxes_run.epoch, text_run.epoch);
    EXPECT_LT(std::chrono::abs(length_of(boxes_run) - (10min + 60s)), slack);
    EXPECT_EQ(this->fail_run(boxes_run), "applied");
    EXPECT_EQ(this->read(id).error, "once");
    EXPECT_EQ(this->read(id).job.boxes_error, "no boxes");
}

TYPED_TEST(refined_document, waits_for_its_backoff_and_has_three_attempts) {
    shows("B6 B7");
    const auto id = this->submit_partial();
    for (const auto least : {5s, 10s}) {
        EXPECT_EQ(this->fail_run(this->run_of(refine, id)), "applied");
        EXPECT_EQ(this->state_of(id), "partial");
        EXPECT_EQ(told(this->jobs().claim(refine, {.owner = "hasty"})), "rejected: none_due");
        EXPECT_EQ(told(this->jobs().claim_by_id(refine, id, {.owner = "hasty"})),
                  "rejected: not_due");
        const auto found = this->read(id);
        const std::chrono::milliseconds delay = found.run_at - found.changed_at;
        EXPECT_GE(delay, least - 1s);
        EXPECT_LE(delay, least * 12 / 10 + 1s);
        this->pass_time(id, delay);
    }
    EXPECT_EQ(this->fail_run(this->run_of(refine, id)), "applied");
    this->expect_given_up(id);
    EXPECT_EQ(this->read(id).job.boxes_error, "no boxes");
}

TYPED_TEST(refined_document, is_given_up_at_once_where_the_error_is_permanent) {
    shows("B6 B7");
    const auto id = this->submit_partial();
    EXPECT_EQ(this->fail_run(this->run_of(refine, id), true), "applied");
    this->expect_given_up(id);
}

TYPED_TEST(refined_document, is_given_up_when_it_kills_its_worker_each_time) {
    shows("B7");
    const auto id = this->submit_partial();
    for (int killed = 0; killed < attempts_per_leg; ++killed) {
        EXPECT_EQ(told(this->jobs().claim_by_id(refine, id, {.owner = "doomed"})), "applied");
        this->pass_time(id, boxes_lease + 1s);
        // Taken over by the next claim, or handed back by a sweep.
        if (killed != 0) {
            EXPECT_EQ(this->jobs().sweep().value().expired, 1U);
        }
    }
    this->expect_given_up(id);
}

TYPED_TEST(refined_document, gets_its_attempt_back_when_it_is_released) {
    shows("B7");
    const auto id = this->submit_partial();
    for (int again = 0; again <= attempts_per_leg; ++again) {
        const auto run = this->run_of(refine, id);
        EXPECT_EQ(told(this->jobs().fire(release, run)), "applied");
    }
    EXPECT_EQ(this->read(id).job.boxes_left, attempts_per_leg);
    EXPECT_EQ(this->read(id).attempts, 0);
}

TYPED_TEST(refined_document, brings_the_boxes_of_real_words_and_keeps_its_text) {
    shows("B7");
    const auto id = this->submit(true, this->written("a.pdf"));
    {
        const std::jthread texts([&](const std::stop_token& stop) {
            EXPECT_TRUE(find_texts<production>(this->jobs(), this->leg("texts"), stop).ended);
        });
        const std::jthread boxes([&](const std::stop_token& stop) {
            EXPECT_TRUE(find_boxes<production>(this->jobs(), this->leg("boxes"), stop).ended);
        });
        EXPECT_TRUE(wait_until([&] { return this->in(succeeded) == 1; }));
    }
    const auto found = this->read(id).job;
    EXPECT_EQ(found.text->substr(0, 13), "Total: 17 EUR");
    const auto words = nlohmann::json::parse(found.boxes->text);
    ASSERT_EQ(words.size(), 3U);
    EXPECT_EQ(words[0].at("word"), "Total:");
    EXPECT_EQ(words[1].at("word"), "17");
    EXPECT_GT(words[1].at("box")[0], words[0].at("box")[2]) << "the second word is to the right";
}

TYPED_TEST(refined_document, stays_partial_when_its_file_is_spoiled_between_the_legs) {
    shows("B7");
    const auto id = this->submit_partial();
    this->garbage("a.pdf");
    webhook_receiver receiver;
    const std::jthread boxes([&](const std::stop_token& stop) {
        EXPECT_TRUE(find_boxes<production>(this->jobs(), this->leg("boxes"), stop).ended);
    });
    EXPECT_TRUE(
        wait_until([&] { return this->read(id).job.boxes_left == 0 && this->in(partial) == 1; }));
    this->expect_given_up(id);
}

}  // namespace
}  // namespace systems::extracted
