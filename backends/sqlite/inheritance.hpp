// Which database files this process inherited open through fork().
//
// SQLite keeps its file locks in tables of the process. A child gets a copy that says "held", while
// the kernel gave it nothing: a database that the parent has open and the child opens anew is then
// used without locks, and the parent's close deletes the log that the child commits to.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace statemachine::sqlite {

/// Remembers an open file until it is destroyed, and in children of this process for ever.
class open_file {
public:
    open_file() = default;
    explicit open_file(const std::filesystem::path& file);
    ~open_file();
    open_file(open_file&& other) noexcept { swap(other); }
    open_file& operator=(open_file&& other) noexcept {
        swap(other);
        return *this;
    }

private:
    void swap(open_file& other) noexcept;

    dev_t device_ = 0;
    ino_t inode_ = 0;
    bool remembered_ = false;
};

/// Whether a process that this one was forked from had the file open at that time. Thread-safe.
bool inherited_open(const std::filesystem::path& file);

}  // namespace statemachine::sqlite
