// The routes over HTTP, and the files that go with them: workers fetch clips and bring results.
#pragma once

#include "api.hpp"

#include <filesystem>
#include <memory>
#include <thread>

namespace httplib {
class Server;
}

namespace transcode {

class http_server {
public:
    // Listens on 127.0.0.1, with threads of its own, until it is destroyed.
    // @param port   0 takes a free one
    // @param files  where `clips/` are read from and `results/` written to
    explicit http_server(const std::vector<route>& routes, int port = 0,
                         const std::filesystem::path& files = ".");
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    std::unique_ptr<httplib::Server> server_;
    int port_ = 0;
    std::thread listening_;
};

// Where a result lies: a late upload of an earlier run does not touch the one of its successor.
std::string name_of_result(std::int64_t job, std::int64_t epoch);

}  // namespace transcode
