// File systems of the test's own: one that loses its power, one that is small. They are mounted
// where only this program and its children see them, so that they are gone with the last of these.
#pragma once

#include <optional>
#include <string>

namespace faults {

/// Why this machine lets nobody mount anything; empty where it does. Before threads are started.
std::optional<std::string> no_mounts();

/// A file system in memory. Anybody may write to it.
class memory_disk {
public:
    /// @throw std::runtime_error
    explicit memory_disk(const std::string& size);
    ~memory_disk();
    memory_disk(const memory_disk&) = delete;
    memory_disk& operator=(const memory_disk&) = delete;

    const std::string& path() const noexcept { return path_; }

    /// Uses up what is free.
    /// @return false when nothing was
    bool fill() const;
    /// Gives back what `fill` has taken.
    void free() const;

private:
    std::string path_;
};

/// An ext4 file system on a loop device. What reached the device stays, as on a disk; what the
/// kernel still held back is lost with the power. Anybody may write to it.
class powered_disk {
public:
    /// @throw std::runtime_error when there are no loop devices, or no mkfs.ext4
    explicit powered_disk(int megabytes);
    ~powered_disk();
    powered_disk(const powered_disk&) = delete;
    powered_disk& operator=(const powered_disk&) = delete;

    const std::string& path() const noexcept { return path_; }

    /// Makes all that was written durable.
    void sync() const;
    /// Nothing reaches the device from now on, and whoever writes is told of an error.
    void cut_power() const;
    /// As the machine does when it starts again. Nobody has a file open there.
    void mount_again() const;

private:
    void mount() const;

    memory_disk device_;
    std::string path_;
};

}  // namespace faults
