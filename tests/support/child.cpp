#include "child.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace statemachine::tests {

// PostgreSQL refuses to run as root.
const passwd* other_user() {
    if (getuid() != 0) return nullptr;
    const passwd* user = getpwnam("postgres");
    return user ? user : getpwnam("nobody");
}

pid_t launch(const std::vector<std::string>& command, const std::string& log, int on_death) {
    std::vector<char*> arguments;
    for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    const passwd* const user = other_user();
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child > 0) return child;

    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int nothing = open("/dev/null", O_RDONLY);
    if (output < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(126);
    if (user && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 ||
                 setuid(user->pw_uid) != 0 || chdir("/") != 0))
        _exit(126);
    // A test that crashes takes its server along; changing the user would forget this.
    prctl(PR_SET_PDEATHSIG, on_death);
    if (getppid() != parent) _exit(126);
    setenv("LC_ALL", "C.UTF-8", 1);
    execvp(arguments[0], arguments.data());
    _exit(127);
}

int wait_for_end(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return status;
}

int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(socket);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

}  // namespace statemachine::tests
