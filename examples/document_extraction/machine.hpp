// The life of a document on one screen: a first leg finds its text, a second one, where it was
// asked for, the boxes of its words.
#pragma once

#include <statemachine/statemachine.hpp>

namespace extraction {  // clang-format off
namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { queued, running, partial, refining, succeeded, failed, cancelled };
using enum state;

inline constexpr int attempts_per_leg = 3;

struct job {
    std::string document{};                       // a file of the inbox
    bool with_boxes = false;
    std::string callback{};                       // the URL that hears of it
    std::optional<std::string> text{};            // what the first leg found
    std::optional<sm::json> boxes{};              // what the second leg found
    std::int32_t boxes_left = attempts_per_leg;   // attempts of the second leg that are left
    std::optional<std::string> boxes_error{};     // why the second leg failed
};
struct text_found  { std::string text; };
struct boxes_found { sm::json boxes; };
struct failure     { std::string reason; bool permanent; };

inline constexpr sm::event<>            claim{"claim"}, refine{"refine"}, release{"release"};
inline constexpr sm::event<>            cancel{"cancel"};
inline constexpr sm::event<text_found>  found_text{"found_text"};
inline constexpr sm::event<boxes_found> found_boxes{"found_boxes"};
inline constexpr sm::event<failure>     fail{"fail"};

// The machine is declared once. What it is run with differs in these times alone.
struct times {
    std::chrono::milliseconds text_lease, boxes_lease;
    sm::backoff retry;
    int attempts = attempts_per_leg;
};
inline constexpr times production{20min + 60s, 10min + 60s, {5s, 300s, 0.2}};
inline constexpr times hurried{3s, 3s, {1s, 4s, 0.2}};  // of the demo

inline constexpr sm::column columns[] = {
    {"document",    sm::field<&job::document>,   sm::identity},
    {"with_boxes",  sm::field<&job::with_boxes>, sm::identity},
    {"callback",    sm::field<&job::callback>,   sm::identity},
    {"text",        sm::field<&job::text>,       sm::once},
    {"boxes",       sm::field<&job::boxes>,      sm::once},
    {"boxes_left",  sm::field<&job::boxes_left>},
    {"boxes_error", sm::field<&job::boxes_error>}};
inline constexpr sm::named<state> states[] = {
    {queued, "queued"}, {running, "running"}, {partial, "partial"}, {refining, "refining"},
    {succeeded, "succeeded", sm::terminal}, {failed, "failed", sm::terminal},
    {cancelled, "cancelled", sm::terminal}};

template <const times& Times>
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = queued, .to = running, .lease = Times.text_lease,
     .max_attempts = Times.attempts, .expired = queued, .exhausted = failed,
     .emit_exhausted = "failed"},
    {.on = found_text, .from = running, .when = !sm::field<&job::with_boxes>, .to = succeeded,
     .then = {sm::set<&job::text>(sm::field<&text_found::text>)}, .emit = "succeeded"},
    {.on = found_text, .from = running, .to = partial, .attempts = sm::attempts::restarted,
     .then = {sm::set<&job::text>(sm::field<&text_found::text>)}, .emit = "text_ready"},

    // Nobody claims a document whose boxes were given up: it stays partial, with its text.
    {.on = refine, .from = partial, .when = sm::field<&job::boxes_left> > 0, .to = refining,
     .lease = Times.boxes_lease, .expired = partial, .then = {sm::add<&job::boxes_left>(-1)},
     .emit_expired = "boxes_interrupted"},
    {.on = found_boxes, .from = refining, .to = succeeded,
     .then = {sm::set<&job::boxes>(sm::field<&boxes_found::boxes>)}, .emit = "succeeded"},

    {.on = fail, .from = running, .when = !sm::field<&failure::permanent>, .to = queued,
     .retry = Times.retry, .then = {sm::set_error(sm::field<&failure::reason>)}},
    {.on = fail, .from = running, .to = failed,
     .then = {sm::set_error(sm::field<&failure::reason>)}, .emit = "failed"},
    {.on = fail, .from = refining,
     .when = !sm::field<&failure::permanent> && sm::field<&job::boxes_left> > 0, .to = partial,
     .retry = Times.retry, .then = {sm::set<&job::boxes_error>(sm::field<&failure::reason>)}},
    {.on = fail, .from = refining, .to = partial,
     .then = {sm::set<&job::boxes_error>(sm::field<&failure::reason>),
              sm::set<&job::boxes_left>(0)}, .emit = "boxes_failed"},

    {.on = release, .from = running, .to = queued, .attempts = sm::attempts::given_back},
    {.on = release, .from = refining, .to = partial, .attempts = sm::attempts::given_back,
     .then = {sm::add<&job::boxes_left>(1)}},
    {.on = cancel, .from = queued, .to = cancelled, .control = true, .emit = "cancelled"},
};
template <const times& Times>
inline constexpr sm::machine<state, job> machine{.table = "documents", .initial = queued,
                                                 .columns = columns, .states = states,
                                                 .transitions = transitions<Times>};
static_assert(sm::verify<machine<production>>() && sm::verify<machine<hurried>>());

template <const times& Times> using documents = sm::store<machine<Times>>;
}  // namespace extraction  // clang-format on
