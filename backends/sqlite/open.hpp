// What `open` is made of, for tests that bring their own file system.
#pragma once

#include "file_system.hpp"

#include <statemachine/sqlite.hpp>

#include <filesystem>

namespace statemachine::sqlite {

result<database> open_probing(const std::filesystem::path& file, const options& how,
                              file_system_probe on_network);

/// @param version  as of sqlite3_libversion_number()
constexpr bool has_wal_reset_defect(int version) noexcept {
    constexpr int first = 3'007'000;
    constexpr int mended = 3'051'003;
    const bool mended_3_44 = version >= 3'044'006 && version < 3'045'000;
    const bool mended_3_50 = version >= 3'050'007 && version < 3'051'000;
    return version >= first && version < mended && !mended_3_44 && !mended_3_50;
}

}  // namespace statemachine::sqlite
