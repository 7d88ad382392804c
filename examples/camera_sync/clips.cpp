#include "clips.hpp"

#include "program_output.hpp"

namespace camera_sync {

namespace fs = std::filesystem;

void record(const fs::path& file, int seconds) {
    output_of({"ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
               "testsrc2=size=320x240:rate=15:duration=" + std::to_string(seconds), "-c:v", "mpeg4",
               "-movflags", "+faststart", file.string()});
}

void put_on_card(const fs::path& clip, const fs::path& card, const std::string& name, int count) {
    fs::create_directories(card);
    for (int i = 1; i <= count; ++i) {
        const auto number = std::to_string(i);
        const auto file = card / (name + (i < 10 ? "-0" : "-") + number + ".mp4");
        fs::copy_file(clip, file);
        fs::last_write_time(file,
                            fs::file_time_type::clock::now() - std::chrono::minutes{count + 1 - i});
    }
}

}  // namespace camera_sync
