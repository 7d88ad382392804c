// Keys in a table of their own: what is promised of keys holds for them, too.
#include "fixture.hpp"
#include "keyed.hpp"
#include "store_on.hpp"

#include <statemachine/schema.hpp>
#include <statemachine/sweeper.hpp>

#include <algorithm>
#include <thread>

namespace conformance {
namespace {

template <class Backend>
class keys_apart : public on_machine<Backend, keyed::machine> {
public:
    auto submit_as(std::string_view key, const std::string& payload) {
        return this->store.submit({.payload = payload}, {.key = key});
    }
};
TYPED_TEST_SUITE(keys_apart, backends, backend_names);

TYPED_TEST(keys_apart, make_one_job_each_whose_content_counts) {
    const auto first = this->submit_as("k", "p").value();
    ASSERT_TRUE(first.applied());
    const auto before = this->stored();
    const auto again = this->submit_as("k", "p").value();
    EXPECT_TRUE(again.already_applied());
    EXPECT_EQ(again->id, first->id);
    EXPECT_EQ(told(this->submit_as("k", "q")), "rejected: key_conflict");
    EXPECT_EQ(this->stored(), before);
    EXPECT_TRUE(this->submit_as("K", "q").value().applied());
    EXPECT_TRUE(this->submit_as("", "p").value().applied());
    EXPECT_TRUE(this->submit_as("", "p").value().applied());
}

TYPED_TEST(keys_apart, make_one_job_each_also_in_a_batch) {
    using submission = typename TestFixture::store_type::submission;
    const std::vector<submission> jobs{{{.payload = "p"}, "k"},
                                       {{.payload = "p"}, "k"},
                                       {{.payload = "q"}, "k"},
                                       {{.payload = "q"}, "l"}};
    const auto answers = this->store.submit_many(jobs);
    std::vector<std::string> said;
    said.reserve(answers.size());
    for (const auto& each : answers) said.push_back(told(each));
    EXPECT_EQ(said, (std::vector<std::string>{"applied", "already_applied",
                                              "rejected: key_conflict", "applied"}));
}

TYPED_TEST(keys_apart, are_asked_of_no_job_of_a_batch) {
    using submission = typename TestFixture::store_type::submission;
    const std::vector<submission> jobs(3, {.job = {.payload = "p"}});
    for (const auto& each : this->store.submit_many(jobs)) EXPECT_EQ(told(each), "applied");
}

TYPED_TEST(keys_apart, make_one_job_each_however_many_submit_at_once) {
    constexpr int keys = 40;
    std::vector<std::vector<std::int64_t>> ids(4);
    {
        std::vector<std::jthread> threads;
        threads.reserve(ids.size());
        for (auto& own : ids)
            threads.emplace_back([&] {
                for (int key = 0; key < keys; ++key)
                    own.push_back(this->submit_as("k" + std::to_string(key), "p").value()->id);
            });
    }
    for (const auto& own : ids) EXPECT_EQ(own, ids.front());
    EXPECT_EQ(this->place.number("SELECT count(*) FROM keyed_jobs"), keys);
}

TYPED_TEST(keys_apart, are_free_again_when_their_job_is_removed) {
    const auto id = this->submit_as("k", "p").value()->id;
    const auto run = this->claim(keyed::claim, id);
    this->store.fire(keyed::complete, run, {"r"}).value().value();
    this->place.execute("UPDATE keyed_jobs SET changed_at = changed_at - 7200000" +
                        std::string{TypeParam::database::dialect.millisecond});
    sm::sweeper<keyed::machine> sweeper(this->database);
    EXPECT_EQ(sweeper.sweep_once().value().removed, 1U);
    const auto again = this->submit_as("k", "q").value();
    EXPECT_TRUE(again.applied());
    EXPECT_GT(again->id, id);
}

TYPED_TEST(keys_apart, come_along_from_an_index) {
    TypeParam elsewhere;
    auto there = elsewhere.open();
    sm::store<keyed::indexed> before{there};
    before.migrate().value();
    const auto id = before.submit({.payload = "p"}, {.key = "k"}).value()->id;
    sm::store<keyed::machine> after{there};
    after.migrate().value();
    EXPECT_EQ(after.submit({.payload = "p"}, {.key = "k"}).value()->id, id);
    EXPECT_EQ(told(after.submit({.payload = "q"}, {.key = "k"})), "rejected: key_conflict");
    EXPECT_TRUE(after.submit({.payload = "q"}, {.key = "l"}).value().applied());
    EXPECT_TRUE(sm::schema<keyed::machine>(there).check().value().fits());
}

}  // namespace

}  // namespace conformance
