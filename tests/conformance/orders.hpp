// One machine over time: as it was first, with more of everything, with other names, with a state
// less. Each is a program of its own, on the same table.
#pragma once

#include "backend.hpp"

#include <statemachine/statemachine.hpp>

namespace conformance::orders {

namespace sm = statemachine;
using namespace std::chrono_literals;

constexpr const char* table = "orders";
constexpr sm::event<> claim{"claim"}, release{"release"}, cancel{"cancel"}, finish{"finish"};

/// The declaration of which `schemas/` holds a database.
namespace first {
enum class state { waiting, packing, packed, lost };
using enum state;
struct job {
    std::string article{};
    std::optional<std::int32_t> weight{};
    std::optional<std::string> note{};
};
struct result {
    std::int32_t weight;
};
constexpr sm::event<result> weigh{"weigh"};

inline constexpr sm::column columns[] = {{"article", sm::field<&job::article>, sm::identity},
                                         {"weight", sm::field<&job::weight>},
                                         {"note", sm::field<&job::note>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {packing, "packing"},
                                              {packed, "packed", sm::terminal},
                                              {lost, "lost", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = packing,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = lost},
    {.on = weigh,
     .from = packing,
     .to = packing,
     .then = {sm::set<&job::weight>(sm::field<&result::weight>)}},
    {.on = finish, .from = packing, .to = packed},
    {.on = release, .from = packing, .to = waiting},
    {.on = cancel, .from = waiting, .to = lost, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
}  // namespace first

/// With two more states, a claim of its own between them, and columns of every type.
namespace wider {
enum class state { waiting, packing, packed, lost, returned, inspecting };
using enum state;
struct job {
    std::string article{};
    std::optional<std::int32_t> weight{};
    std::optional<std::string> note{};
    bool urgent = true;
    std::int32_t copies = 1;
    std::int64_t price = -5;
    double discount = 0.25;
    std::string country = "it's";
    sm::bytes seal{std::byte{0}, std::byte{0xab}};
    sm::timestamp promised{std::chrono::milliseconds(1'700'000'000'123)};
    sm::json extras{R"({"a": 1})"};
    std::optional<sm::timestamp> inspected{};

    friend bool operator==(const job&, const job&) = default;
};
constexpr sm::event<> inspect{"inspect"}, send_back{"send_back"}, accept{"accept"};

inline constexpr sm::column columns[] = {{"article", sm::field<&job::article>, sm::identity},
                                         {"weight", sm::field<&job::weight>},
                                         {"note", sm::field<&job::note>},
                                         {"urgent", sm::field<&job::urgent>},
                                         {"copies", sm::field<&job::copies>},
                                         {"price", sm::field<&job::price>},
                                         {"discount", sm::field<&job::discount>},
                                         {"country", sm::field<&job::country>},
                                         {"seal", sm::field<&job::seal>},
                                         {"promised", sm::field<&job::promised>},
                                         {"extras", sm::field<&job::extras>},
                                         {"inspected", sm::field<&job::inspected>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},   {packing, "packing"},
                                              {packed, "packed"},     {lost, "lost", sm::terminal},
                                              {returned, "returned"}, {inspecting, "inspecting"}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = packing,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = lost},
    {.on = finish, .from = packing, .to = packed},
    {.on = release, .from = packing, .to = waiting},
    {.on = cancel, .from = waiting, .to = lost, .control = true},
    {.on = send_back, .from = packed, .to = returned, .control = true},
    {.on = inspect, .from = returned, .to = inspecting, .lease = 30s, .expired = returned},
    {.on = accept, .from = inspecting, .to = lost, .then = {sm::set<&job::inspected>(sm::now)}},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
}  // namespace wider

/// With other names for a state and a column.
namespace renamed {
enum class state { waiting, working, packed, lost };
using enum state;
struct job {
    std::string article{};
    std::optional<std::int32_t> grams{};
    std::optional<std::string> note{};
};
inline constexpr sm::column columns[] = {
    {"article", sm::field<&job::article>, sm::identity},
    {"grams", sm::field<&job::grams>, sm::column_flags::none, "weight"},
    {"note", sm::field<&job::note>}};
inline constexpr sm::named<state> states[] = {
    {waiting, "waiting"},
    {.state = working, .name = "working", .formerly = "packing"},
    {packed, "packed", sm::terminal},
    {lost, "lost", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = working,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = lost},
    {.on = finish, .from = working, .to = packed},
    {.on = release, .from = working, .to = waiting},
    {.on = cancel, .from = waiting, .to = lost, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
}  // namespace renamed

/// Without `packed`: what is finished is lost.
namespace narrower {
enum class state { waiting, packing, lost };
using enum state;
using first::job;
inline constexpr sm::named<state> states[] = {
    {waiting, "waiting"}, {packing, "packing"}, {lost, "lost", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = packing,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = lost},
    {.on = finish, .from = packing, .to = lost},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = first::columns,
                                                 .states = states,
                                                 .transitions = transitions};
}  // namespace narrower

/// With a column that once took NULL and does no more, or the other way round.
namespace stricter {
using first::state;
struct job {
    std::optional<std::string> article{};
    std::int32_t weight = 0;
    std::optional<std::string> note{};
};
inline constexpr sm::column columns[] = {{"article", sm::field<&job::article>, sm::identity},
                                         {"weight", sm::field<&job::weight>},
                                         {"note", sm::field<&job::note>}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = state::waiting,
     .to = state::packing,
     .lease = 30s,
     .expired = state::waiting},
    {.on = finish, .from = state::packing, .to = state::packed},
    {.on = cancel, .from = state::waiting, .to = state::lost, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = state::waiting,
                                                 .columns = columns,
                                                 .states = first::states,
                                                 .transitions = transitions};
}  // namespace stricter

/// Without the weight, and with one state more.
namespace weightless {
enum class state { waiting, packing, packed, lost, shelved };
using enum state;
struct job {
    std::string article{};
};
constexpr sm::event<> shelve{"shelve"};

inline constexpr sm::column columns[] = {{"article", sm::field<&job::article>, sm::identity}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {packing, "packing"},
                                              {packed, "packed", sm::terminal},
                                              {lost, "lost", sm::terminal},
                                              {shelved, "shelved", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = packing,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = lost},
    {.on = finish, .from = packing, .to = packed},
    {.on = shelve, .from = waiting, .to = shelved, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};
}  // namespace weightless

/// With a weight of any size.
namespace heavier {
using first::state;
struct job {
    std::string article{};
    std::optional<std::int64_t> weight{};
    std::optional<std::string> note{};
};
inline constexpr sm::column columns[] = {{"article", sm::field<&job::article>, sm::identity},
                                         {"weight", sm::field<&job::weight>},
                                         {"note", sm::field<&job::note>}};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = state::waiting,
                                                 .columns = columns,
                                                 .states = first::states,
                                                 .transitions = stricter::transitions};
}  // namespace heavier

/// And with another name for it.
namespace heavier_renamed {
using first::state;
struct job {
    std::string article{};
    std::optional<std::int64_t> mass{};
    std::optional<std::string> note{};
};
inline constexpr sm::column columns[] = {
    {"article", sm::field<&job::article>, sm::identity},
    {"mass", sm::field<&job::mass>, sm::column_flags::none, "weight"},
    {"note", sm::field<&job::note>}};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = state::waiting,
                                                 .columns = columns,
                                                 .states = first::states,
                                                 .transitions = stricter::transitions};
}  // namespace heavier_renamed

/// Defined in orders.cpp, where the store is compiled.
template <const auto& Machine, class Database>
sm::store<Machine> store_on(Database& database);
template <const auto& Machine, class Database>
sm::schema<Machine> schema_on(Database& database);

}  // namespace conformance::orders
