// A machine that has a statement of every kind there is, and texts and bytes of its users in each
// place where they can stand.
#pragma once

#include <statemachine/outbox.hpp>
#include <statemachine/overview.hpp>
#include <statemachine/relay.hpp>
#include <statemachine/schema.hpp>
#include <statemachine/statemachine.hpp>
#include <statemachine/sweeper.hpp>

namespace security::letters {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { waiting, writing, sent, failed, dropped };
using enum state;

struct letter {
    std::string text{};
    sm::bytes raw{};
    std::optional<sm::json> document{};
    std::optional<std::string> note{};
};
struct remark {
    std::string note{};
};
struct refusal {
    std::string reason{};
};

inline constexpr sm::event<> claim{"claim"};
inline constexpr sm::event<remark> progress{"progress"}, send{"send"}, annotate{"annotate"};
inline constexpr sm::event<refusal> fail{"fail"};

inline constexpr const char* table = "letters";
inline constexpr auto lease = 60s;

inline constexpr sm::column columns[] = {{"text", sm::field<&letter::text>, sm::identity},
                                         {"raw", sm::field<&letter::raw>, sm::identity},
                                         {"document", sm::field<&letter::document>},
                                         {"note", sm::field<&letter::note>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {writing, "writing"},
                                              {sent, "sent", sm::terminal, 1h},
                                              {failed, "failed"},
                                              {dropped, "dropped", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = writing,
     .lease = lease,
     .max_attempts = 2,
     .expired = waiting,
     .exhausted = failed,
     .emit_expired = "late"},
    {.on = progress,
     .from = writing,
     .to = writing,
     .renew = true,
     .then = {sm::set<&letter::note>(sm::field<&remark::note>)}},
    {.on = send,
     .from = writing,
     .to = sent,
     .then = {sm::set<&letter::note>(sm::field<&remark::note>)},
     .emit = "sent"},
    {.on = fail,
     .from = writing,
     .to = waiting,
     .retry = {.first = 1ms, .cap = 1ms},
     .then = {sm::set_error(sm::field<&refusal::reason>)}},
    {.on = fail,
     .from = writing,
     .to = failed,
     .then = {sm::set_error(sm::field<&refusal::reason>)}},
    {.on = annotate,
     .from = {waiting, failed},
     .to = dropped,
     .control = true,
     .then = {sm::set<&letter::note>(sm::field<&remark::note>)}},
};
inline constexpr sm::machine<state, letter> machine{
    .table = table,
    .initial = waiting,
    .columns = columns,
    .states = states,
    .transitions = transitions,
    .memory = {.tokens = 1h, .log = 1h, .events = 1h}};

using store_type = sm::store<machine>;
using run_type = store_type::run_type;

}  // namespace security::letters
