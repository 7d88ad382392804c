#include "file_system.hpp"

#include "errors.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace statemachine::sqlite {
namespace {

constexpr std::uint32_t fuse = 0x65735546;

// From linux/magic.h and the file systems' own sources; cluster file systems are among them because
// no shared memory spans their machines, and virtual machines' shares because the host has the
// file.
constexpr std::uint32_t shared_between_machines[] = {
    0x00006969,  // nfs
    0x0000517b,  // smb
    0xff534d42,  // cifs
    0xfe534d42,  // smb2
    0x01021997,  // 9p
    0x00c36400,  // ceph
    0x5346414f,  // afs of OpenAFS
    0x6b414653,  // afs of the kernel
    0x73757245,  // coda
    0x0000564c,  // ncp
    0x7461636f,  // ocfs2
    0x01161970,  // gfs2
    0x0bd00bd0,  // lustre
    0x47504653,  // gpfs
    0x19830326,  // beegfs
    0x20030528,  // orangefs
    0xaad7aaea,  // panfs
    0x786f4256,  // vboxsf
    0xbacbacbc,  // vmhgfs
    0x7c7c6673,  // prl_fs
    0x00c0ffee,  // hostfs
};

constexpr std::string_view local_fuse[] = {
    "fuseblk",   "fuse.bindfs",  "fuse.cryfs",          "fuse.encfs",        "fuse.exfat",
    "fuse.ext2", "fuse.fuse2fs", "fuse.fuse-overlayfs", "fuse.gocryptfs",    "fuse.mergerfs",
    "fuse.ntfs", "fuse.ntfs-3g", "fuse.unionfs",        "fuse.unionfs-fuse", "fuse.lxcfs",
};

std::string_view next_word(std::string_view& line) {
    const auto begin = std::min(line.find_first_not_of(' '), line.size());
    const auto end = std::min(line.find(' ', begin), line.size());
    const std::string_view word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

bool is_device(std::string_view word, unsigned major, unsigned minor) {
    unsigned found_major = 0;
    unsigned found_minor = 0;
    const char* const end = word.data() + word.size();
    const auto first = std::from_chars(word.data(), end, found_major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':') return false;
    const auto second = std::from_chars(first.ptr + 1, end, found_minor);
    return second.ec == std::errc{} && second.ptr == end && found_major == major &&
           found_minor == minor;
}

}  // namespace

bool is_network_file_system(std::uint32_t magic, std::string_view type) noexcept {
    if (magic == fuse)
        return std::find(std::begin(local_fuse), std::end(local_fuse), type) ==
               std::end(local_fuse);
    return std::find(std::begin(shared_between_machines), std::end(shared_between_machines),
                     magic) != std::end(shared_between_machines);
}

std::string_view type_of_mount(std::string_view mountinfo, unsigned major,
                               unsigned minor) noexcept {
    while (!mountinfo.empty()) {
        const auto end = std::min(mountinfo.find('\n'), mountinfo.size());
        std::string_view line = mountinfo.substr(0, end);
        mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));

        next_word(line);  // the mount's id
        next_word(line);  // its parent's
        if (!is_device(next_word(line), major, minor)) continue;
        // A varying number of fields ends with a dash; spaces inside of fields are escaped.
        const auto dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        line.remove_prefix(dash + 3);
        return next_word(line);
    }
    return {};
}

result<bool> lies_on_network(const std::filesystem::path& existing) {
    struct statfs system {};
    struct stat status {};
    if (statfs(existing.c_str(), &system) != 0 || stat(existing.c_str(), &status) != 0)
        return error(errc::cannot_open,
                     sentence({"the file system of '", existing.native(),
                               "' does not tell its type; check that the path can be reached"}));
    const auto magic = static_cast<std::uint32_t>(system.f_type);
    if (magic != fuse) return is_network_file_system(magic, {});

    std::ifstream mounts("/proc/self/mountinfo");
    const std::string text(std::istreambuf_iterator<char>(mounts), {});
    return is_network_file_system(magic,
                                  type_of_mount(text, major(status.st_dev), minor(status.st_dev)));
}

}  // namespace statemachine::sqlite
