// What calls cost beside time: memory taken, messages sent, syncs, WAL, and work of the server.
// Under `valgrind --tool=callgrind --toggle-collect=bench_measured` also instructions.
//
//     bench_cost DATABASE VARIANT OPERATION CALLS     prints one line of JSON
#include "databases/player.hpp"
#include "pairs.hpp"
#include "sections/operations.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0}, allocated{0}, sendings{0}, syncs{0};

void count(std::atomic<std::size_t>& what, std::size_t by = 1) {
    if (counting.load(std::memory_order_relaxed)) what.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

// These come before those of the C library, for the library, libpq and SQLite alike.
extern "C" {
void* __libc_malloc(std::size_t size);  // NOLINT(*-reserved-identifier): glibc's own name
void* malloc(std::size_t size) {
    count(allocations);
    count(allocated, size);
    return __libc_malloc(size);
}
ssize_t send(int to, const void* what, std::size_t size, int flags) {
    count(sendings);
    return syscall(SYS_sendto, to, what, size, flags, nullptr, 0);
}
int fsync(int file) {
    count(syncs);
    return static_cast<int>(syscall(SYS_fsync, file));
}
int fdatasync(int file) {
    count(syncs);
    return static_cast<int>(syscall(SYS_fdatasync, file));
}
[[gnu::noinline]] void bench_measured(const std::function<void()>& body) { body(); }
}

namespace bench {
namespace {

/// Calls before those that count: a server plans a statement anew five times before it settles.
constexpr std::size_t warm = 6;

/// What was written to the log so far, and what the server's processes of these calls did.
struct server_work {
    double wal_bytes = 0, cpu_us = 0;
};

server_work work_of(const sqlite_place& at) { return {static_cast<double>(at.wal_bytes()), 0}; }

// A log that has been carried over is written from its beginning, and does not grow then.
void begin_log(const sqlite_place& at) { at.execute("PRAGMA wal_checkpoint(TRUNCATE)"); }
void begin_log(const postgres_place&) {}

server_work work_of(const postgres_place& at) {
    server_work so_far;
    so_far.wal_bytes =
        static_cast<double>(at.number("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"));
    const std::string backends = at.text(
        "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND application_name = current_setting('application_name')");
    std::istringstream pids(backends);
    for (std::string pid; pids >> pid;) {
        double nanoseconds = 0;
        std::ifstream("/proc/" + pid + "/schedstat") >> nanoseconds;
        so_far.cpu_us += nanoseconds / 1e3;
    }
    return so_far;
}

template <class Place>
operation<Place> named(const std::string& name) {
    auto all = single_operations<Place>();
    for (const std::size_t batch : {10, 100, 500})
        for (auto& each : batch_operations<Place>(batch)) all.push_back(each);
    for (auto& each : all)
        if (each.name == name) return each;
    throw std::runtime_error("there is no operation " + name);
}

template <class Place>
void print(const Place& at, std::size_t calls, std::size_t jobs,
           const std::function<void()>& body) {
    begin_log(at);
    const server_work before = work_of(at);
    counting = true;
    const cost took = measured([&] { bench_measured(body); });
    counting = false;
    const server_work after = work_of(at);
    const auto each = [&](double all) { return all / static_cast<double>(calls * jobs); };
    const auto of = [&](const std::atomic<std::size_t>& all) {
        return each(static_cast<double>(all.load()));
    };
    std::printf(
        "{\"calls\": %zu, \"jobs\": %zu, \"allocations\": %.3f, \"allocated_bytes\": %.1f, "
        "\"messages\": %.3f, \"syncs\": %.3f, \"wal_bytes\": %.1f, \"client_cpu_us\": %.2f, "
        "\"server_cpu_us\": %.2f}\n",
        calls, jobs, of(allocations), of(allocated), of(sendings), of(syncs),
        each(after.wal_bytes - before.wal_bytes), each(took.cpu * 1e6),
        each(after.cpu_us - before.cpu_us));
}

template <class Place>
void measure(const std::string& variant, const operation<Place>& what, std::size_t calls) {
    const std::size_t jobs = calls * what.jobs;
    const Place at(durability::full);
    rows of;
    if (variant == "hand") {
        by_hand<Place>::make_table(at);
        by_hand<Place> hand(at);
        what.prepare_hand(hand, of, jobs + warm * what.jobs);
        for (std::size_t i = 0; i < warm; ++i) what.call_hand(hand, of, calls + i);
        print(at, calls, what.jobs, [&] {
            for (std::size_t i = 0; i < calls; ++i) what.call_hand(hand, of, i);
        });
        return;
    }
    library<Place> own(at);
    what.prepare(own, of, jobs + warm * what.jobs);
    if (variant == "library") {
        for (std::size_t i = 0; i < warm; ++i) what.call(own, of, calls + i);
        print(at, calls, what.jobs, [&] {
            for (std::size_t i = 0; i < calls; ++i) what.call(own, of, i);
        });
        return;
    }
    const Place recorded_at(durability::relaxed);
    library<Place> recorder(recorded_at, true);
    rows recorded;
    what.prepare(recorder, recorded, jobs + warm * what.jobs);
    at.follow(recorded_at);
    recorder.recorded().calls.clear();
    for (std::size_t i = 0; i < warm; ++i) what.call(recorder, recorded, calls + i);
    const std::size_t first = recorder.recorded().calls.size();
    for (std::size_t i = 0; i < calls; ++i) what.call(recorder, recorded, i);
    const std::size_t all = recorder.recorded().calls.size();
    player<Place> alone(at);
    alone.load(std::move(recorder.recorded().calls));
    for (std::size_t i = 0; i < first; ++i) alone.play_next();
    print(at, calls, what.jobs, [&] {
        for (std::size_t i = first; i < all; ++i) alone.play_next();
    });
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
    if (count != 5) {
        std::fprintf(stderr, "bench_cost DATABASE VARIANT OPERATION CALLS\n");
        return 2;
    }
    try {
        const std::string database = words[1], variant = words[2], operation = words[3];
        const std::size_t calls = std::stoul(words[4]);
        if (database == "sqlite")
            bench::measure(variant, bench::named<bench::sqlite_place>(operation), calls);
        else
            bench::measure(variant, bench::named<bench::postgres_place>(operation), calls);
    } catch (const std::exception& why) {
        std::fprintf(stderr, "%s\n", why.what());
        return 1;
    }
}
