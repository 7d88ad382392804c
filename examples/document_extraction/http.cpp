#include "http.hpp"

#include <httplib.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace extraction {
namespace {

httplib::Server::Handler routed(http_server::route answer) {
    return [answer = std::move(answer)](const httplib::Request& asked, httplib::Response& given) {
        const http_reply reply = answer({asked.matches.size() > 1 ? asked.matches[1].str() : "",
                                         asked.body, asked.get_header_value("Idempotency-Key"),
                                         asked.get_header_value("User-Agent")});
        given.status = reply.status;
        given.set_content(reply.body, "application/json");
    };
}

std::pair<std::string, std::string> host_and_path(const std::string& url) {
    const auto path = url.find('/', url.find("://") + 3);
    if (path == std::string::npos) return {url, "/"};
    return {url.substr(0, path), url.substr(path)};
}

http_reply reply_of(const httplib::Result& got) {
    return got ? http_reply{got->status, got->body} : http_reply{0, "nobody answered"};
}

}  // namespace

struct http_server::running {
    httplib::Server server;
    std::thread thread;
};

http_server::http_server() : server_(std::make_unique<running>()) {}
http_server::~http_server() { stop(); }

void http_server::on_get(const std::string& pattern, route answer) {
    server_->server.Get(pattern, routed(std::move(answer)));
}
void http_server::on_post(const std::string& pattern, route answer) {
    server_->server.Post(pattern, routed(std::move(answer)));
}

std::string http_server::start() {
    const int port = server_->server.bind_to_any_port("127.0.0.1");
    if (port <= 0) throw std::runtime_error("no port of 127.0.0.1 is free");
    server_->thread = std::thread([this] { server_->server.listen_after_bind(); });
    // A stop before it runs would be lost.
    while (!server_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return "http://127.0.0.1:" + std::to_string(port);
}

void http_server::stop() {
    server_->server.stop();
    if (server_->thread.joinable()) server_->thread.join();
}

http_reply http_get(const std::string& url) {
    const auto [host, path] = host_and_path(url);
    return reply_of(httplib::Client(host).Get(path));
}

http_reply http_post(const std::string& url, const std::string& json, const std::string& key,
                     const std::string& sender) {
    const auto [host, path] = host_and_path(url);
    httplib::Headers headers{{"User-Agent", sender}};
    if (!key.empty()) headers.emplace("Idempotency-Key", key);
    httplib::Client client(host);
    client.set_read_timeout(12);  // longer than the database takes to answer at most
    return reply_of(client.Post(path, headers, json, "application/json"));
}

}  // namespace extraction
