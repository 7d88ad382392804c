#include "probe.hpp"

#include "program_output.hpp"

#include <nlohmann/json.hpp>

namespace camera_sync {

metadata probe(const std::filesystem::path& file) {
    const auto told = nlohmann::json::parse(output_of(
        {"ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries",
         "stream=codec_name,width,height:format=duration", file.string()}));
    const auto& video = told.at("streams").at(0);
    return {std::stod(told.at("format").at("duration").get<std::string>()),
            video.at("width").get<std::int64_t>(), video.at("height").get<std::int64_t>(),
            video.at("codec_name").get<std::string>()};
}

}  // namespace camera_sync
