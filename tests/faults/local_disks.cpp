#include "local_disks.hpp"

#include "support/child.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faults {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void give_up(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

// Runs as this user, which `launch` would change.
void run(const std::string& command, const std::string& log) {
    const int status = std::system((command + " >" + log + " 2>&1 </dev/null").c_str());
    if (status == 0) return;
    std::ifstream file(log);
    throw std::runtime_error(command + ": " +
                             std::string(std::istreambuf_iterator<char>(file), {}));
}

std::string fresh_directory() {
    std::string name = (fs::temp_directory_path() / "faults-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) give_up(name);
    return name;
}

std::optional<std::string> leave_the_mounts_of_others() {
    if (unshare(CLONE_NEWNS) != 0)
        return std::string("no mount namespace of its own (run it as root): ") +
               std::strerror(errno);
    // Or else what is mounted here would be mounted there, too.
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return std::string("the mounts cannot be made private: ") + std::strerror(errno);
    return std::nullopt;
}

// Whoever was just killed may hold it for a moment.
void unmount(const std::string& path) {
    if (!statemachine::tests::wait_until(
            [&] { return umount(path.c_str()) == 0 || errno != EBUSY; }))
        give_up("umount " + path);
}

std::string filler_on(const std::string& path) { return path + "/filler"; }

}  // namespace

std::optional<std::string> no_mounts() {
    static const std::optional<std::string> why = leave_the_mounts_of_others();
    return why;
}

memory_disk::memory_disk(const std::string& size) : path_(fresh_directory()) {
    const std::string options = "mode=1777,size=" + size;
    if (::mount("tmpfs", path_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
        give_up("mount of a tmpfs");
}

memory_disk::~memory_disk() {
    umount2(path_.c_str(), MNT_DETACH);
    rmdir(path_.c_str());
}

bool memory_disk::fill() const {
    static constexpr std::array<char, 4096> block{};
    const int file =
        open(filler_on(path_).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool any = false;
    while (write(file, block.data(), block.size()) > 0) any = true;
    close(file);
    return any;
}

void memory_disk::free() const {
    if (truncate(filler_on(path_).c_str(), 0) != 0) give_up("truncate of the filler");
}

powered_disk::powered_disk(int megabytes)
    : device_(std::to_string(megabytes + 8) + "m"), path_(device_.path() + "/mounted") {
    const std::string image = device_.path() + "/image", log = device_.path() + "/log";
    fs::create_directory(path_);
    std::ofstream(image).close();
    fs::resize_file(image, static_cast<std::uintmax_t>(megabytes) * 1024 * 1024);
    run("mkfs.ext4 -q -F " + image, log);
    mount();
    if (chmod(path_.c_str(), 01777) != 0) give_up("chmod");
    sync();
}

powered_disk::~powered_disk() { umount2(path_.c_str(), MNT_DETACH); }

void powered_disk::mount() const {
    run("mount -o loop " + device_.path() + "/image " + path_, device_.path() + "/log");
}

void powered_disk::sync() const {
    const int root = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || syncfs(root) != 0) give_up("syncfs");
    close(root);
}

void powered_disk::cut_power() const {
    constexpr unsigned long ext4_shutdown = _IOR('X', 125, std::uint32_t);
    std::uint32_t without_a_flush = 2;
    const int root = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int cut = root < 0 ? -1 : ioctl(root, ext4_shutdown, &without_a_flush);
    if (cut != 0) give_up("EXT4_IOC_SHUTDOWN");
    close(root);
    const int any = open((path_ + "/after").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (any >= 0) throw std::runtime_error("the file system still takes files");
}

void powered_disk::mount_again() const {
    unmount(path_);
    mount();
}

}  // namespace faults
