#include "file.hpp"

#include "errors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace statemachine::sqlite {
namespace {

namespace fs = std::filesystem;

error cannot_open(const fs::path& file, const char* why) {
    return {errc::cannot_open, sentence({"'", file.native(), "' cannot be opened: ", why})};
}

// Effective ids, unlike access(): they are what open() goes by.
int errno_of_access(const fs::path& path, int mode) {
    return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

result<void> check_directory(const fs::path& directory, const fs::path& file) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored))
        return cannot_open(file,
                           "its directory does not exist or cannot be reached; make it first");
    switch (errno_of_access(directory, W_OK | X_OK)) {
        case 0: return success();
        case EROFS:
            return error(errc::read_only,
                         "the database lies on a file system that is mounted read-only; mount it "
                         "writable or move the database");
        default:
            return cannot_open(file,
                               "this user may not write to its directory; make the directory "
                               "writable, SQLite keeps files beside the database");
    }
}

result<void> check_file(const fs::path& file) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored))
        return cannot_open(
            file, "it is a directory, a device or a link to nothing; give the path of a file");
    if (errno_of_access(file, R_OK) != 0)
        return error(errc::permission_denied,
                     "the file mode forbids this user to read the database; make it readable and "
                     "writable");
    return success();
}

// mknod() and not open(): closing any descriptor of a file drops the locks that this process holds
// on it, so a descriptor of ours could unlock a connection that another thread opened meanwhile.
result<void> make_file(const fs::path& file) {
    if (mknod(file.c_str(), S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST)
        return success();
    if (errno == ENOSPC || errno == EDQUOT)
        return error(errc::disk_full, "no space is left to make the database; free some");
    return cannot_open(file, "it cannot be made; check its name and its directory's file mode");
}

}  // namespace

result<fs::path> ready_file(const fs::path& file, const options& how,
                            file_system_probe on_network) {
    if (file.empty() || file.native().find('\0') != fs::path::string_type::npos)
        return error(errc::cannot_open,
                     "the path is empty or holds a NUL; give the path of a file");
    std::error_code failed;
    fs::path path = fs::absolute(file, failed);
    if (failed) return cannot_open(file, "the working directory is gone; give an absolute path");

    const bool exists = fs::exists(path, failed);
    if (exists && !fs::is_regular_file(path, failed)) return check_file(path).error();
    // Of a link, the directory of what it points to counts: there SQLite keeps the files beside it.
    if (exists) path = fs::canonical(path, failed);
    const fs::path directory = path.parent_path();
    if (auto checked = check_directory(directory, path); !checked) return checked.error();
    if (!exists && !how.create)
        return cannot_open(path, "there is no such file, and making it was not asked for");
    if (!how.allow_network_file_system) {
        const auto remote = on_network(exists ? path : directory);
        if (!remote) return remote.error();
        if (remote.value())
            return error(errc::network_file_system,
                         "the database would lie on a network file system, where locks may not "
                         "hold; put it on a local disk, or set allow_network_file_system");
    }
    if (!exists)
        if (auto made = make_file(path); !made) return made.error();
    if (auto checked = check_file(path); !checked) return checked.error();
    return path;
}

}  // namespace statemachine::sqlite
