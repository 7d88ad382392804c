// The texts of all statements that the library renders for a machine.
#pragma once

#include "golden/listing.hpp"

#include <statemachine/detail/catalog.hpp>

#include <set>
#include <string>

namespace security {

template <const auto& Machine, const statemachine::dialect& Speech>
std::set<std::string> rendered_texts() {
    using namespace statemachine::detail;
    std::vector<listing::entry> all = listing::of(catalog_of<Machine, Speech>());
    const auto relay = listing::of(relay_catalog_of<Machine, Speech>());
    all.insert(all.end(), relay.begin(), relay.end());
    const sweep_catalog& sweeps = sweep_catalog_of<Machine, Speech>();
    for (const auto* each : {&sweeps.take_turn, &sweeps.end_turn, &sweeps.forget_up_to,
                             &sweeps.forget_tokens, &sweeps.forget_log})
        listing::add(all, "sweep", *each);
    for (const auto& steps : {sweeps.steps, sweeps.removals})
        for (const sweep_step& each : steps) {
            listing::add(all, "sweep", each.batch);
            listing::add(all, "sweep one", each.one);
            listing::add(all, "sweep candidates", each.candidates);
        }
    const overview_catalog& counts = overview_catalog_of<Machine, Speech>();
    listing::add(all, "overview", counts.states);
    listing::add(all, "overview", counts.stuck);
    std::set<std::string> texts;
    for (const listing::entry& each : all) texts.emplace(each.text());
    return texts;
}

}  // namespace security
