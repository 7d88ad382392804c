// Whether a file is shared with other machines, where SQLite's locks and shared memory fail.
#pragma once

#include <statemachine/error.hpp>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace statemachine::sqlite {

/// Decides by the number that statfs() gives, and for FUSE by the name of the type.
/// @param magic  `f_type` of statfs()
/// @param type   the type as in mountinfo, such as `fuse.sshfs`; empty when unknown
/// @note A FUSE type that is not known to be local counts as a network file system: a needless
///       refusal names the option that lifts it, a damaged database is not mended so easily.
bool is_network_file_system(std::uint32_t magic, std::string_view type) noexcept;

/// Finds the type of the mount with this device number.
/// @param mountinfo  the text of /proc/self/mountinfo
/// @return empty when there is none
std::string_view type_of_mount(std::string_view mountinfo, unsigned major, unsigned minor) noexcept;

/// Looks at the file system below an existing file or directory; tests pass another.
using file_system_probe = result<bool> (*)(const std::filesystem::path&);

/// The probe that asks the kernel.
result<bool> lies_on_network(const std::filesystem::path& existing);

}  // namespace statemachine::sqlite
