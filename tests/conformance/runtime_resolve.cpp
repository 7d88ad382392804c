// What resolve tells of a token.
#include "fixture.hpp"

#include <thread>

namespace conformance {
namespace {

template <class Backend>
class resolve : public on_queue<Backend> {};
TYPED_TEST_SUITE(resolve, backends, backend_names);

TYPED_TEST(resolve, tells_what_was_done_with_the_token) {
    const auto run = this->claim(queue::claim, this->submit());
    const auto did = *this->store.fire(queue::complete, run, {"result"}, "token").value();
    const auto before = this->stored(run.id);
    for (int again = 0; again < 2; ++again) {
        const auto settled = this->store.resolve(run.id, "token").value();
        ASSERT_EQ(told(settled), "already_applied");
        EXPECT_EQ(settled->version, did.version);
        EXPECT_EQ(settled->from, queue::running);
        EXPECT_EQ(settled->to, queue::worked);
        EXPECT_EQ(settled->epoch, run.epoch);
        EXPECT_EQ(settled->at, did.at);
    }
    EXPECT_EQ(this->stored(run.id), before);
}

TYPED_TEST(resolve, makes_a_token_void_that_nothing_was_done_with) {
    const auto run = this->claim(queue::claim, this->submit());
    const auto before = this->stored(run.id);
    EXPECT_EQ(told(this->store.resolve(run.id, "token")), "rejected: never_applied");
    EXPECT_EQ(told(this->store.resolve(run.id, "token")), "rejected: never_applied");
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"late"}, "token")),
              "rejected: token_void");
    const auto after = this->stored(run.id);
    EXPECT_EQ(after.jobs, before.jobs);
    EXPECT_EQ(after.log, before.log);
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"anew"}, "another")), "applied");
}

TYPED_TEST(resolve, leaves_a_token_free_that_an_ordinary_refusal_was_given_for) {
    const auto id = this->submit();
    EXPECT_EQ(told(this->store.fire(queue::requeue, id, sm::any_version, {.token = "token"})),
              "rejected: wrong_state");
    EXPECT_EQ(told(this->store.fire(queue::cancel, id, sm::any_version, {.token = "token"})),
              "applied");
}

TYPED_TEST(resolve, knows_no_job_that_there_is_not) {
    EXPECT_EQ(told(this->store.resolve(404, "token")), "rejected: not_found");
    EXPECT_EQ(told(this->store.resolve(404, "no token")), "error: invalid_argument");
    EXPECT_TRUE(this->stored().tokens.empty());
}

TYPED_TEST(resolve, settles_a_race_with_the_change_one_way_for_all) {
    for (int round = 0; round < 40; ++round) {
        const auto run = this->claim(queue::claim, this->submit());
        auto second = this->place.open();
        auto beside = store_on<queue::machine>(second);
        std::string fired;
        std::thread other([&] { fired = told(beside.fire(queue::complete, run, {"x"}, "token")); });
        const std::string settled = told(this->store.resolve(run.id, "token"));
        other.join();
        const bool done = this->read(run.id).state == queue::worked;
        EXPECT_EQ(fired, done ? "applied" : "rejected: token_void");
        EXPECT_EQ(settled, done ? "already_applied" : "rejected: never_applied");
    }
}

}  // namespace
}  // namespace conformance
