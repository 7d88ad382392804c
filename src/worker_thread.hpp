// A thread whose name debuggers and `top` show.
#pragma once

#include <string>
#include <string_view>
#include <thread>

#include <pthread.h>

namespace statemachine::detail {

inline void name_this_thread(std::string_view name) {
#ifdef __linux__
    constexpr std::size_t longest = 15;  // of the kernel, which refuses more
    pthread_setname_np(pthread_self(), std::string(name.substr(0, longest)).c_str());
#else
    (void)name;
#endif
}

template <class Body>
std::jthread named_thread(std::string_view name, std::size_t number, Body body) {
    return std::jthread([name = std::string(name) + "-" + std::to_string(number), body] {
        name_this_thread(name);
        body();
    });
}

}  // namespace statemachine::detail
