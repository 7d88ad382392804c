// A file that is there as a whole and for good, or not at all.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace camera_sync {

/// The volume of the recordings takes no files: none of them, not only this one.
struct unwritable : std::runtime_error {
    using runtime_error::runtime_error;
};

/// Written beside its place and moved there by `keep`. Throws `unwritable`.
class durable_file {
public:
    explicit durable_file(std::filesystem::path place);
    ~durable_file();
    durable_file(const durable_file&) = delete;
    durable_file& operator=(const durable_file&) = delete;

    void append(std::string_view piece);
    void keep();

private:
    std::filesystem::path place_;
    std::string part_;
    int descriptor_ = -1;
};

}  // namespace camera_sync
