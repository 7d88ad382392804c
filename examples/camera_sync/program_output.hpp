// Runs another program, such as ffprobe.
#pragma once

#include <string>
#include <vector>

namespace camera_sync {

/// What it wrote to standard output. Throws `std::runtime_error` with the first line that it wrote
/// to standard error when it fails.
std::string output_of(const std::vector<std::string>& command);

}  // namespace camera_sync
