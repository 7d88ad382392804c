// How statements are put together, where the golden files show only the outcome.
#include <golden/small_machine.hpp>
#include <render/read.hpp>
#include <render/shelf.hpp>
#include <statemachine/detail/catalog.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <thread>

namespace {

namespace sm = statemachine;
using namespace sm::detail;
using namespace std::chrono_literals;

constexpr sm::dialect speech = [] {
    sm::dialect made{};
    made.name = "plain";
    made.placeholder = ':';
    made.search_now = "then()";
    made.write_now = "now()";
    made.millisecond = " ms";
    made.one_statement = true;
    made.least = "least";
    made.greatest = "greatest";
    made.bytewise = " BYTEWISE";
    return made;
}();

enum class state { open, held, shut };

struct job {
    std::string name;
    std::optional<std::string> note;
    std::int64_t size = 0;
    std::optional<std::int64_t> limit;
    bool ready = false;
    std::optional<bool> maybe;
};
struct inputs {
    std::string name;
    std::optional<std::string> note;
    bool sure;
};

constexpr sm::event<> take{"take"};
constexpr sm::event<inputs> choose{"choose"}, agree{"agree"};

constexpr sm::column columns[] = {
    {"name", sm::field<&job::name>},   {"note", sm::field<&job::note>, sm::once},
    {"size", sm::field<&job::size>},   {"limit", sm::field<&job::limit>},
    {"ready", sm::field<&job::ready>}, {"maybe", sm::field<&job::maybe>},
};
constexpr sm::named<state> states[] = {
    {state::open, "open"}, {state::held, "held"}, {state::shut, "shut", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = take, .from = state::open, .to = state::held, .lease = 1s, .expired = state::open},
    {.on = choose,
     .from = state::held,
     .when = sm::field<&inputs::sure>,
     .to = state::shut,
     .then = {sm::set<&job::name>(sm::field<&inputs::name>),
              sm::set<&job::note>(sm::field<&inputs::name>)}},
    {.on = choose, .from = state::held, .to = state::open, .then = {sm::add<&job::limit>(1)}},
    {.on = agree, .from = state::held, .when = sm::field<&inputs::sure>, .to = state::shut},
    {.on = agree, .from = state::held, .when = sm::field<&job::ready>, .to = state::shut},
};
constexpr sm::machine<state, job> machine{.table = "things",
                                          .initial = state::open,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};
constexpr const spec& declared = described<machine>::value;

struct written {
    std::string text;
    std::vector<parameter> parameters;
};

template <class Write>
written write(Write into) {
    sql_writer out(speech);
    into(out);
    return {out.text(), out.parameters()};
}

std::string condition(const sm::guard& when) {
    return write([&](sql_writer& out) { write_condition(out, declared, when); }).text;
}

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST(parameter, is_used_again_where_the_same_value_is_meant) {
    const written made = write([](sql_writer& out) {
        out.put(slot::id, sm::column_type::int64) << " ";
        out.put(slot::token, sm::column_type::text) << " ";
        out.put(slot::id, sm::column_type::int64) << " ";
        out.put({slot::input, sm::column_type::text, &sm::field_ref<&inputs::name>::info, {}})
            << " ";
        out.put({slot::input, sm::column_type::text, &sm::field_ref<&inputs::name>::info, {}});
    });
    EXPECT_EQ(made.text, ":1 :2 :1 :3 :3");
    EXPECT_EQ(made.parameters.size(), 3U);
}

TEST(parameter, is_one_of_its_own_for_each_constant_and_each_jitter) {
    const written made = write([](sql_writer& out) {
        const auto constant = sm::value::integer(sm::column_type::int64, 5);
        for (int i = 0; i < 2; ++i) {
            out.put({slot::constant, sm::column_type::int64, nullptr, constant});
            out.put({slot::jitter, sm::column_type::real, nullptr, sm::value::real(0.5)});
        }
    });
    EXPECT_EQ(made.text, ":1:2:3:4");
}

TEST(parameter, of_a_column_and_of_an_input_of_the_same_name_are_two) {
    const written made = write([](sql_writer& out) {
        out.put({slot::input, sm::column_type::text, &sm::field_ref<&inputs::name>::info, {}});
        out.put({slot::column, sm::column_type::text, &sm::field_ref<&job::name>::info, {}});
    });
    EXPECT_EQ(made.text, ":1:2");
}

// Owners whose names have all that ends a name in the compilers' texts.
template <class, char...>
struct pair {
    std::string first;
    std::string second;
};
template <class Owner>
std::string first_and_second() {
    return write([](sql_writer& out) {
               out.put(
                   {slot::input, sm::column_type::text, &sm::field_ref<&Owner::first>::info, {}});
               out.put(
                   {slot::input, sm::column_type::text, &sm::field_ref<&Owner::second>::info, {}});
           })
        .text;
}

TEST(parameter, is_one_of_its_own_for_each_member_whatever_its_owner_is_called) {
    EXPECT_EQ(first_and_second<pair<int>>(), ":1:2");
    EXPECT_EQ(first_and_second<pair<char[3]>>(), ":1:2");
    EXPECT_EQ((first_and_second<pair<std::string, ']', ';', ':', ')'>>()), ":1:2");
    EXPECT_EQ((first_and_second<pair<void (*)(int[2])>>()), ":1:2");
}

TEST(owner, is_told_apart_by_all_of_its_name) {
    const auto same = []<class One, class Other>(pair<One>, pair<Other>) {
        return same_member(sm::field_ref<&pair<One>::first>::info,
                           sm::field_ref<&pair<Other>::first>::info);
    };
    EXPECT_TRUE(same(pair<char[3]>{}, pair<char[3]>{}));
    EXPECT_FALSE(same(pair<char[3]>{}, pair<char[4]>{}));
    EXPECT_FALSE(same(pair<std::string>{}, pair<std::string_view>{}));
    EXPECT_NE((identity_of_type<pair<int, ';', 'a'>>()), (identity_of_type<pair<int, ';', 'b'>>()));
}

TEST(number, is_written_whole) {
    const auto text = [](std::int64_t number) {
        return write([&](sql_writer& out) { out << number; }).text;
    };
    EXPECT_EQ(text(0), "0");
    EXPECT_EQ(text(-1), "-1");
    EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
}

TEST(condition, is_plain_where_nothing_can_be_empty) {
    EXPECT_EQ(condition(sm::field<&job::size> < 5), "(\"size\" < :1)");
    EXPECT_EQ(condition(sm::field<&job::name> == sm::field<&inputs::name>), "(\"name\" = :1)");
    EXPECT_EQ(condition(sm::field<&job::ready>), "(\"ready\")");
}

TEST(condition, is_false_where_an_operand_is_empty) {
    EXPECT_EQ(condition(sm::field<&job::limit> < 5), "coalesce(\"limit\" < :1, FALSE)");
    EXPECT_EQ(condition(sm::field<&job::note> == sm::field<&inputs::name>),
              "coalesce(\"note\" = :1, FALSE)");
    EXPECT_EQ(condition(sm::field<&job::name> != sm::field<&inputs::note>),
              "coalesce(\"name\" <> :1, FALSE)");
    EXPECT_EQ(condition(sm::field<&job::maybe>), "coalesce(\"maybe\", FALSE)");
    EXPECT_EQ(condition(!(sm::field<&job::limit> < 5)), "(NOT coalesce(\"limit\" < :1, FALSE))");
}

TEST(condition, asks_for_emptiness_in_so_many_words) {
    EXPECT_EQ(condition(sm::is_empty(sm::field<&job::note>)), "(\"note\" IS NULL)");
}

TEST(condition, orders_texts_bytewise_and_compares_them_plainly) {
    EXPECT_EQ(condition(sm::field<&job::name> < "b"), "(\"name\" BYTEWISE < :1)");
    EXPECT_EQ(condition(sm::field<&job::name> == "b"), "(\"name\" = :1)");
}

TEST(condition, keeps_the_grouping_of_its_declaration) {
    constexpr auto a = sm::field<&job::size> == 1;
    constexpr auto b = sm::field<&job::size> == 2;
    constexpr auto c = sm::field<&job::size> == 3;
    EXPECT_EQ(condition((a || b) && c),
              "(((\"size\" = :1) OR (\"size\" = :2)) AND (\"size\" = :3))");
    EXPECT_EQ(condition(a || (b && !c)),
              "((\"size\" = :1) OR ((\"size\" = :2) AND (NOT (\"size\" = :3))))");
}

bool by_target(const rule_spec& a, const rule_spec& b) { return a.to == b.to; }

TEST(choice, needs_no_case_where_all_rules_agree) {
    const auto target = [](std::string_view event) {
        return write([&](sql_writer& out) {
                   const rules_of rules(declared, declared.event_named(event));
                   write_choice(out, rules, by_target,
                                [&](const rule_spec& rule) { out << std::int64_t{rule.to}; });
               })
            .text;
    };
    EXPECT_EQ(target("agree"), "2");
    EXPECT_EQ(count(target("choose"), "CASE"), 1U);
    EXPECT_NE(target("choose").find(" THEN 2 ELSE 0 END"), std::string::npos);
}

std::string text_of_fire(const spec& of, std::string_view event, fence by, bool with_token) {
    return write(
               [&](sql_writer& out) { write_fire(out, of, of.event_named(event), by, with_token); })
        .text;
}

TEST(change, keeps_a_column_that_its_rule_does_not_write) {
    const std::string text = text_of_fire(declared, "choose", fence::epoch, false);
    EXPECT_NE(text.find("ELSE \"name\" END"), std::string::npos) << text;
}

TEST(change, keeps_the_first_value_of_a_column_that_is_set_once) {
    const std::string text = text_of_fire(declared, "choose", fence::epoch, false);
    EXPECT_NE(text.find("coalesce(\"note\", :"), std::string::npos) << text;
}

TEST(change, counts_an_empty_column_as_zero_when_it_adds) {
    const std::string text = text_of_fire(declared, "choose", fence::epoch, false);
    EXPECT_NE(text.find("coalesce(\"limit\", 0) + :"), std::string::npos) << text;
}

TEST(change, is_fenced_by_what_its_caller_holds) {
    const auto has = [](const std::string& text, std::string_view part) {
        return text.find(part) != text.npos;
    };
    using small = described<golden::small::machine>;
    const auto of = [](std::string_view event, fence by, bool with_token = false) {
        return text_of_fire(small::value, event, by, with_token);
    };
    EXPECT_TRUE(has(of("complete", fence::epoch), "AND \"epoch\" = :"));
    EXPECT_TRUE(has(of("cancel", fence::version), "AND \"version\" = :"));
    EXPECT_FALSE(has(of("cancel", fence::none), "AND \"version\" = :"));
    EXPECT_TRUE(has(of("complete", fence::epoch, true), "NOT EXISTS"));
    EXPECT_FALSE(has(of("complete", fence::epoch), "NOT EXISTS"));
}

TEST(index_name, changes_with_its_definition) {
    const auto name = [](std::string_view definition) {
        return write([&](sql_writer& out) {
                   sql_writer measured(speech);
                   measured << definition;
                   write_index_name(out, declared, "take", "due", measured.hash());
               })
            .text;
    };
    EXPECT_EQ(name("(\"a\")"), name("(\"a\")"));
    EXPECT_NE(name("(\"a\")"), name("(\"b\")"));
    EXPECT_EQ(name("(\"a\")").find("\"things_take_due_"), 0U);
}

const catalog& rendered_at(place_of<catalog>& place) {
    return rendered(place, declared, speech, fresh_job<machine>);
}

TEST(statements, are_the_same_for_all_who_ask_for_them_at_once) {
    constexpr std::size_t callers = 16;
    static std::array<place_of<catalog>, 20> places{};  // as long as what is kept there
    for (place_of<catalog>& place : places) {
        std::barrier together(callers);
        std::array<const catalog*, callers> got{};
        {
            std::vector<std::jthread> all;
            for (const catalog*& each : got)
                all.emplace_back([&] {
                    together.arrive_and_wait();
                    each = &rendered_at(place);
                });
        }
        for (const catalog* each : got) EXPECT_EQ(each, got[0]);
        EXPECT_EQ(&rendered_at(place), got[0]);
        EXPECT_EQ(got[0]->declared, &declared);
        EXPECT_EQ(got[0]->events.size(), declared.events.size());
    }
}

// The thread that renders them is not in the child.
TEST(statements, hold_up_no_forked_child) {
    static std::array<place_of<catalog>, 2000> places{};
    std::atomic<std::size_t> current = 0;
    std::jthread busy([&](const std::stop_token& stop) {
        while (!stop.stop_requested() && current + 1 < places.size()) {
            rendered_at(places[current]);
            ++current;
        }
    });
    for (int i = 0; i < 50; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(5);
            rendered_at(places[current]);
            _exit(0);
        }
        int ended = 0;
        ASSERT_EQ(waitpid(child, &ended, 0), child);
        ASSERT_EQ(ended, 0) << "after " << i;
    }
}

// What is prepared is kept by its address.
TEST(statements, of_one_text_are_one) {
    using small = described<golden::small::machine>;
    shelf on(small::value, speech);
    const auto log = [&](int event) {
        return on.statement(token_types, write_event_log, event, false).sql.text;
    };
    const int complete = small::value.event_named("complete");
    EXPECT_EQ(log(complete).data(), log(complete).data());
    EXPECT_NE(log(complete).data(), log(small::value.event_named("fail")).data());
    const auto typed = on.statement(reason_types, write_event_log, complete, false).sql.text;
    EXPECT_EQ(typed, log(complete));
    EXPECT_NE(typed.data(), log(complete).data()) << "results of other types";
}

void write_constant(sql_writer& out, const spec& /*declared*/, int number) {
    out.put({slot::constant, sm::column_type::int64, nullptr,
             sm::value::integer(sm::column_type::int64, number)});
}

TEST(statements, of_one_text_with_other_constants_are_two) {
    shelf on(declared, speech);
    const auto one = on.statement({}, write_constant, 1);
    const auto two = on.statement({}, write_constant, 2);
    EXPECT_EQ(one.sql.text, two.sql.text);
    EXPECT_EQ(one.parameters[0].constant.integer(), 1);
    EXPECT_EQ(two.parameters[0].constant.integer(), 2);
}

}  // namespace
