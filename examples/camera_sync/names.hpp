// Which names of files the camera may give: they become keys of jobs and names of files here.
#pragma once

#include <string_view>

namespace camera_sync {

inline bool is_usable_name(std::string_view name) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
    return !name.empty() && name.size() <= 128 && name.front() != '.' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace camera_sync
