// What poppler's `pdftotext` finds in a document.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

namespace extraction {

struct pdf_answer {
    std::optional<std::string> found{};
    std::string problem{};   // where nothing was found: why
    bool permanent = false;  // trying again would be of no use
};

/// The document's text. A stop kills the program.
pdf_answer text_of(const std::string& path, const std::stop_token& stop = {});

/// The boxes of its words, by `pdftotext -bbox`, as a JSON array of
/// `{"word": "Total", "page": 1, "box": [left, top, right, bottom]}` in points.
pdf_answer boxes_of(const std::string& path, const std::stop_token& stop = {});

}  // namespace extraction
