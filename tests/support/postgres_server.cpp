#include "postgres_server.hpp"

#include "child.hpp"

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <thread>

namespace statemachine::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error("the throw-away PostgreSQL server: " + what);
}

// Debian keeps the programs of each version in a directory that is not in PATH.
std::string program(const std::string& name) {
    std::string newest;
    int newest_version = 0;
    const fs::path debian = "/usr/lib/postgresql";
    if (fs::exists(debian))
        for (const auto& each : fs::directory_iterator(debian)) {
            const int version = std::atoi(each.path().filename().c_str());
            const auto candidate = each.path() / "bin" / name;
            if (version > newest_version && fs::exists(candidate)) {
                newest = candidate;
                newest_version = version;
            }
        }
    return newest.empty() ? name : newest;
}

std::string shown(const std::string& conninfo, const char* query) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo.c_str()),
                                                                  PQfinish);
    const std::unique_ptr<PGresult, decltype(&PQclear)> reply(PQexec(connection.get(), query),
                                                              PQclear);
    return PQntuples(reply.get()) == 1 ? PQgetvalue(reply.get(), 0, 0) : "";
}

struct process_state {
    char letter = 'X';  ///< of proc(5): T is stopped, X is gone
    pid_t parent = 0;
};

process_state state_of(const fs::path& in_proc) {
    std::ifstream file(in_proc / "stat");
    std::string stat;
    std::getline(file, stat, '\0');  // a process that ends meanwhile is no exception
    // The name stands in brackets and may hold anything.
    const auto name_end = stat.rfind(')');
    if (name_end == stat.npos || name_end + 4 >= stat.size()) return {};
    return {stat[name_end + 2], std::atoi(stat.c_str() + name_end + 4)};
}

void freeze_one(pid_t process) {
    ::kill(process, SIGSTOP);
    const fs::path in_proc = "/proc/" + std::to_string(process);
    if (!wait_until(
            [&] { return std::string("TZX").find(state_of(in_proc).letter) != std::string::npos; }))
        fail("it did not freeze");
}

}  // namespace

throwaway_postgres::throwaway_postgres(std::vector<std::string> settings,
                                       std::vector<std::string> under)
    : settings_(std::move(settings)), under_(std::move(under)) {
    // Killed without their postmaster, the server's processes become children of this one, so that
    // their end can be waited for.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::string name = (fs::temp_directory_path() / "statemachine-XXXXXX").string();
    if (!mkdtemp(name.data())) fail("no temporary directory");
    directory_ = name;
    try {
        make_cluster();
        for (int tries = 0; tries < 5 && !runs(); ++tries) {
            port_ = free_port();
            if (try_to_start()) return;
        }
        fail("it did not start: " + last_words());
    } catch (...) {
        remove();
        throw;
    }
}

throwaway_postgres::~throwaway_postgres() {
    try {
        kill();
    } catch (const std::runtime_error&) {
        // Nothing more can be done about a process that survives SIGKILL.
    }
    remove();
}

void throwaway_postgres::make_directory(const std::string& name) const {
    const std::string path = directory_ + name;
    fs::create_directory(path);
    chmod(path.c_str(), 0700);
    if (const passwd* user = other_user(); user && chown(path.c_str(), user->pw_uid, user->pw_gid))
        fail("cannot give away " + path);
}

void throwaway_postgres::make_cluster() {
    chmod(directory_.c_str(), 0755);
    for (const auto* each : {"/data", "/socket"}) make_directory(each);
    const int status = wait_for_end(
        launch({program("initdb"), "--pgdata=" + directory_ + "/data", "--username=postgres",
                "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"},
               directory_ + "/log"));
    if (status == 127 << 8)
        fail("PostgreSQL's server is not installed; on Debian: apt-get install postgresql");
    if (status != 0) fail("initdb failed: " + last_words());
    configure({"fsync = off", "full_page_writes = off", "max_connections = 200"});
    configure(settings_);
}

// What stands last holds.
void throwaway_postgres::configure(const std::vector<std::string>& settings) const {
    std::ofstream file(directory_ + "/data/postgresql.conf", std::ios::app);
    file << "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" << directory_
         << "/socket'\n";
    for (const auto& line : settings) file << line << '\n';
}

void throwaway_postgres::follow(const throwaway_postgres& primary) {
    kill();
    fs::remove_all(directory_ + "/data");
    make_directory("/data");
    const int status =
        wait_for_end(launch({program("pg_basebackup"), "--dbname=" + primary.tcp_conninfo(),
                             "--pgdata=" + directory_ + "/data", "--checkpoint=fast",
                             "--wal-method=stream", "--write-recovery-conf", "--no-sync"},
                            directory_ + "/log"));
    if (status != 0) fail("pg_basebackup failed: " + last_words());
    configure({"cluster_name = 'standby'"});
    start();
}

void throwaway_postgres::promote() {
    if (shown(conninfo(), "SELECT pg_promote()") != "t") fail("it was not promoted");
}

bool throwaway_postgres::try_to_start() {
    auto command = under_;
    for (const auto& each : {program("postgres"), std::string("-D"), directory_ + "/data",
                             std::string("-p"), std::to_string(port_)})
        command.push_back(each);
    postmaster_ = launch(command, directory_ + "/log");
    bool ended = false;
    const bool ready = wait_until([&] {
        ended = waitpid(postmaster_, nullptr, WNOHANG) == postmaster_;
        return ended || PQping(conninfo().c_str()) == PQPING_OK;
    });
    if (ended) postmaster_ = 0;
    if (ended || !ready) return false;
    if (shown(conninfo(), "SHOW data_directory") != directory_ + "/data")
        fail("another server answers on its socket");
    return true;
}

void throwaway_postgres::start() {
    if (runs()) return;
    // What a killed server left behind, its port and its shared memory, may linger for a moment.
    if (!wait_until([this] { return try_to_start(); }))
        fail("it did not start again: " + last_words());
}

void throwaway_postgres::stop() { end_by(SIGINT); }
void throwaway_postgres::abort() { end_by(SIGQUIT); }

void throwaway_postgres::end_by(int signal) {
    if (!runs()) return;
    ::kill(postmaster_, signal);
    wait_for_end(postmaster_);
    postmaster_ = 0;
}

void throwaway_postgres::kill() {
    if (!runs()) return;
    freeze();
    const auto all = family();
    for (const pid_t each : all) ::kill(each, SIGKILL);
    wait_for_end(postmaster_);
    for (const pid_t each : all)
        if (each != postmaster_ && !wait_until([each] {
                // ECHILD comes until the kernel has made the orphan ours, or when it is gone.
                return waitpid(each, nullptr, WNOHANG) == each || ::kill(each, 0) != 0;
            }))
            fail("a process of it survived SIGKILL");
    postmaster_ = 0;
}

void throwaway_postgres::freeze() {
    // The postmaster first, or it would start further processes.
    freeze_one(postmaster_);
    for (const pid_t each : family()) freeze_one(each);
}

void throwaway_postgres::thaw() {
    for (const pid_t each : family()) ::kill(each, SIGCONT);
}

std::vector<pid_t> throwaway_postgres::family() const {
    std::vector<pid_t> all{postmaster_};
    for (const auto& each : fs::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(each.path().filename().c_str());
        if (pid > 0 && state_of(each.path()).parent == postmaster_) all.push_back(pid);
    }
    return all;
}

std::string throwaway_postgres::conninfo() const {
    return "host='" + directory_ + "/socket' port=" + std::to_string(port_) +
           " user=postgres dbname=postgres";
}

std::string throwaway_postgres::tcp_conninfo() const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=postgres dbname=postgres";
}

std::string throwaway_postgres::last_words() const {
    std::ifstream file(directory_ + "/log");
    std::string all(std::istreambuf_iterator<char>(file), {});
    return all.size() > 1000 ? all.substr(all.size() - 1000) : all;
}

void throwaway_postgres::remove() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

}  // namespace statemachine::tests
