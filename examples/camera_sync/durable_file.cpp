#include "durable_file.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace camera_sync {
namespace {

void demand(bool went_well, const std::filesystem::path& place) {
    if (went_well) return;
    const int why = errno;
    throw unwritable("'" + place.string() + "' cannot be written: " + std::strerror(why));
}

// A killed process leaves its part behind; whoever has the clip's lease is the one that writes.
void remove_parts_of(const std::filesystem::path& place) {
    std::error_code ignored;
    const std::string parts = place.filename().string() + ".part-";
    for (const auto& each : std::filesystem::directory_iterator(place.parent_path(), ignored))
        if (each.path().filename().string().starts_with(parts)) unlink(each.path().c_str());
}

}  // namespace

// With a name of its own: a process that was frozen may still write to an older one.
durable_file::durable_file(std::filesystem::path place)
    : place_(std::move(place)), part_(place_.string() + ".part-XXXXXX") {
    remove_parts_of(place_);
    descriptor_ = mkostemp(part_.data(), O_CLOEXEC);
    demand(descriptor_ >= 0, place_);
}
durable_file::~durable_file() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(part_.c_str());
}

void durable_file::append(std::string_view piece) {
    while (!piece.empty()) {
        const auto written = write(descriptor_, piece.data(), piece.size());
        demand(written >= 0 || errno == EINTR, place_);
        if (written > 0) piece.remove_prefix(static_cast<std::size_t>(written));
    }
}

void durable_file::keep() {
    demand(fsync(descriptor_) == 0, place_);
    const bool moved = rename(part_.c_str(), place_.c_str()) == 0;
    if (!moved && errno == ENOENT) throw std::runtime_error("another process downloads it by now");
    demand(moved, place_);
    close(descriptor_);
    descriptor_ = -1;
    const int directory = open(place_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0) close(directory);
    demand(synced, place_);
}

}  // namespace camera_sync
