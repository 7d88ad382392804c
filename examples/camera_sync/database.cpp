#include "database.hpp"

#include <algorithm>
#include <filesystem>

namespace camera_sync {
namespace {

namespace fs = std::filesystem;
using opened = std::variant<sm::sqlite::database, sm::postgres::database>;

bool lies_below(const fs::path& file, const fs::path& directory) {
    const auto inner = fs::weakly_canonical(file);
    const auto outer = fs::weakly_canonical(directory);
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first ==
           outer.end();
}

void keep_off_recordings(const place& at) {
    if (lies_below(at.file, at.recordings))
        throw std::runtime_error("'" + at.file.string() +
                                 "' would lie among the recordings, on a volume that may stall; "
                                 "give --database a file elsewhere");
}

sm::sqlite::options options_of(const place& at) {
    sm::sqlite::options how;
    how.allow_network_file_system = at.on_network_volume;
    return how;
}

opened open(const place& at) {
    if (!at.conninfo.empty()) return sm::postgres::connect(at.conninfo, {.connections = 1}).value();
    keep_off_recordings(at);
    return sm::sqlite::open(at.file, options_of(at)).value();
}

}  // namespace

database::database(const place& at) : opened_(open(at)) { jobs().migrate().value(); }

sm::store<machine> database::jobs() {
    return std::visit([](auto& each) { return sm::store<machine>{each}; }, opened_);
}

void move_database(const fs::path& from, const place& to) {
    if (!to.conninfo.empty())
        throw std::runtime_error(
            "`move` is for files; on PostgreSQL use ALTER TABLE ... SET "
            "TABLESPACE");
    keep_off_recordings(to);
    sm::sqlite::relocate(from, to.file, options_of(to)).value();
}

}  // namespace camera_sync
