#include "local_failing_disk.hpp"

#include <sqlite3.h>

#include <mutex>
#include <new>
#include <random>

namespace faults::failing_disk {
namespace {

struct plan {
    std::mutex mutex;
    operation what{};
    int at = 0;  ///< from 1; 0: none
    bool and_all_later = false;
    int rate = 0;
    std::mt19937_64 random;
    int taken = 0;
    int failed = 0;
};

plan& current() {
    static plan only;
    return only;
}

bool fails(operation what) {
    plan& now = current();
    const std::lock_guard lock(now.mutex);
    bool here = false;
    if (now.rate > 0) {
        here = static_cast<int>(now.random() % 1000) < now.rate;
    } else if (now.at > 0 && what == now.what) {
        ++now.taken;
        here = now.taken == now.at || (now.and_all_later && now.taken > now.at);
    }
    if (here) ++now.failed;
    return here;
}

void change(operation what, int at, bool and_all_later, int rate, std::uint64_t seed) {
    plan& now = current();
    const std::lock_guard lock(now.mutex);
    now.what = what;
    now.at = at;
    now.and_all_later = and_all_later;
    now.rate = rate;
    now.random.seed(seed);
    now.taken = 0;
    if (at > 0 || rate > 0) now.failed = 0;
}

/// A file of SQLite's; that of the default VFS lies behind it.
struct file {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
sqlite3_file* real(sqlite3_file* given) { return reinterpret_cast<file*>(given)->real(); }
const sqlite3_io_methods& of(sqlite3_file* given) { return *real(given)->pMethods; }

sqlite3_vfs* usual = nullptr;

int close(sqlite3_file* f) { return of(f).xClose(real(f)); }
int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    if (fails(operation::read)) return SQLITE_IOERR_READ;
    return of(f).xRead(real(f), to, size, at);
}
int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    if (!fails(operation::write)) return of(f).xWrite(real(f), from, size, at);
    if (current().failed % 2 == 0) of(f).xWrite(real(f), from, size / 2, at);
    return SQLITE_IOERR_WRITE;
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
    if (fails(operation::truncate)) return SQLITE_IOERR_TRUNCATE;
    return of(f).xTruncate(real(f), size);
}
int sync(sqlite3_file* f, int flags) {
    if (fails(operation::sync)) return SQLITE_IOERR_FSYNC;
    return of(f).xSync(real(f), flags);
}
int size(sqlite3_file* f, sqlite3_int64* found) {
    if (fails(operation::size)) return SQLITE_IOERR_FSTAT;
    return of(f).xFileSize(real(f), found);
}
int lock(sqlite3_file* f, int level) {
    if (fails(operation::lock)) return SQLITE_IOERR_LOCK;
    return of(f).xLock(real(f), level);
}
int unlock(sqlite3_file* f, int level) { return of(f).xUnlock(real(f), level); }
int check(sqlite3_file* f, int* held) { return of(f).xCheckReservedLock(real(f), held); }
int control(sqlite3_file* f, int what, void* with) {
    return of(f).xFileControl(real(f), what, with);
}
int sector(sqlite3_file* f) { return of(f).xSectorSize(real(f)); }
int device(sqlite3_file* f) { return of(f).xDeviceCharacteristics(real(f)); }
int shared_map(sqlite3_file* f, int region, int bytes, int extend, void volatile** to) {
    if (fails(operation::map)) return SQLITE_IOERR_SHMMAP;
    return of(f).xShmMap(real(f), region, bytes, extend, to);
}
int shared_lock(sqlite3_file* f, int offset, int count, int flags) {
    // What is to be given back is: a process that could not would keep all others out.
    if ((flags & SQLITE_SHM_LOCK) != 0 && fails(operation::lock)) return SQLITE_IOERR_SHMLOCK;
    return of(f).xShmLock(real(f), offset, count, flags);
}
void shared_barrier(sqlite3_file* f) { of(f).xShmBarrier(real(f)); }
int shared_unmap(sqlite3_file* f, int remove) { return of(f).xShmUnmap(real(f), remove); }

constexpr sqlite3_io_methods methods{
    2,           close,          read,         write,   truncate, sync,   size,
    lock,        unlock,         check,        control, sector,   device, shared_map,
    shared_lock, shared_barrier, shared_unmap, nullptr, nullptr};

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* into, int flags, int* found) {
    auto* const made = new (into) file{};
    const int code = usual->xOpen(usual, name, made->real(), flags, found);
    if (made->real()->pMethods != nullptr) made->base.pMethods = &methods;
    return code;
}

}  // namespace

void install() {
    static sqlite3_vfs before;
    if (usual != nullptr) return;
    usual = sqlite3_vfs_find(nullptr);
    before = *usual;
    before.szOsFile += static_cast<int>(sizeof(file));
    before.zName = "failing";
    before.xOpen = open;
    sqlite3_vfs_register(&before, 1);
}

void fail(operation what, int at, bool and_all_later) { change(what, at, and_all_later, 0, 0); }
void fail_at_random(int of_a_thousand, std::uint64_t seed) {
    change({}, 0, false, of_a_thousand, seed);
}
void stop_failing() { change({}, 0, false, 0, 0); }

int failed() {
    plan& now = current();
    const std::lock_guard lock(now.mutex);
    return now.failed;
}

}  // namespace faults::failing_disk
