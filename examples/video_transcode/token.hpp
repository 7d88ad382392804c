// The name of one intended completion: `{job}-{uuid4}`, made by the worker once per claim, before
// it sends anything. Whatever happens on the way, the same token is sent again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace transcode {

std::string make_token(std::int64_t job);

// The token in lower case; nothing when it is too long, is malformed, or names another job.
std::optional<std::string> checked_token(std::string_view token, std::int64_t job);

}  // namespace transcode
