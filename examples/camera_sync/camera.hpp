// A camera: a small and slow HTTP server with clips on its card.
//
//     GET    /clips         what there is: [{"name": ..., "size": ..., "recorded": seconds}, ...]
//     GET    /clips/NAME    the file, piece by piece
//     DELETE /clips/NAME    200, or 404 when it is not there
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace httplib {
class Server;
class DataSink;
struct Response;
}  // namespace httplib

namespace camera_sync {

/// How long one file takes.
struct camera_pace {
    std::chrono::milliseconds download{200};
    std::chrono::milliseconds removal{100};
};

class camera {
public:
    camera(std::filesystem::path card, camera_pace pace);
    ~camera();
    camera(const camera&) = delete;
    camera& operator=(const camera&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    /// How often the file was asked for.
    int downloads_of(const std::string& name) const;
    int downloads() const;

    /// Lasts until the last piece of a file is sent, and until the answer to a removal is.
    void set_pace(camera_pace pace);

    /// Called between the removal of a file and the answer.
    void on_removal(std::function<void(const std::string& name)> call);

    /// Breaks all connections and takes no more, until it comes back at the same port.
    void go_offline();
    void come_back();

private:
    void serve();
    std::string listing() const;
    void send(const std::string& name, httplib::Response& reply);
    void remove(const std::string& name, httplib::Response& reply);
    bool send_piece(const std::string& content, std::size_t from, httplib::DataSink& to);
    bool rest(std::chrono::milliseconds time);
    camera_pace pace() const;

    const std::filesystem::path card_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    camera_pace pace_;
    std::function<void(const std::string&)> removed_;
    std::map<std::string, int> downloads_{};
    bool offline_ = true;
    int port_ = 0;
    std::unique_ptr<httplib::Server> server_;
    std::jthread thread_;
};

}  // namespace camera_sync
