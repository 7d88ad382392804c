// A small machine with an event, for histories.
#pragma once

#include <statemachine/statemachine.hpp>

namespace parcel {

namespace sm = statemachine;
using namespace std::chrono_literals;

enum class state { waiting, carried, delivered, lost, stopped };
using enum state;

struct job {
    std::string address;
    std::optional<std::string> signed_by{};
    std::int64_t stops = 0;
};
struct receipt {
    std::string signed_by;
};

constexpr sm::event<> carry{"carry"}, put_back{"put_back"}, stop_over{"stop_over"}, stop{"stop"};
constexpr sm::event<receipt> deliver{"deliver"};

inline constexpr sm::column columns[] = {{"address", sm::field<&job::address>, sm::identity},
                                         {"signed_by", sm::field<&job::signed_by>, sm::once},
                                         {"stops", sm::field<&job::stops>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {carried, "carried"},
                                              {delivered, "delivered", sm::terminal},
                                              {lost, "lost", sm::terminal},
                                              {stopped, "stopped", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = carry,
     .from = waiting,
     .to = carried,
     .lease = 60s,
     .max_attempts = 4,
     .expired = waiting,
     .exhausted = lost},
    {.on = put_back, .from = carried, .to = waiting},
    {.on = stop_over, .from = carried, .to = carried, .then = {sm::add<&job::stops>(1)}},
    {.on = deliver,
     .from = carried,
     .to = delivered,
     .then = {sm::set<&job::signed_by>(sm::field<&receipt::signed_by>)},
     .emit = "delivered"},
    {.on = stop, .from = {waiting, carried}, .to = stopped, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "parcel_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace parcel
