// Takes the camera's listing over into the database.
#pragma once

#include "camera_client.hpp"
#include "machine.hpp"

#include <statemachine/store.hpp>

namespace camera_sync {

/// What a listing changed.
struct listed {
    std::size_t fresh = 0;     ///< files that were not known
    std::size_t vanished = 0;  ///< left the listing and were never downloaded
    std::size_t back = 0;      ///< had vanished
};

/// Events that the camera locked come first, then what was recorded first. Throws what the camera
/// or the database does not take.
listed take_listing(sm::store<machine>& jobs, const camera_client& camera,
                    const std::string& owner);

/// All clips in a state.
std::vector<sm::record<state, clip>> all_in(sm::store<machine>& jobs, state wanted);

}  // namespace camera_sync
