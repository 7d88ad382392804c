#include "proxy_line.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace statemachine::tests {

std::size_t line_end::flush() noexcept {
    std::size_t passed = 0;
    while (!is_closed() && !out.empty()) {
        const ssize_t sent = ::send(socket, out.data(), out.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            passed += static_cast<std::size_t>(sent);
            out.erase(0, static_cast<std::size_t>(sent));
        } else if (errno != EINTR) {
            // Where nobody reads any more the rest is lost, as on any network.
            if (errno != EAGAIN) out.clear();
            break;
        }
    }
    if (finish && !finished && !is_closed() && out.empty()) {
        ::shutdown(socket, SHUT_WR);
        finished = true;
    }
    return passed;
}

void line_end::close() noexcept {
    if (!is_closed()) ::close(socket);
    socket = -1;
    out.clear();
}

bool line_end::receive(std::string& arrived) {
    char buffer[16384];
    for (;;) {
        const ssize_t size = ::recv(socket, buffer, sizeof buffer, 0);
        if (size > 0)
            arrived.append(buffer, static_cast<std::size_t>(size));
        else if (size == 0 || errno != EINTR)
            return size < 0 && errno == EAGAIN;
    }
}

line::~line() {
    client_.close();
    server_.close();
}

int line::held() const noexcept {
    return static_cast<int>(std::count_if(held_.begin(), held_.end(),
                                          [](const request& each) { return each.executes; }));
}

void line::read_client(const choice& which) {
    std::string arrived;
    const bool is_there = client_.receive(arrived);
    requests_.feed(arrived);
    while (auto next = is_cut_ ? std::nullopt : requests_.next()) {
        if (next->is_startup) startup_ = next->bytes;
        const auto fate = which(*next);
        if (fate)
            suffer(*next, *fate);
        else if (holds_)
            held_.push_back(*std::move(next));
        else if (to_server_)
            deliver(*next);
    }
    if (!is_there) close_client();
}

void line::close_client() {
    if (to_server_ && !holds_ && !is_cut_) server_.out += requests_.rest();
    client_.close();
    // Held requests are still to be delivered, as those in a switch's queue.
    server_.finish = !holds_;
}

void line::suffer(const request& what, const fault& from) {
    switch (from.what) {
        case fault::cut_request:
            server_.out += what.bytes.substr(0, from.bytes);
            if (what.is_answered && from.bytes >= what.bytes.size()) ++unanswered_;
            cut();
            break;
        case fault::cut_reply:
            answer_limit_ = from.bytes;
            // A password that was asked for in the part that is lost would never come.
            cuts_at_limit_ = what.is_startup;
            deliver(what);
            break;
        case fault::lose_request: to_server_ = false; break;
        case fault::lose_reply:
            to_client_ = false;
            deliver(what);
            break;
        case fault::hold_request:
            holds_ = true;
            held_.push_back(what);
            break;
    }
}

void line::deliver(const request& what) {
    server_.out += what.bytes;
    if (what.wants_byte) replies_.expect_byte();
    if (what.is_answered) ++unanswered_;
}

int line::read_server() {
    std::string arrived;
    const bool is_there = server_.receive(arrived);
    const int answers = replies_.feed(arrived);
    unanswered_ = std::max(0, unanswered_ - answers);
    int completed = 0;
    if (answer_limit_) {
        const auto part = arrived.substr(0, *answer_limit_);
        client_.out += part;
        *answer_limit_ -= part.size();
        if (answers > 0 || !is_there || (cuts_at_limit_ && *answer_limit_ == 0)) {
            answer_limit_.reset();
            cut();
            completed = 1;
        }
    } else if (to_client_ && !is_cut_ && !client_.is_closed()) {
        client_.out += arrived;
    }
    if (!is_there) {
        server_.close();
        client_.finish = true;
    }
    return completed;
}

void line::send(fault_proxy::counts& counted) {
    counted.to_server += server_.flush();
    counted.to_client += client_.flush();
}

void line::cut() noexcept {
    is_cut_ = true;
    client_.finish = server_.finish = true;
}

void line::release() {
    holds_ = false;
    for (const request& each : held_) deliver(each);
    held_.clear();
    if (client_.is_closed()) server_.finish = true;
}

}  // namespace statemachine::tests
