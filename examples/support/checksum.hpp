// SHA-256 of files and texts, by OpenSSL, and the same by the command `sha256sum` to compare with.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace support {

// Lower-case hexadecimal digits; empty when the file cannot be read.
std::optional<std::string> sha256_of_file(const std::string& path);
std::string sha256_of_text(const std::string& text);

// How many of these sums, by path, the command `sha256sum` does not print. Throws when it cannot be
// run.
std::size_t differing_from_sha256sum(const std::map<std::string, std::string>& sums);

}  // namespace support
