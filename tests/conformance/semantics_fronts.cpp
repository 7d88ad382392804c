// Which job a claim takes, also where it begins at the front that claims before it have seen.
#include "fixture.hpp"

#include <support/known_front.hpp>

namespace conformance {
namespace {

template <class Backend>
class front_of_claims : public on_queue<Backend> {
public:
    using database_type = typename Backend::database;
    static constexpr bool has_fronts = database_type::dialect.keeps_dead_entries;

    std::int64_t submit_at(sm::timestamp run_at, int priority = 0) {
        return this->submit({}, {.priority = priority, .run_at = run_at});
    }
    std::int64_t claimed() {
        const auto run = this->store.claim(queue::claim, {.owner = "worker"});
        return run && run.value() ? run.value()->id : 0;
    }
    sm::tests::known_front<queue::machine, database_type> known() {
        return {this->database, "claim"};
    }

    /// As claims find it out by themselves when there are many, and for as long.
    void begin_at(sm::timestamp run_at) { this->known().set({0, run_at}); }

    const sm::timestamp now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
};
TYPED_TEST_SUITE(front_of_claims, backends, backend_names);

TYPED_TEST(front_of_claims, is_where_they_begin) {
    for (int round = 0; round < 10; ++round) {
        const auto before = this->submit_at(this->now - 2min);
        const auto behind = this->submit_at(this->now - 1min);
        this->begin_at(this->now - 90s);
        const auto first = this->claimed();
        const auto second = this->claimed();
        EXPECT_EQ(first + second, before + behind);
        if (first == (this->has_fronts ? behind : before)) return;
        // It took longer than a front is believed.
    }
    ADD_FAILURE() << "the first job was never the one that was expected";
}

TYPED_TEST(front_of_claims, is_looked_for_from_the_last_one_on_after_many_jobs) {
    for (int round = 0; round < 10; ++round) {
        const auto before = this->submit_at(this->now - 2min);
        const auto behind = this->submit_at(this->now - 1min);
        this->begin_at(this->now - 90s);
        this->known().pass_by(1000);
        const auto first = this->claimed();
        const auto second = this->claimed();
        EXPECT_EQ(first + second, before + behind);
        if (first == (this->has_fronts ? behind : before)) return;
    }
    ADD_FAILURE() << "the first job was never the one that was expected";
}

TYPED_TEST(front_of_claims, hides_no_job_before_it) {
    const auto before = this->submit_at(this->now - 2min);
    this->begin_at(this->now);
    EXPECT_EQ(this->claimed(), before);
    std::vector<std::int64_t> all;
    for (int i = 0; i < 5; ++i) all.push_back(this->submit_at(this->now - 2min));
    this->submit_at(this->now);
    this->begin_at(this->now);
    auto runs = this->store.claim_many(queue::claim, 6, {.owner = "worker"}).value().value();
    const auto rest = this->store.claim_many(queue::claim, 6, {.owner = "worker"}).value();
    EXPECT_EQ(runs.size() + (rest.rejected() ? 0 : rest.value().size()), all.size() + 1);
}

TYPED_TEST(front_of_claims, is_forgotten_when_a_batch_finds_too_few_behind_it) {
    const auto before = this->submit_at(this->now - 2min);
    this->submit_at(this->now);
    this->begin_at(this->now);
    const auto some = this->store.claim_many(queue::claim, 2, {.owner = "worker"}).value().value();
    if (some.size() == 2) return;  // there was no front
    this->submit_at(this->now);
    EXPECT_EQ(this->claimed(), before);
}

TYPED_TEST(front_of_claims, gives_way_to_a_higher_priority) {
    this->submit_at(this->now);
    this->begin_at(this->now);
    const auto urgent = this->submit_at(this->now - 2min, 5);
    EXPECT_EQ(this->claimed(), urgent);
}

TYPED_TEST(front_of_claims, hides_no_lower_priority) {
    const auto humble = this->submit_at(this->now - 2min, -5);
    this->begin_at(this->now);
    EXPECT_EQ(this->claimed(), humble);
    const auto humblest =
        this->submit_at(this->now - 2min, std::numeric_limits<std::int32_t>::min());
    EXPECT_EQ(this->claimed(), humblest);
}

}  // namespace
}  // namespace conformance
