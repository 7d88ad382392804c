#include "pgbouncer.hpp"

#include "child.hpp"
#include "conninfo.hpp"

#include <libpq-fe.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace statemachine::tests {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string user_of(const std::string& conninfo) {
    PGconn* const asked = PQconnectStart(conninfo.c_str());
    const std::string name = PQuser(asked);
    PQfinish(asked);
    return name;
}

}  // namespace

pgbouncer::pgbouncer(const std::string& conninfo, int servers) {
    std::string name = (fs::temp_directory_path() / "pgbouncer-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("PgBouncer: no temporary directory");
    directory_ = name;
    chmod(directory_.c_str(), 0755);
    const auto server = read_conninfo(conninfo);
    const std::string user = user_of(conninfo);
    std::ofstream(directory_ + "/users") << '"' << user << "\" \"\"\n";
    const std::string settings =
        "[databases]\n* = host=" + server.host + " port=" + std::to_string(server.port) +
        "\n[pgbouncer]\npool_mode = transaction\nauth_type = trust\n"
        "auth_file = " +
        directory_ + "/users\nadmin_users = " + user +
        "\nlisten_addr = 127.0.0.1\nunix_socket_dir =\n"
        "max_client_conn = 1000\nserver_login_retry = 0.2\ndefault_pool_size = " +
        std::to_string(servers) + '\n';
    for (int tries = 0; tries < 5; ++tries) {
        const int port = free_port();
        conninfo_ = server.through(port);
        console_ = conninfo_ + " dbname=pgbouncer";
        if (try_to_start(settings + "listen_port = " + std::to_string(port) + '\n')) return;
    }
    const std::string words = content_of(directory_ + "/log");
    stop();
    throw std::runtime_error("PgBouncer did not start: " + words);
}

pgbouncer::~pgbouncer() { stop(); }

bool pgbouncer::try_to_start(const std::string& settings) {
    std::ofstream(directory_ + "/settings") << settings;
    const std::string debian = "/usr/sbin/pgbouncer";
    pid_ = launch({fs::exists(debian) ? debian : "pgbouncer", directory_ + "/settings"},
                  directory_ + "/log", SIGKILL);
    bool ended = false;
    const bool answers = wait_until([&] {
        ended = waitpid(pid_, nullptr, WNOHANG) == pid_;
        if (ended) return true;
        PGconn* const asked = PQconnectdb(console_.c_str());
        const bool connected = PQstatus(asked) == CONNECTION_OK;
        PQfinish(asked);
        return connected;
    });
    if (ended) pid_ = 0;
    return answers && !ended;
}

void pgbouncer::stop() noexcept {
    if (pid_ > 0) {
        // Its other signals let clients finish, or are ignored, as its version has it.
        ::kill(pid_, SIGKILL);
        wait_for_end(pid_);
        pid_ = 0;
    }
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

}  // namespace statemachine::tests
