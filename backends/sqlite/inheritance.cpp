#include "inheritance.hpp"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace statemachine::sqlite {
namespace {

struct record {
    dev_t device;
    ino_t inode;
    pid_t owner;
};

struct registry {
    std::mutex mutex;
    std::vector<record> records;
};

// Never destroyed: a database of static duration may be closed after it would be. The handlers keep
// another thread from holding the mutex in the moment of a fork, where it would stay locked.
registry& open_files() {
    static auto* const made = new registry;
    [[maybe_unused]] static const int registered = pthread_atfork(
        [] { made->mutex.lock(); }, [] { made->mutex.unlock(); }, [] { made->mutex.unlock(); });
    return *made;
}

}  // namespace

open_file::open_file(const std::filesystem::path& file) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) return;
    device_ = status.st_dev;
    inode_ = status.st_ino;
    registry& files = open_files();
    const std::lock_guard lock(files.mutex);
    files.records.push_back({device_, inode_, getpid()});
    remembered_ = true;
}

void open_file::swap(open_file& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    std::swap(remembered_, other.remembered_);
}

open_file::~open_file() {
    if (!remembered_) return;
    registry& files = open_files();
    const std::lock_guard lock(files.mutex);
    const auto mine =
        std::find_if(files.records.begin(), files.records.end(), [&](const record& one) {
            return one.device == device_ && one.inode == inode_ && one.owner == getpid();
        });
    if (mine != files.records.end()) files.records.erase(mine);
}

bool inherited_open(const std::filesystem::path& file) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) return false;
    registry& files = open_files();
    const std::lock_guard lock(files.mutex);
    return std::any_of(files.records.begin(), files.records.end(), [&](const record& one) {
        return one.device == status.st_dev && one.inode == status.st_ino && one.owner != getpid();
    });
}

}  // namespace statemachine::sqlite
