#include "steering.hpp"

#include <csignal>

namespace camera_sync {
namespace {

sigset_t steering_signals() {
    sigset_t all;
    sigemptyset(&all);
    for (const int each : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&all, each);
    return all;
}

}  // namespace

void block_steering_signals() {
    const auto all = steering_signals();
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

steering::steering(clip_sync& camera, std::stop_source stop)
    : thread_([&camera, stop](const std::stop_token& end) mutable {
          const auto all = steering_signals();
          const timespec look_up{0, 200'000'000};
          while (!end.stop_requested()) {
              switch (sigtimedwait(&all, nullptr, &look_up)) {
                  case SIGTERM:
                  case SIGINT: stop.request_stop(); break;
                  case SIGUSR1: camera.pause(); break;
                  case SIGUSR2: camera.go_on(); break;
                  default: break;
              }
          }
      }) {}

}  // namespace camera_sync
