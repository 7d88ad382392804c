// Signals steer the program: SIGTERM and SIGINT stop it, SIGUSR1 pauses, SIGUSR2 goes on.
#pragma once

#include "clip_sync.hpp"

#include <thread>

namespace camera_sync {

/// To be called before there are threads: they inherit it.
void block_steering_signals();

/// Listens as long as it lives.
class steering {
public:
    /// @param camera  outlives this
    steering(clip_sync& camera, std::stop_source stop);

private:
    std::jthread thread_;
};

}  // namespace camera_sync
