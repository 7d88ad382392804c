// The real work, by ffmpeg and ffprobe. Each call throws std::runtime_error with their last words.
#pragma once

#include "machine.hpp"

#include <filesystem>
#include <functional>

namespace transcode::media {

// A test picture with a moving clock, as MPEG-4 in AVI.
void make_clip(const std::filesystem::path& file, int seconds, int width, int height);

// To H.264 in MP4.
// @param at_percent  is called about twice a second
void transcode(const std::filesystem::path& from, const std::filesystem::path& to, double seconds,
               const std::function<void(int)>& at_percent);

video::metadata measure(const std::filesystem::path& file);

// The frame in the first tenth of a second, as PNG.
void draw_thumbnail(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace transcode::media
