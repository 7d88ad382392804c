// Many threads that call one store at once, which may let them share statements.
#pragma once

#include "races.hpp"

#include <thread>
#include <type_traits>
#include <vector>

namespace conformance::racing {

/// SQLite shares commits as it is.
template <class Backend>
typename Backend::database open_merging(const Backend& at) {
    if constexpr (std::is_same_v<Backend, sqlite_backend>)
        return at.open();
    else
        return typename Backend::database(
            sm::postgres::connect(at.conninfo(), {.merge_calls = true}).value());
}

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
