// One connection through the proxy: two sockets, and what is on its way between them.
#pragma once

#include "postgres_messages.hpp"
#include "proxy.hpp"

#include <deque>
#include <functional>
#include <optional>

namespace statemachine::tests {

/// One of the two. What is to be sent waits in `out`; `finish` closes that direction behind it.
struct line_end {
    int socket = -1;
    std::string out{};
    bool finish = false;
    bool finished = false;

    bool is_closed() const noexcept { return socket < 0; }
    void close() noexcept;

    /// @return how many bytes went out
    std::size_t flush() noexcept;

    /// @param arrived  gets what came
    /// @return whether the other side is still there
    bool receive(std::string& arrived);
};

class line {
public:
    /// Which fault happens to a request, if any.
    using choice = std::function<std::optional<fault>(const request&)>;

    line(int client, int server) noexcept : client_{client}, server_{server} {}
    ~line();
    line(const line&) = delete;
    line& operator=(const line&) = delete;

    const line_end& client() const noexcept { return client_; }
    const line_end& server() const noexcept { return server_; }

    void read_client(const choice& which);
    /// @return how many faults were completed by the server's answer
    int read_server();
    void send(fault_proxy::counts& counted);

    void cut() noexcept;
    void release();

    bool is_over() const noexcept { return client_.is_closed() && server_.is_closed(); }
    int held() const noexcept;
    int unanswered() const noexcept { return server_.is_closed() ? 0 : unanswered_; }
    bool opened_with(const std::string& text) const { return startup_.find(text) != startup_.npos; }

private:
    void suffer(const request& what, const fault& from);
    void deliver(const request& what);
    void close_client();

    line_end client_, server_;
    request_reader requests_;
    reply_reader replies_;
    std::string startup_;
    int unanswered_ = 0;

    // What goes no further. A line that was cut passes nothing on.
    bool to_server_ = true, to_client_ = true, is_cut_ = false;
    bool holds_ = false;
    std::deque<request> held_;
    // So much of the answer is still passed on; when it is complete the line is cut.
    std::optional<std::size_t> answer_limit_;
    bool cuts_at_limit_ = false;
};

}  // namespace statemachine::tests
