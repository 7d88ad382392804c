// What has to be true of a path before SQLite opens it.
#pragma once

#include "file_system.hpp"

#include <statemachine/sqlite.hpp>

#include <filesystem>

namespace statemachine::sqlite {

/// Checks the file and its directory, and makes the file when it is missing and may be made.
/// @return the absolute path, with links followed
result<std::filesystem::path> ready_file(const std::filesystem::path& file, const options& how,
                                         file_system_probe on_network);

}  // namespace statemachine::sqlite
