// What a clip is, by ffprobe.
#pragma once

#include "machine.hpp"

#include <filesystem>

namespace camera_sync {

/// Throws `std::runtime_error` for what is no video.
metadata probe(const std::filesystem::path& file);

}  // namespace camera_sync
