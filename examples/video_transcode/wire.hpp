// What a completion carries, as JSON.
#pragma once

#include "machine.hpp"

#include <nlohmann/json.hpp>

namespace transcode::video {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(metadata, duration, width, height, format, codec)

}  // namespace transcode::video
