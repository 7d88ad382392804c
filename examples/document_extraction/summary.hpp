// What happened to all documents, from their rows and histories.
#pragma once

#include "machine.hpp"
#include "receiver.hpp"

#include <iosfwd>
#include <map>

namespace extraction {

struct summary {
    std::map<std::string, std::size_t> states;  // how many documents are in each
    std::size_t boxes_given_up = 0;
    std::size_t retried = 0;      // runs that failed and were tried again
    std::size_t handed_back = 0;  // runs whose worker was gone
    std::map<std::string, std::vector<std::chrono::milliseconds>> stages;  // how long each took
};

template <const times& Times>
summary summarize(documents<Times>& jobs);

/// Whether nothing is left to do: each document ended, or is partial for good.
bool settled(const summary& all);

void print(std::ostream& out, const summary& all, const webhook_receiver::counts& webhooks);

}  // namespace extraction
