// Fingerprints tell contents apart; nonces and shares are new each time.
#include "../../src/identity.hpp"

#include <statemachine/detail/chance.hpp>
#include <statemachine/verify.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

namespace sm = statemachine;
using namespace std::chrono_literals;
using sm::detail::described;
using sm::detail::fingerprint_of_inputs;
using sm::detail::fingerprint_of_job;

enum class state { open, held, shut };

struct job {
    std::string first, second;
    std::int64_t large = 0;
    std::optional<std::string> note;
    std::optional<std::int32_t> count;
    std::optional<double> real;
};
struct inputs {
    std::string first, second;
    std::optional<std::int32_t> count;
    std::string unread;
};
struct other_inputs {
    std::string first;
};

constexpr sm::event<> take{"take"};
constexpr sm::event<inputs> put{"put"};
constexpr sm::event<other_inputs> close{"close"};

constexpr sm::named<state> states[] = {
    {state::open, "open"}, {state::held, "held"}, {state::shut, "shut", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = take, .from = state::open, .to = state::held, .lease = 1s, .expired = state::open},
    {.on = put,
     .from = state::held,
     .when = sm::field<&inputs::first> != "",
     .to = state::held,
     .then = {sm::set<&job::second>(sm::field<&inputs::second>),
              sm::set<&job::count>(sm::field<&inputs::count>)}},
    {.on = close,
     .from = state::held,
     .to = state::shut,
     .then = {sm::set<&job::first>(sm::field<&other_inputs::first>)}},
};

constexpr sm::column plain_columns[] = {
    {"first", sm::field<&job::first>}, {"second", sm::field<&job::second>},
    {"large", sm::field<&job::large>}, {"note", sm::field<&job::note>},
    {"count", sm::field<&job::count>}, {"real", sm::field<&job::real>},
};
constexpr sm::column swapped_columns[] = {
    {"second", sm::field<&job::second>}, {"first", sm::field<&job::first>},
    {"large", sm::field<&job::large>},   {"note", sm::field<&job::note>},
    {"count", sm::field<&job::count>},   {"real", sm::field<&job::real>},
};
constexpr sm::column renamed_columns[] = {
    {"prime", sm::field<&job::first>}, {"second", sm::field<&job::second>},
    {"large", sm::field<&job::large>}, {"note", sm::field<&job::note>},
    {"count", sm::field<&job::count>}, {"real", sm::field<&job::real>},
};
constexpr sm::column formerly_columns[] = {
    {"prime", sm::field<&job::first>, sm::column_flags::none, "first"},
    {"second", sm::field<&job::second>},
    {"large", sm::field<&job::large>},
    {"note", sm::field<&job::note>},
    {"count", sm::field<&job::count>},
    {"real", sm::field<&job::real>},
};
constexpr sm::column fewer_columns[] = {
    {"first", sm::field<&job::first>},
    {"second", sm::field<&job::second>},
    {"large", sm::field<&job::large>},
};
constexpr sm::column chosen_columns[] = {
    {"first", sm::field<&job::first>, sm::identity},
    {"second", sm::field<&job::second>},
    {"large", sm::field<&job::large>, sm::identity},
    {"note", sm::field<&job::note>},
    {"count", sm::field<&job::count>},
    {"real", sm::field<&job::real>},
};

constexpr sm::machine<state, job> machine_with(std::span<const sm::column> columns) {
    return {.table = "things",
            .initial = state::open,
            .columns = columns,
            .states = states,
            .transitions = transitions};
}
constexpr auto plain = machine_with(plain_columns);
constexpr auto swapped = machine_with(swapped_columns);
constexpr auto renamed = machine_with(renamed_columns);
constexpr auto formerly = machine_with(formerly_columns);
constexpr auto fewer = machine_with(fewer_columns);
constexpr auto chosen = machine_with(chosen_columns);

template <const auto& Machine>
std::string of(const job& content) {
    return fingerprint_of_job(described<Machine>::value, &content);
}

const job sample{"a", "b", 7, "n", 1, 0.5};

TEST(fingerprint, is_the_same_for_the_same_content) {
    const job copy = sample;
    EXPECT_EQ(of<plain>(copy), of<plain>(sample));
}

TEST(fingerprint, names_its_recipe_and_is_a_hash_in_hexadecimal) {
    const std::string text = of<plain>(sample);
    ASSERT_EQ(text.size(), 33U);
    EXPECT_EQ(text.front(), '1');
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
}

// A change of the recipe has to change its name: keys that are stored would conflict otherwise.
TEST(fingerprint, stays_what_it_is_under_this_recipe) {
    EXPECT_EQ(of<plain>(sample), "15298ed56986b55a98e037aa469f6deec");
}

TEST(fingerprint, differs_for_each_other_content) {
    std::set<std::string> seen{of<plain>(sample)};
    const auto is_new = [&](auto change) {
        job other = sample;
        change(other);
        return seen.insert(of<plain>(other)).second;
    };
    EXPECT_TRUE(is_new([](job& j) { j.first = "A"; }));
    EXPECT_TRUE(is_new([](job& j) { j.first = ""; }));
    EXPECT_TRUE(is_new([](job& j) { j.first = std::string{"a\0", 2}; }));
    EXPECT_TRUE(is_new([](job& j) { std::swap(j.first, j.second); }));
    EXPECT_TRUE(is_new([](job& j) { j.first = "ab", j.second = ""; }));
    EXPECT_TRUE(is_new([](job& j) { j.first = "", j.second = "ab"; }));
    EXPECT_TRUE(is_new([](job& j) { j.large = -7; }));
    EXPECT_TRUE(is_new([](job& j) { j.large = 7 + (std::int64_t{1} << 40); }));
    EXPECT_TRUE(is_new([](job& j) { j.note = ""; }));
    EXPECT_TRUE(is_new([](job& j) { j.note.reset(); }));
    EXPECT_TRUE(is_new([](job& j) { j.count = 0; }));
    EXPECT_TRUE(is_new([](job& j) { j.count.reset(); }));
    EXPECT_TRUE(is_new([](job& j) { j.real = 0.5000000000000001; }));
    EXPECT_TRUE(is_new([](job& j) { j.real = 0.0; }));
    EXPECT_TRUE(is_new([](job& j) { j.real.reset(); }));
}

TEST(fingerprint, outlives_a_renamed_column_and_one_that_was_added) {
    EXPECT_EQ(of<formerly>(sample), of<plain>(sample));
    EXPECT_NE(of<renamed>(sample), of<plain>(sample));
    const job before{"a", "b", 7, std::nullopt, std::nullopt, std::nullopt};
    EXPECT_EQ(of<plain>(before), of<fewer>(before));
}

TEST(fingerprint, takes_both_zeros_for_one_as_the_database_does) {
    job negative = sample;
    negative.real = -0.0;
    job positive = sample;
    positive.real = 0.0;
    EXPECT_EQ(of<plain>(negative), of<plain>(positive));
}

TEST(fingerprint, covers_the_names_and_the_order_of_columns) {
    EXPECT_NE(of<swapped>(sample), of<plain>(sample));
    EXPECT_NE(of<renamed>(sample), of<plain>(sample));
}

TEST(fingerprint, covers_only_the_identity_where_one_is_declared) {
    job other = sample;
    other.second = "something else";
    other.note.reset();
    EXPECT_EQ(of<chosen>(other), of<chosen>(sample));
    other.large = 8;
    EXPECT_NE(of<chosen>(other), of<chosen>(sample));
}

TEST(fingerprint_of_inputs, covers_what_the_rules_of_the_event_read) {
    constexpr const auto& declared = described<plain>::value;
    const int event = declared.event_named("put");
    const auto inputs_of = [&](const inputs& content) {
        return fingerprint_of_inputs(declared, event, &content);
    };
    const inputs base{"a", "b", 1, "c"};
    EXPECT_EQ(inputs_of(base), inputs_of(inputs{base}));
    EXPECT_NE(inputs_of(base), inputs_of({"x", "b", 1, "c"})) << "read by the condition";
    EXPECT_NE(inputs_of(base), inputs_of({"a", "x", 1, "c"})) << "written by an effect";
    EXPECT_NE(inputs_of(base), inputs_of({"a", "b", {}, "c"})) << "an empty input";
    EXPECT_EQ(inputs_of(base), inputs_of({"a", "b", 1, "x"})) << "nothing reads it";
}

TEST(nonce, is_new_each_time) {
    std::set<std::array<char, 16>> seen;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(sm::detail::make_nonce()).second);
}

TEST(nonce, repeats_with_its_seed_and_not_beyond) {
    const auto drawn = [](std::uint64_t seed) {
        const sm::detail::seeded_chance seeded(seed);
        return std::pair{sm::detail::make_nonce(), sm::detail::make_share()};
    };
    EXPECT_EQ(drawn(1), drawn(1));
    EXPECT_NE(drawn(1).first, drawn(2).first);
    EXPECT_NE(sm::detail::make_nonce(), drawn(1).first);
}

TEST(share, spreads_over_0_to_1) {
    int below = 0;
    for (int i = 0; i < 1000; ++i) {
        const double share = sm::detail::make_share();
        ASSERT_GE(share, 0.0);
        ASSERT_LT(share, 1.0);
        below += share < 0.5 ? 1 : 0;
    }
    // Ten standard deviations: once in 10^23 runs.
    EXPECT_GT(below, 340);
    EXPECT_LT(below, 660);
}

}  // namespace
