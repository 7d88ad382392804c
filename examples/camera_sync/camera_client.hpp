// What the sync asks of a camera.
#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

namespace camera_sync {

/// The camera answers nothing at all.
struct camera_offline : std::runtime_error {
    using runtime_error::runtime_error;
};

struct listed_file {
    std::string name;
    std::chrono::sys_seconds recorded;  ///< by the camera's clock
};

/// Each call has a connection of its own. Calls throw `camera_offline`; and `std::runtime_error`
/// for what is wrong with one file alone. Thread-safe.
class camera_client {
public:
    explicit camera_client(std::string url) : url_(std::move(url)) {}

    /// Files with a usable name, oldest first.
    std::vector<listed_file> list() const;

    /// Writes the file, and makes it durable: it is to be deleted on the camera soon. Throws
    /// `unwritable` where it cannot be kept.
    /// @param stop  breaks the transfer off
    void download(const std::string& name, const std::filesystem::path& to,
                  const std::stop_token& stop) const;

    /// Deletes it on the camera. One that is not there is deleted.
    void remove(const std::string& name) const;

private:
    [[noreturn]] void give_up(const std::string& what) const;
    bool answers() const;

    std::string url_;
};

}  // namespace camera_sync
