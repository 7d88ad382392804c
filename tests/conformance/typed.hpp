// A machine with every type of column, mandatory and optional, and every effect on it.
#pragma once

#include <statemachine/statemachine.hpp>

#include <chrono>

namespace conformance::typed {

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
    sm::json document{};
    std::optional<bool> maybe_flag{};
    std::optional<std::int32_t> maybe_small{};
    std::optional<std::int64_t> maybe_large{};
    std::optional<double> maybe_real{};
    std::optional<std::string> maybe_text{};
    std::optional<sm::bytes> maybe_raw{};
    std::optional<sm::timestamp> maybe_moment{};
    std::optional<sm::json> maybe_document{};

    friend bool operator==(const job&, const job&) = default;
};
struct contents {
    bool flag = false;
    std::int32_t small = 0;
    std::int64_t large = 0;
    double real = 0;
    std::string text{};
    sm::bytes raw{};
    sm::timestamp moment{};
    sm::json document{};
    std::optional<bool> maybe_flag{};
    std::optional<std::int32_t> maybe_small{};
    std::optional<std::int64_t> maybe_large{};
    std::optional<double> maybe_real{};
    std::optional<std::string> maybe_text{};
    std::optional<sm::bytes> maybe_raw{};
    std::optional<sm::timestamp> maybe_moment{};
    std::optional<sm::json> maybe_document{};
};
struct growth {
    std::int32_t small;
    std::int64_t large;
    std::optional<std::int32_t> maybe_small{};
    std::optional<std::int64_t> maybe_large{};
    std::optional<double> maybe_real{};
};

constexpr sm::event<> claim{"claim"}, empty{"empty"}, stamp{"stamp"}, finish{"finish"};
constexpr sm::event<> copy{"copy"}, settle{"settle"};
constexpr sm::event<contents> put{"put"};
constexpr sm::event<growth> grow{"grow"};

constexpr const char* table = "typed_jobs";

inline constexpr sm::column columns[] = {
    {"flag", sm::field<&job::flag>},
    {"small", sm::field<&job::small>},
    {"large", sm::field<&job::large>},
    {"real", sm::field<&job::real>},
    {"text", sm::field<&job::text>},
    {"raw", sm::field<&job::raw>},
    {"moment", sm::field<&job::moment>},
    {"document", sm::field<&job::document>},
    {"maybe_flag", sm::field<&job::maybe_flag>},
    {"maybe_small", sm::field<&job::maybe_small>},
    {"maybe_large", sm::field<&job::maybe_large>},
    {"maybe_real", sm::field<&job::maybe_real>},
    {"maybe_text", sm::field<&job::maybe_text>},
    {"maybe_raw", sm::field<&job::maybe_raw>},
    {"maybe_moment", sm::field<&job::maybe_moment>},
    {"maybe_document", sm::field<&job::maybe_document>},
};
inline constexpr sm::named<state> states[] = {
    {waiting, "waiting"}, {running, "running"}, {done, "done", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = waiting, .to = running, .lease = 30s, .expired = waiting},
    {.on = put,
     .from = running,
     .to = running,
     .then = {sm::set<&job::flag>(sm::field<&contents::flag>),
              sm::set<&job::small>(sm::field<&contents::small>),
              sm::set<&job::large>(sm::field<&contents::large>),
              sm::set<&job::real>(sm::field<&contents::real>),
              sm::set<&job::text>(sm::field<&contents::text>),
              sm::set<&job::raw>(sm::field<&contents::raw>),
              sm::set<&job::moment>(sm::field<&contents::moment>),
              sm::set<&job::document>(sm::field<&contents::document>),
              sm::set<&job::maybe_flag>(sm::field<&contents::maybe_flag>),
              sm::set<&job::maybe_small>(sm::field<&contents::maybe_small>),
              sm::set<&job::maybe_large>(sm::field<&contents::maybe_large>),
              sm::set<&job::maybe_real>(sm::field<&contents::maybe_real>),
              sm::set<&job::maybe_text>(sm::field<&contents::maybe_text>),
              sm::set<&job::maybe_raw>(sm::field<&contents::maybe_raw>),
              sm::set<&job::maybe_moment>(sm::field<&contents::maybe_moment>),
              sm::set<&job::maybe_document>(sm::field<&contents::maybe_document>)}},
    {.on = grow,
     .from = running,
     .to = running,
     .then = {sm::add<&job::small>(sm::field<&growth::small>),
              sm::add<&job::large>(sm::field<&growth::large>),
              sm::add<&job::maybe_small>(sm::field<&growth::maybe_small>),
              sm::add<&job::maybe_large>(sm::field<&growth::maybe_large>)}},
    {.on = empty,
     .from = running,
     .to = running,
     .then = {sm::set<&job::maybe_flag>(std::nullopt), sm::set<&job::maybe_small>(std::nullopt),
              sm::set<&job::maybe_large>(std::nullopt), sm::set<&job::maybe_real>(std::nullopt),
              sm::set<&job::maybe_text>(std::nullopt), sm::set<&job::maybe_raw>(std::nullopt),
              sm::set<&job::maybe_moment>(std::nullopt),
              sm::set<&job::maybe_document>(std::nullopt)}},
    {.on = copy,
     .from = running,
     .to = running,
     .then = {sm::set<&job::large>(sm::field<&job::small>),
              sm::set<&job::maybe_text>(sm::field<&job::text>),
              sm::set<&job::maybe_raw>(sm::field<&job::maybe_raw>)}},
    {.on = settle,
     .from = running,
     .to = running,
     .then = {sm::set<&job::flag>(true), sm::set<&job::small>(-7), sm::set<&job::real>(2.5),
              sm::set<&job::text>("settled"), sm::set<&job::maybe_large>(1'234'567'890'123),
              sm::add<&job::large>(-1)}},
    {.on = stamp,
     .from = running,
     .to = running,
     .then = {sm::set<&job::moment>(sm::now), sm::set<&job::maybe_moment>(sm::now)}},
    {.on = finish, .from = running, .to = done},
};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace conformance::typed
