#include "rounds.hpp"

#include <algorithm>
#include <condition_variable>

namespace camera_sync {
namespace {

bool any_left(sm::store<machine>& jobs) {
    constexpr std::array open{pending, downloading, downloaded, finishing};
    return std::any_of(open.begin(), open.end(),
                       [&](state each) { return !jobs.list(each, {.limit = 1}).value().empty(); });
}

void rest(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

void go_round(clip_sync& camera, sm::store<machine>& jobs, const std::stop_token& stop,
              const round_options& how, std::ostream& out) {
    camera.recover();
    while (!stop.stop_requested()) {
        const auto cycle = camera.run_cycle(stop);
        out << line_of(cycle) << std::endl;
        if (cycle.trouble) std::rethrow_exception(cycle.trouble);
        if (how.until_done && cycle.why == way_out::all_through && !any_left(jobs)) return;
        rest(how.every, stop);
    }
}

}  // namespace camera_sync
