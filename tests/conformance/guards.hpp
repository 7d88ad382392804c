// A machine whose rules are conditions: every operator on every type that has it. The input `which`
// picks the rule, so that each call asks one condition: applied means that it holds.
#pragma once

#include <statemachine/statemachine.hpp>

#include <chrono>

namespace conformance::guards {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { waiting, running, done };
using enum state;

struct job {
    bool flag = false;
    std::int32_t small = 0;
    std::int64_t large = 0;
    double real = 0;
    std::string text{};
    sm::bytes raw{};
    sm::timestamp moment{};
    std::optional<bool> maybe_flag{};
    std::optional<std::int32_t> maybe_small{};
    std::optional<std::int64_t> maybe_large{};
    std::optional<double> maybe_real{};
    std::optional<std::string> maybe_text{};
    std::optional<sm::bytes> maybe_raw{};
    std::optional<sm::timestamp> maybe_moment{};
};

/// What an event of one type carries: both sides of a comparison, and which one is meant.
template <class Type>
struct sides {
    std::int32_t which;
    Type with;
    std::optional<Type> maybe_with{};
};
struct premises {
    std::int32_t which;
    bool a, b;
    std::optional<bool> c{};
};

constexpr sm::event<> claim{"claim"}, finish{"finish"};
constexpr sm::event<sides<bool>> ask_flag{"ask_flag"};
constexpr sm::event<sides<std::int32_t>> ask_small{"ask_small"};
constexpr sm::event<sides<std::int64_t>> ask_large{"ask_large"};
constexpr sm::event<sides<double>> ask_real{"ask_real"};
constexpr sm::event<sides<std::string>> ask_text{"ask_text"};
constexpr sm::event<sides<sm::bytes>> ask_raw{"ask_raw"};
constexpr sm::event<sides<sm::timestamp>> ask_moment{"ask_moment"};
constexpr sm::event<premises> ask_logic{"ask_logic"};

constexpr const char* table = "guard_jobs";

// The order of the rules of one event: groups of operators, each in this order.
enum operators : int { equal, unequal, less, at_most, more, at_least };
enum group : int { with_input, maybe_with_maybe, with_constant, with_other, emptiness };

/// The value of `which` for this operator in this group.
constexpr int number_of(group in, int operation) { return in * 6 + operation; }

constexpr std::int32_t small_constant = -5;
constexpr std::int64_t large_constant = 5'000'000'000;
constexpr double real_constant = 0.1;
constexpr const char* text_constant = "b\xc3\xa9";

class rules {
public:
    static constexpr std::size_t capacity = 160;

    constexpr std::span<const sm::transition<state>> all() const { return {items_.data(), size_}; }

    constexpr void add(const sm::transition<state>& rule) { items_[size_++] = rule; }

    template <class Inputs>
    constexpr void ask(const sm::event<Inputs>& on, int which, const sm::guard& when) {
        add({.on = on,
             .from = running,
             .when = sm::field<&Inputs::which> == which && when,
             .to = running});
    }
    template <class Inputs, class Left, class Right>
    constexpr void ask_equality(const sm::event<Inputs>& on, group in, Left left, Right right) {
        ask(on, number_of(in, equal), left == right);
        ask(on, number_of(in, unequal), left != right);
    }
    template <class Inputs, class Left, class Right>
    constexpr void ask_all(const sm::event<Inputs>& on, group in, Left left, Right right) {
        ask_equality(on, in, left, right);
        ask(on, number_of(in, less), left < right);
        ask(on, number_of(in, at_most), left <= right);
        ask(on, number_of(in, more), left > right);
        ask(on, number_of(in, at_least), left >= right);
    }
    template <class Inputs, class Left, class Right>
    constexpr void ask_emptiness(const sm::event<Inputs>& on, Left left, Right right) {
        ask(on, number_of(emptiness, 0), sm::is_empty(left));
        ask(on, number_of(emptiness, 1), sm::is_empty(right));
    }

private:
    std::array<sm::transition<state>, capacity> items_{};
    std::size_t size_ = 0;
};

constexpr void add_ordered(rules& made) {
    using sm::field;
    made.ask_all(ask_small, with_input, field<&job::small>, field<&sides<std::int32_t>::with>);
    made.ask_all(ask_small, maybe_with_maybe, field<&job::maybe_small>,
                 field<&sides<std::int32_t>::maybe_with>);
    made.ask_all(ask_small, with_constant, field<&job::small>, small_constant);
    made.ask_emptiness(ask_small, field<&job::maybe_small>,
                       field<&sides<std::int32_t>::maybe_with>);
    made.ask_all(ask_large, with_input, field<&job::large>, field<&sides<std::int64_t>::with>);
    made.ask_all(ask_large, maybe_with_maybe, field<&job::maybe_large>,
                 field<&sides<std::int64_t>::maybe_with>);
    made.ask_all(ask_large, with_constant, field<&job::large>, large_constant);
    made.ask_equality(ask_large, with_other, field<&job::small>, field<&sides<std::int64_t>::with>);
    made.ask_emptiness(ask_large, field<&job::maybe_large>,
                       field<&sides<std::int64_t>::maybe_with>);
    made.ask_all(ask_real, with_input, field<&job::real>, field<&sides<double>::with>);
    made.ask_all(ask_real, maybe_with_maybe, field<&job::maybe_real>,
                 field<&sides<double>::maybe_with>);
    made.ask_all(ask_real, with_constant, field<&job::real>, real_constant);
    made.ask_emptiness(ask_real, field<&job::maybe_real>, field<&sides<double>::maybe_with>);
    made.ask_all(ask_text, with_input, field<&job::text>, field<&sides<std::string>::with>);
    made.ask_all(ask_text, maybe_with_maybe, field<&job::maybe_text>,
                 field<&sides<std::string>::maybe_with>);
    made.ask_all(ask_text, with_constant, field<&job::text>, text_constant);
    made.ask_equality(ask_text, with_other, field<&job::text>, field<&job::maybe_text>);
    made.ask_emptiness(ask_text, field<&job::maybe_text>, field<&sides<std::string>::maybe_with>);
    made.ask_all(ask_moment, with_input, field<&job::moment>, field<&sides<sm::timestamp>::with>);
    made.ask_all(ask_moment, maybe_with_maybe, field<&job::maybe_moment>,
                 field<&sides<sm::timestamp>::maybe_with>);
    made.ask_emptiness(ask_moment, field<&job::maybe_moment>,
                       field<&sides<sm::timestamp>::maybe_with>);
}

constexpr void add_unordered(rules& made) {
    using sm::field;
    made.ask_equality(ask_flag, with_input, field<&job::flag>, field<&sides<bool>::with>);
    made.ask_equality(ask_flag, maybe_with_maybe, field<&job::maybe_flag>,
                      field<&sides<bool>::maybe_with>);
    made.ask_equality(ask_flag, with_constant, field<&job::flag>, true);
    made.ask_emptiness(ask_flag, field<&job::maybe_flag>, field<&sides<bool>::maybe_with>);
    made.ask_equality(ask_raw, with_input, field<&job::raw>, field<&sides<sm::bytes>::with>);
    made.ask_equality(ask_raw, maybe_with_maybe, field<&job::maybe_raw>,
                      field<&sides<sm::bytes>::maybe_with>);
    made.ask_emptiness(ask_raw, field<&job::maybe_raw>, field<&sides<sm::bytes>::maybe_with>);
}

// In the order in which the test evaluates them by itself.
constexpr void add_logic(rules& made) {
    constexpr auto a = sm::field<&premises::a>;
    constexpr auto b = sm::field<&premises::b>;
    constexpr auto c = sm::field<&premises::c>;
    constexpr auto flag = sm::field<&job::flag>;
    constexpr auto maybe = sm::field<&job::maybe_flag>;
    made.ask(ask_logic, 0, a && b);
    made.ask(ask_logic, 1, a || b);
    made.ask(ask_logic, 2, !a);
    made.ask(ask_logic, 3, sm::guard{c});
    made.ask(ask_logic, 4, !c);
    made.ask(ask_logic, 5, c == maybe);
    made.ask(ask_logic, 6, !(c == maybe));
    made.ask(ask_logic, 7, c != maybe);
    made.ask(ask_logic, 8, !(c != maybe));
    made.ask(ask_logic, 9, (a || b) && flag);
    made.ask(ask_logic, 10, a || (b && flag));
    made.ask(ask_logic, 11, !(a && b) || sm::is_empty(c));
    made.ask(ask_logic, 12, !(a || !(b && !sm::is_empty(maybe))));
    made.ask(ask_logic, 13, !!maybe);
}
constexpr int logic_count = 14;

constexpr rules make_rules() {
    rules made;
    made.add({.on = claim, .from = waiting, .to = running, .lease = 30s, .expired = waiting});
    made.add({.on = finish, .from = running, .to = done});
    add_ordered(made);
    add_unordered(made);
    add_logic(made);
    return made;
}
inline constexpr rules transitions = make_rules();

inline constexpr sm::column columns[] = {
    {"flag", sm::field<&job::flag>},
    {"small", sm::field<&job::small>},
    {"large", sm::field<&job::large>},
    {"real", sm::field<&job::real>},
    {"text", sm::field<&job::text>},
    {"raw", sm::field<&job::raw>},
    {"moment", sm::field<&job::moment>},
    {"maybe_flag", sm::field<&job::maybe_flag>},
    {"maybe_small", sm::field<&job::maybe_small>},
    {"maybe_large", sm::field<&job::maybe_large>},
    {"maybe_real", sm::field<&job::maybe_real>},
    {"maybe_text", sm::field<&job::maybe_text>},
    {"maybe_raw", sm::field<&job::maybe_raw>},
    {"maybe_moment", sm::field<&job::maybe_moment>},
};
inline constexpr sm::named<state> states[] = {
    {waiting, "waiting"}, {running, "running"}, {done, "done", sm::terminal}};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions.all()};

}  // namespace conformance::guards
