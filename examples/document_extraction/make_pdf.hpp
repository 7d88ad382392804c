// Writes a PDF with libharu.
#pragma once

#include <string>
#include <vector>

namespace extraction {

/// One page for each list of lines.
/// @throw std::runtime_error when the file cannot be written
void make_pdf(const std::string& path, const std::vector<std::vector<std::string>>& pages);

}  // namespace extraction
