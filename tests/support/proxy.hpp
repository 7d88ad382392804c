// A network that breaks where a test wants it to: a TCP proxy in front of a PostgreSQL server.
//
//     fault_proxy proxy(server.conninfo());
//     auto db = sm::postgres::connect(proxy.conninfo()).value();
//     proxy.arm({.what = fault::cut_reply, .text = "UPDATE"});  // done, and nobody hears of it
//     ... the call under test ...
//     ASSERT_TRUE(proxy.wait_for_faults(1));                    // it really happened
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace statemachine::tests {

/// What goes wrong, and where. A request is a simple query or all messages up to a Sync; it counts
/// when it runs a statement, so preparing one does not.
struct fault {
    enum kind {
        /// The first `bytes` of the request reach the server, then both connections are cut. With 0
        /// it was never sent; with `everything` nobody is there to hear the answer.
        cut_request,
        /// The server does the work; when it has answered, the first `bytes` of its answer reach
        /// the client, then both connections are cut.
        cut_reply,
        /// The request and all that follows it vanishes; the connection stays open and silent.
        lose_request,
        /// The server does the work; its answer and all that follows vanishes; the connection stays
        /// open and silent.
        lose_reply,
        /// The request, and what is sent behind it, is kept back until `release`: also after the
        /// client has gone.
        hold_request,
    };
    static constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

    kind what;
    std::string text{};       ///< stands in the statement or in a value; empty: in any request
    std::size_t bytes = 0;    ///< of the cuts
    int skip = 0;             ///< so many requests that fit pass first
    int times = 1;            ///< then it happens so often
    bool at_startup = false;  ///< to the packet that opens a session; `text` may name its database
};

/// Listens on a free port of 127.0.0.1 and moves bytes on a thread of its own. It knows no TLS.
///
/// Thread-safe. The waits end after a minute. Throws std::runtime_error where no socket can be had.
class fault_proxy {
public:
    /// @param conninfo  of the server, by a Unix socket's directory or by 127.0.0.1
    explicit fault_proxy(const std::string& conninfo);
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    /// How to reach the server through the proxy: the same role, database and settings.
    const std::string& conninfo() const noexcept { return conninfo_; }
    int port() const noexcept { return port_; }

    /// Lets it happen to the next request that fits, on whichever connection. Of several that fit
    /// the one armed first happens.
    void arm(fault what);
    void disarm();

    /// Cuts connections now; those only in whose startup packet the text stands, such as an
    /// application_name.
    void cut(const std::string& startup_text = {});

    /// As if no server listened there; connections that exist go on.
    void refuse();
    void accept();

    /// Nothing moves in either direction, and connections stay open.
    void pause();
    void resume();

    /// Delivers what is held.
    void release();

    struct counts {
        int connections = 0;  ///< that were taken so far
        int open = 0;         ///< of them, those that the client has not closed
        int held = 0;         ///< requests that are kept back now
        int unanswered = 0;   ///< requests that the server got and has not answered yet
        int faults = 0;       ///< that happened
        std::uint64_t to_server = 0, to_client = 0;  ///< bytes that were passed on
    };
    counts seen() const;

    /// How many requests so far ran a statement in which the text stands, delivered or not.
    int requests(const std::string& text) const;

    bool wait_for_faults(int number) const;
    bool wait_for_held(int number) const;

    /// Until the server has answered all that was delivered to it.
    bool wait_for_answers() const;

    /// Until no more than so many connections are open.
    bool wait_for_open(int most) const;

private:
    class lines;
    std::string conninfo_;
    int port_ = 0;
    std::unique_ptr<lines> lines_;
};

}  // namespace statemachine::tests
