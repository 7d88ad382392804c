#include "proxy.hpp"

#include "conninfo.hpp"
#include "proxy_line.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace statemachine::tests {
namespace {

constexpr auto patience = std::chrono::seconds(60);
constexpr int backlog = 128;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error("the fault proxy: " + what);
}

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

// A socket that is bound to the port, or to any where it is 0; -1 where somebody else has it.
int bound(int port, int& got) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // Or its own connections keep it from listening once more.
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto address = loopback(port);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket, generic, size) == 0 && ::getsockname(socket, generic, &size) == 0) {
        got = ntohs(address.sin_port);
        return socket;
    }
    ::close(socket);
    return -1;
}

void hurry(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The socket of a connection that may still be on its way; -1 where it was refused at once.
int connected_to(const place_of_server& server) {
    const bool is_local = server.host.substr(0, 1) == "/";
    const int socket =
        ::socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int done = -1;
    if (is_local) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = server.host + "/.s.PGSQL." + std::to_string(server.port);
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        done = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    } else {
        hurry(socket);
        const auto address = loopback(server.port);
        done = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    if (done == 0 || errno == EINPROGRESS) return socket;
    ::close(socket);
    return -1;
}

struct armed_fault {
    fault what;
    int skip, left;

    bool fits(const request& to) const {
        if (left == 0) return false;
        return (what.at_startup ? to.is_startup : to.executes) && to.carries(what.text);
    }
};

}  // namespace

/// All connections, and the thread that serves them. The state is the lock's, the sockets are the
/// thread's.
class fault_proxy::lines {
public:
    explicit lines(place_of_server server) : server_(std::move(server)) {
        wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        // A port that the kernel chose is given back when the socket stops listening; one that was
        // asked for stays.
        for (int tries = 0; tries < 10 && listener_ < 0; ++tries) {
            ::close(bound(0, port_));
            listener_ = bound(port_, port_);
        }
        if (listener_ < 0 || wake_ < 0 || ::listen(listener_, backlog) != 0)
            fail("no socket to listen on");
        thread_ = std::thread([this] { serve(); });
    }
    ~lines() {
        change([this] { ends_ = true; });
        thread_.join();
        ::close(listener_);
        ::close(wake_);
    }
    lines(const lines&) = delete;
    lines& operator=(const lines&) = delete;

    int port() const noexcept { return port_; }
    void arm(const fault& what) { armed_.push_back({what, what.skip, what.times}); }
    void disarm() { armed_.clear(); }
    void cut(const std::string& text) {
        for (line& each : all_)
            if (each.opened_with(text)) each.cut();
    }
    void release() {
        for (line& each : all_) each.release();
    }
    // A socket that does not listen keeps its port, and the kernel refuses for it.
    void refuse() {
        ::shutdown(listener_, SHUT_RD);
        refuses_ = true;
    }
    void accept() {
        refuses_ = false;
        if (::listen(listener_, backlog) != 0) fail("it cannot listen again");
    }
    void pause(bool on) { paused_ = on; }

    /// Runs what changes the state, and lets the thread act on it.
    template <class Change>
    void change(Change body) {
        {
            const std::lock_guard lock(mutex_);
            body();
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto told = ::write(wake_, &one, sizeof one);
    }

    counts seen() {
        const std::lock_guard lock(mutex_);
        return now();
    }
    int requests(const std::string& text) {
        const std::lock_guard lock(mutex_);
        int found = 0;
        for (const auto& [sql, times] : statements_)
            if (sql.find(text) != sql.npos) found += times;
        return found;
    }
    template <class Condition>
    bool wait_for(Condition holds) {
        std::unique_lock lock(mutex_);
        return moved_.wait_for(lock, patience, [&] { return holds(now()); });
    }

private:
    counts now() const {
        counts all = counted_;
        for (const line& each : all_) {
            all.open += each.client().is_closed() ? 0 : 1;
            all.held += each.held();
            all.unanswered += each.unanswered() + (each.server().out.empty() ? 0 : 1);
        }
        return all;
    }

    void serve() {
        std::vector<pollfd> watched;
        std::vector<line*> owners;
        std::unique_lock lock(mutex_);
        while (!ends_) {
            watch(watched, owners);
            lock.unlock();
            ::poll(watched.data(), watched.size(), -1);
            lock.lock();
            std::uint64_t rings = 0;
            [[maybe_unused]] const auto woken = ::read(wake_, &rings, sizeof rings);
            if (!paused_) {
                if ((watched[1].revents & POLLIN) != 0) take_connections();
                move_bytes(watched, owners);
            }
            moved_.notify_all();
        }
        all_.clear();
    }

    void watch(std::vector<pollfd>& watched, std::vector<line*>& owners) {
        // poll skips what is negative.
        watched = {{wake_, POLLIN, 0}, {paused_ || refuses_ ? -1 : listener_, POLLIN, 0}};
        owners = {nullptr, nullptr};
        for (line& each : all_) {
            if (paused_) break;
            for (const line_end* end : {&each.client(), &each.server()}) {
                if (end->is_closed()) continue;
                const int events = end->out.empty() ? POLLIN : POLLIN | POLLOUT;
                watched.push_back({end->socket, static_cast<short>(events), 0});
                owners.push_back(&each);
            }
        }
    }

    void take_connections() {
        for (;;) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (client < 0) return;
            ++counted_.connections;
            hurry(client);
            const int server = connected_to(server_);
            if (server < 0)
                ::close(client);
            else
                all_.emplace_back(client, server);
        }
    }

    void move_bytes(const std::vector<pollfd>& watched, const std::vector<line*>& owners) {
        const auto which = [this](const request& to) { return choose(to); };
        for (std::size_t i = 2; i < watched.size(); ++i) {
            if ((watched[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
            line& owner = *owners[i];
            if (watched[i].fd == owner.client().socket)
                owner.read_client(which);
            else if (watched[i].fd == owner.server().socket)
                counted_.faults += owner.read_server();
        }
        for (line& each : all_) each.send(counted_);
        all_.remove_if([](const line& each) { return each.is_over(); });
    }

    std::optional<fault> choose(const request& to) {
        if (to.executes) ++statements_[to.sql];
        const auto found = std::find_if(armed_.begin(), armed_.end(),
                                        [&](const armed_fault& each) { return each.fits(to); });
        if (found == armed_.end()) return std::nullopt;
        if (found->skip > 0) {
            --found->skip;
            return std::nullopt;
        }
        --found->left;
        // A cut answer counts when it has come.
        if (found->what.what != fault::cut_reply) ++counted_.faults;
        return found->what;
    }

    place_of_server server_;
    int listener_ = -1, wake_ = -1, port_ = 0;
    std::mutex mutex_;
    std::condition_variable moved_;
    bool ends_ = false, paused_ = false, refuses_ = false;
    std::vector<armed_fault> armed_;
    std::map<std::string, int> statements_;
    counts counted_;
    std::list<line> all_;
    std::thread thread_;
};

fault_proxy::fault_proxy(const std::string& conninfo) {
    const auto server = read_conninfo(conninfo);
    lines_ = std::make_unique<lines>(server);
    port_ = lines_->port();
    conninfo_ = server.through(port_);
}
fault_proxy::~fault_proxy() = default;

void fault_proxy::arm(fault what) {
    lines_->change([&] { lines_->arm(what); });
}
void fault_proxy::disarm() {
    lines_->change([&] { lines_->disarm(); });
}
void fault_proxy::cut(const std::string& startup_text) {
    lines_->change([&] { lines_->cut(startup_text); });
}
void fault_proxy::refuse() {
    lines_->change([&] { lines_->refuse(); });
}
void fault_proxy::accept() {
    lines_->change([&] { lines_->accept(); });
}
void fault_proxy::pause() {
    lines_->change([&] { lines_->pause(true); });
}
void fault_proxy::resume() {
    lines_->change([&] { lines_->pause(false); });
}
void fault_proxy::release() {
    lines_->change([&] { lines_->release(); });
}

fault_proxy::counts fault_proxy::seen() const { return lines_->seen(); }
int fault_proxy::requests(const std::string& text) const { return lines_->requests(text); }

bool fault_proxy::wait_for_faults(int number) const {
    return lines_->wait_for([&](const counts& now) { return now.faults >= number; });
}
bool fault_proxy::wait_for_held(int number) const {
    return lines_->wait_for([&](const counts& now) { return now.held >= number; });
}
bool fault_proxy::wait_for_answers() const {
    return lines_->wait_for([](const counts& now) { return now.unanswered == 0; });
}
bool fault_proxy::wait_for_open(int most) const {
    return lines_->wait_for([&](const counts& now) { return now.open <= most; });
}

}  // namespace statemachine::tests
