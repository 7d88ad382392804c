// Many threads that call one store at once, which lets them share statements or commits.
#pragma once

#include "races.hpp"

#include <thread>
#include <vector>

namespace conformance::racing {

/// All of them call at the same moment; what each brought back.
template <class Result, class Call>
std::vector<Result> all_at_once(int callers, Call call) {
    std::vector<Result> results(static_cast<std::size_t>(callers));
    starting_gate gate;
    std::vector<std::thread> all;
    for (int i = 0; i < callers; ++i)
        all.emplace_back([&, i] {
            gate.pass(0, callers, 0);
            results[static_cast<std::size_t>(i)] = call(i);
        });
    for (std::thread& each : all) each.join();
    return results;
}

}  // namespace conformance::racing
