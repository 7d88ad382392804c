// What is sent by hand has to find what the library found, or it is no measure of it.
#include "databases/player.hpp"
#include "library.hpp"

#include <gtest/gtest.h>

namespace {

using bench::durability;

template <class Place>
class tape : public testing::Test {
public:
    static std::vector<bench::run_type> two_runs(bench::library<Place>& on) {
        on.submit(2);
        return on.claim_all(2);
    }
};
using places = testing::Types<bench::sqlite_place, bench::postgres_place>;
TYPED_TEST_SUITE(tape, places);

TYPED_TEST(tape, is_refused_where_a_statement_finds_something_else) {
    const TypeParam recorded_at(durability::relaxed), played_at(durability::relaxed);
    bench::library<TypeParam> recorder(recorded_at, true), beside_player(played_at);
    const auto recorded = this->two_runs(recorder);
    const auto there = this->two_runs(beside_player);
    recorder.recorded().calls.clear();
    for (const auto& run : recorded) recorder.finish(run);
    beside_player.finish(there.back());
    bench::player<TypeParam> player(played_at);
    player.load(std::move(recorder.recorded().calls));
    EXPECT_NO_THROW(player.play_next());
    EXPECT_THROW(player.play_next(), std::runtime_error);
}

TYPED_TEST(tape, of_claims_finds_jobs_that_are_due_as_the_recorded_were) {
    const TypeParam recorded_at(durability::relaxed), played_at(durability::relaxed);
    bench::library<TypeParam> recorder(recorded_at, true), beside_player(played_at);
    constexpr std::size_t count = 20;
    beside_player.submit(count);
    recorder.submit(count);
    played_at.follow(recorded_at);
    recorder.recorded().calls.clear();
    for (std::size_t i = 0; i < count; ++i)
        bench::succeeded(recorder.jobs.claim(bench::claim, {.owner = "worker"}));
    const std::size_t calls = recorder.recorded().calls.size();
    bench::player<TypeParam> player(played_at);
    player.load(std::move(recorder.recorded().calls));
    for (std::size_t i = 0; i < calls; ++i) EXPECT_NO_THROW(player.play_next());
}

}  // namespace
