// Who comes to a meeting in the tests of it.
#pragma once

#include <statemachine/detail/meeting.hpp>

#include <atomic>
#include <thread>

namespace statemachine::detail {

using namespace std::chrono_literals;

struct of_machine final : meeting::visitor {
    of_machine(const void* which, const void* what)
        : visitor({which, what}, std::chrono::steady_clock::now() + 60s) {}
};

struct caller final : meeting::visitor {
    explicit caller(const void* statement = nullptr, std::string_view owner = {},
                    std::optional<std::int64_t> job = {})
        : visitor({nullptr, statement, owner, job}, std::chrono::steady_clock::now() + 60s) {}
    std::atomic<bool> served{false};
};

/// Until so many wait inside.
inline void await_waiting(const meeting& at, std::size_t count) {
    while (at.waiting() < count) std::this_thread::yield();
}

}  // namespace statemachine::detail
