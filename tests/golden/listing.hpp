// Every statement of a catalog under a heading of its own, in the order of the declaration.
#pragma once

#include <render/plans.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace listing {

struct entry {
    std::string heading;
    const statemachine::detail::compiled_statement* what;

    std::string_view text() const { return what->sql.text; }
};

inline void add(std::vector<entry>& all, std::string heading,
                const statemachine::detail::compiled_statement& what) {
    if (!what.sql.text.empty()) all.push_back({std::move(heading), &what});
}

inline void add(std::vector<entry>& all, const std::string& heading,
                const statemachine::detail::plan& change) {
    add(all, heading + ", search", change.search);
    add(all, heading, change.change);
    add(all, heading + ", read back", change.read_back);
    for (std::size_t i = 0; i < change.follower_count; ++i)
        add(all, heading + ", follower " + std::to_string(i + 1), change.followers[i]);
}

inline std::vector<entry> of(const statemachine::detail::catalog& statements) {
    std::vector<entry> all;
    add(all, "submit", statements.submit);
    add(all, "submit many", statements.submit_many);
    add(all, "submit many without keys", statements.submit_many_unkeyed);
    add(all, "submit many alike", statements.submit_many_alike);
    add(all, "submit many shared", statements.submit_shared);
    add(all, "adopt submit", statements.adopt_submit);
    add(all, "void token", statements.void_token);
    add(all, "may be forgotten", statements.may_be_forgotten);
    add(all, "find key", statements.find_key);
    add(all, "find keys", statements.find_keys);
    add(all, "find token", statements.find_token);
    add(all, "read", statements.read);
    add(all, "list", statements.list);
    add(all, "history", statements.history);
    add(all, "renew", statements.renew);
    add(all, "renew many", statements.renew_many);
    add(all, "renew reason", statements.renew_reason);
    add(all, "expire", statements.expire);
    for (std::size_t i = 0; i < statements.events.size(); ++i) {
        const auto& event = statements.events[i];
        const std::string name{statements.declared->events[i].name};
        const bool claims = !event.next.change.sql.text.empty();
        add(all, claims ? name + " by id" : name, event.plain);
        add(all, name + " next", event.next);
        add(all, name + " next, search for one", event.next_one.search);
        add(all, name + " front", event.front);
        add(all, name + " used up", event.exhaust);
        add(all, name + " with token", event.with_token);
        add(all, name + " many", event.many);
        add(all, name + " many plain", event.many_plain);
        add(all, name + " any version", event.any_version);
        add(all, name + " any version with token", event.any_version_with_token);
        add(all, name + " reason", event.reason);
        add(all, name + " adopt", event.adopt);
        add(all, name + " adopt claimed", event.adopt_claimed);
    }
    return all;
}

inline std::vector<entry> of(const statemachine::detail::relay_catalog& statements) {
    std::vector<entry> all;
    add(all, "join", statements.join);
    add(all, "rejoin", statements.rejoin);
    add(all, "leave", statements.leave);
    add(all, "clear", statements.clear);
    add(all, "next generation", statements.next_generation);
    add(all, "serve", statements.serve);
    add(all, "raise", statements.raise);
    add(all, "claim deliveries", statements.claim);
    add(all, "delivered", statements.delivered);
    add(all, "not delivered", statements.not_delivered);
    add(all, "not begun", statements.not_begun);
    add(all, "parked", statements.parked);
    add(all, "unpark", statements.unpark);
    add(all, "discard", statements.discard);
    add(all, "prune", statements.prune);
    return all;
}

}  // namespace listing
