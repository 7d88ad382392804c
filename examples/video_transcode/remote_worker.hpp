// A worker on some other machine: it asks for jobs, does them, and says what came of it.
#pragma once

#include "client.hpp"

#include <functional>

namespace transcode {

// What the demo lets go wrong in a worker.
struct mishaps {
    std::function<void(const assignment&)> midway = [](const assignment&) {};
    bool sends_first_twice = false;  // its first completion, as if the reply had been lost
};

// Works until it is killed, or until the service is gone for some seconds.
void work(const std::string& url, const std::string& name, mishaps lets);

}  // namespace transcode
