// Says which lines of a system's README a test shows. `lines.py` counts only tests that passed.
//
//     TYPED_TEST(video_tokens, are_checked_before_any_write) {
//         shows("A3");
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace systems {

/// @param lines  their numbers, with spaces between them: `"A3 A4"`
inline void shows(const std::string& lines) { ::testing::Test::RecordProperty("lines", lines); }

}  // namespace systems
