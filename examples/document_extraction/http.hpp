// A server and a client of HTTP as small as this example needs them, on cpp-httplib.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace httplib {
class Server;
}

namespace extraction {

struct http_request {
    std::string number;  // that the route caught, as in `/documents/(\d+)`
    std::string body;
    std::string key;     // the header Idempotency-Key
    std::string sender;  // the header User-Agent
};
struct http_reply {
    int status = 0;  // 0: nobody answered
    std::string body{};
};

/// A server on a free port of 127.0.0.1. Routes are added before it starts; they are called on
/// several threads at once.
class http_server {
public:
    using route = std::function<http_reply(const http_request&)>;

    http_server();
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    void on_get(const std::string& pattern, route answer);
    void on_post(const std::string& pattern, route answer);

    /// @return where it listens: `http://127.0.0.1:PORT`
    /// @throw std::runtime_error when it cannot
    std::string start();
    void stop();

private:
    struct running;
    std::unique_ptr<running> server_;
};

/// @param url  `http://host:port/path`
http_reply http_get(const std::string& url);
http_reply http_post(const std::string& url, const std::string& json, const std::string& key = {},
                     const std::string& sender = "document_extraction");

}  // namespace extraction
