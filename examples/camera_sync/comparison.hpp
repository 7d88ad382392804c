// The same clips, pipelined and in turn.
#pragma once

#include "clip_sync.hpp"

#include <filesystem>
#include <ostream>

namespace camera_sync {

struct comparison {
    cycle_report pipelined, in_turn;
};

/// Brings `count` copies of a clip through in each of the two ways, and prints both. Throws what
/// broke a cycle.
/// @param card  of the camera
comparison compare(sm::store<machine>& jobs, const camera_client& camera,
                   const std::filesystem::path& clip, const std::filesystem::path& card, int count,
                   const sync_options& how, std::ostream& out);

}  // namespace camera_sync
