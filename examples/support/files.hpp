// The regular files below a directory.
#pragma once

#include <string>
#include <vector>

namespace support {

// Absolute paths in order, without following links. Throws when the directory cannot be read; says
// how many it found on standard output.
std::vector<std::string> files_below(const std::string& directory);

}  // namespace support
