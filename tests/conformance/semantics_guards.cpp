// Conditions: every operator on every type that has it, against the same comparison in C++.
#include "fixture.hpp"
#include "guards.hpp"

#include <limits>

namespace conformance {
namespace {

template <class Type>
constexpr Type lowest = std::numeric_limits<Type>::lowest();
template <class Type>
constexpr Type highest = std::numeric_limits<Type>::max();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr auto year_1 = sm::timestamp{std::chrono::milliseconds{-62'135'596'800'000}};
constexpr auto end_of_9999 = sm::timestamp{std::chrono::milliseconds{253'402'300'799'999}};

sm::bytes raw_of(std::string_view text) {
    sm::bytes made;
    for (const char c : text) made.push_back(static_cast<std::byte>(c));
    return made;
}

template <class Type>
bool compare(int operation, const Type& left, const Type& right) {
    switch (operation) {
        case guards::equal: return left == right;
        case guards::unequal: return left != right;
        case guards::less: return left < right;
        case guards::at_most: return left <= right;
        case guards::more: return left > right;
        default: return left >= right;
    }
}
// A comparison with an empty side does not hold.
template <class Type>
bool compare(int operation, const std::optional<Type>& left, const std::optional<Type>& right) {
    return left && right && compare(operation, *left, *right);
}

constexpr int all_operators = 6;
constexpr int equalities = 2;

template <class Backend>
class guard : public on_machine<Backend, guards::machine> {
public:
    using run_type = typename on_machine<Backend, guards::machine>::run_type;

    template <class Inputs>
    bool holds(const sm::event<Inputs>& on, const run_type& run, const Inputs& inputs) {
        const std::string said = told(this->store.fire(on, run, inputs));
        if (said != "applied" && said != "rejected: guard_failed") ADD_FAILURE() << said;
        return said == "applied";
    }

    // Each operator on each pair of these values, in a column and in an input, empty ones included.
    template <class Type>
    void compare_all(const sm::event<guards::sides<Type>>& on, Type guards::job::*column,
                     std::optional<Type> guards::job::*maybe, const std::vector<Type>& contents,
                     int operators, const std::optional<Type>& constant) {
        std::vector<std::optional<Type>> choices(contents.begin(), contents.end());
        choices.push_back(std::nullopt);
        for (std::size_t l = 0; l < choices.size(); ++l) {
            guards::job job;
            if (choices[l]) job.*column = *choices[l];
            job.*maybe = choices[l];
            const auto run = this->claim(guards::claim, this->submit(job));
            for (std::size_t r = 0; r < choices.size(); ++r)
                for (int operation = 0; operation < operators; ++operation) {
                    SCOPED_TRACE(std::string(on.name) + " " + std::to_string(l) + " operator " +
                                 std::to_string(operation) + " " + std::to_string(r));
                    compare_one(on, run, job.*column, choices[l], choices[r], operation, constant);
                }
        }
    }

private:
    template <class Type>
    void compare_one(const sm::event<guards::sides<Type>>& on, const run_type& run,
                     const Type& left, const std::optional<Type>& maybe_left,
                     const std::optional<Type>& right, int operation,
                     const std::optional<Type>& constant) {
        const Type with = right.value_or(Type{});
        EXPECT_EQ(holds(on, run, {guards::number_of(guards::with_input, operation), with, right}),
                  compare(operation, left, with));
        EXPECT_EQ(
            holds(on, run, {guards::number_of(guards::maybe_with_maybe, operation), with, right}),
            compare(operation, maybe_left, right));
        if (constant) {
            EXPECT_EQ(
                holds(on, run, {guards::number_of(guards::with_constant, operation), with, right}),
                compare(operation, left, *constant));
        }
        if (operation > 0) return;
        EXPECT_EQ(holds(on, run, {guards::number_of(guards::emptiness, 0), with, right}),
                  !maybe_left);
        EXPECT_EQ(holds(on, run, {guards::number_of(guards::emptiness, 1), with, right}), !right);
    }
};
TYPED_TEST_SUITE(guard, backends, backend_names);

TYPED_TEST(guard, compares_integers) {
    this->template compare_all<std::int32_t>(
        guards::ask_small, &guards::job::small, &guards::job::maybe_small,
        {lowest<std::int32_t>, guards::small_constant, 0, highest<std::int32_t>}, all_operators,
        guards::small_constant);
    this->template compare_all<std::int64_t>(
        guards::ask_large, &guards::job::large, &guards::job::maybe_large,
        {lowest<std::int64_t>, 0, guards::large_constant, highest<std::int64_t>}, all_operators,
        guards::large_constant);
}

TYPED_TEST(guard, compares_integers_of_two_widths) {
    const auto run = this->claim(guards::claim, this->submit({.small = -1}));
    for (const std::int64_t with :
         {std::int64_t{-1}, std::int64_t{0xFFFFFFFF}, lowest<std::int64_t>})
        for (int operation = 0; operation < equalities; ++operation)
            EXPECT_EQ(this->holds(guards::ask_large, run,
                                  {guards::number_of(guards::with_other, operation), with, {}}),
                      compare<std::int64_t>(operation, -1, with));
}

TYPED_TEST(guard, compares_reals) {
    this->template compare_all<double>(
        guards::ask_real, &guards::job::real, &guards::job::maybe_real,
        {-infinity, lowest<double>, 0, 5e-324, 0.1, 0.1 + 1e-17, 0.10000000000000002, infinity},
        all_operators, guards::real_constant);
}

TYPED_TEST(guard, compares_texts_by_their_bytes) {
    this->template compare_all<std::string>(
        guards::ask_text, &guards::job::text, &guards::job::maybe_text,
        {"", "B", "a", "a ", "b", "be", guards::text_constant, "\xef\xbf\xbd", "\xf0\x9f\x98\x80"},
        all_operators, std::string(guards::text_constant));
}

TYPED_TEST(guard, compares_columns_with_columns) {
    for (const std::optional<std::string>& maybe :
         {std::optional<std::string>{}, std::optional<std::string>{"x"},
          std::optional<std::string>{"X"}}) {
        const auto run =
            this->claim(guards::claim, this->submit({.text = "x", .maybe_text = maybe}));
        for (int operation = 0; operation < equalities; ++operation)
            EXPECT_EQ(this->holds(guards::ask_text, run,
                                  {guards::number_of(guards::with_other, operation), "", {}}),
                      compare<std::string>(operation, std::optional<std::string>{"x"}, maybe));
    }
}

TYPED_TEST(guard, compares_times) {
    this->template compare_all<sm::timestamp>(
        guards::ask_moment, &guards::job::moment, &guards::job::maybe_moment,
        {year_1, sm::timestamp{}, sm::timestamp{1ms}, end_of_9999}, all_operators, std::nullopt);
}

TYPED_TEST(guard, compares_booleans_for_equality) {
    this->template compare_all<bool>(guards::ask_flag, &guards::job::flag, &guards::job::maybe_flag,
                                     {false, true}, equalities, true);
}

TYPED_TEST(guard, compares_bytes_for_equality) {
    this->template compare_all<sm::bytes>(
        guards::ask_raw, &guards::job::raw, &guards::job::maybe_raw,
        {{}, raw_of({"\0", 1}), raw_of({"\0\0", 2}), raw_of("a"), raw_of("\xff")}, equalities,
        std::nullopt);
}

// The same conditions as in the declaration, evaluated here. An empty condition does not hold, and
// its negation does.
bool logic(int which, const guards::premises& in, const guards::job& job) {
    const bool c = in.c.value_or(false);
    const bool maybe = job.maybe_flag.value_or(false);
    const bool known = in.c && job.maybe_flag;
    const bool same = known && *in.c == *job.maybe_flag;
    const bool other = known && *in.c != *job.maybe_flag;
    switch (which) {
        case 0: return in.a && in.b;
        case 1: return in.a || in.b;
        case 2: return !in.a;
        case 3: return c;
        case 4: return !c;
        case 5: return same;
        case 6: return !same;
        case 7: return other;
        case 8: return !other;
        case 9: return (in.a || in.b) && job.flag;
        case 10: return in.a || (in.b && job.flag);
        case 11: return !(in.a && in.b) || !in.c;
        case 12: return !(in.a || !(in.b && job.maybe_flag));
        default: return maybe;
    }
}

TYPED_TEST(guard, combines_conditions_as_declared) {
    const std::optional<bool> choices[] = {std::nullopt, false, true};
    for (const bool flag : {false, true})
        for (const auto& maybe : choices) {
            const guards::job job{.flag = flag, .maybe_flag = maybe};
            const auto run = this->claim(guards::claim, this->submit(job));
            for (int bits = 0; bits < 4; ++bits)
                for (const auto& c : choices)
                    for (int which = 0; which < guards::logic_count; ++which) {
                        const guards::premises in{which, (bits & 1) != 0, (bits & 2) != 0, c};
                        EXPECT_EQ(this->holds(guards::ask_logic, run, in), logic(which, in, job))
                            << "condition " << which << " a " << in.a << " b " << in.b
                            << " c known " << c.has_value() << " flag " << flag << " maybe known "
                            << maybe.has_value();
                    }
        }
}

}  // namespace
}  // namespace conformance
