#include "files.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace support {

std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> found;
    const auto start = std::filesystem::canonical(directory);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(start))
        if (entry.is_regular_file() && !entry.is_symlink()) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    std::cout << found.size() << " files below " << start.native() << std::endl;
    return found;
}

}  // namespace support
