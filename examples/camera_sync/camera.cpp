#include "camera.hpp"

#include "names.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace camera_sync {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t pieces = 8;
constexpr const char* host = "127.0.0.1";

std::string content_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

camera::camera(fs::path card, camera_pace pace) : card_(std::move(card)), pace_(pace) {
    come_back();
}
camera::~camera() { go_offline(); }

void camera::come_back() {
    server_ = std::make_unique<httplib::Server>();
    serve();
    if (port_ == 0)
        port_ = server_->bind_to_any_port(host);
    else if (!server_->bind_to_port(host, port_))
        port_ = -1;
    if (port_ < 0) throw std::runtime_error("the camera has no port to listen at");
    {
        const std::lock_guard lock(mutex_);
        offline_ = false;
    }
    thread_ = std::jthread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void camera::go_offline() {
    {
        const std::lock_guard lock(mutex_);
        if (offline_) return;
        offline_ = true;
    }
    changed_.notify_all();
    server_->stop();
    thread_.join();
    server_.reset();
}

void camera::serve() {
    server_->Get("/clips", [this](const httplib::Request&, httplib::Response& reply) {
        reply.set_content(listing(), "application/json");
    });
    server_->Get("/clips/([^/]+)", [this](const httplib::Request& asked, httplib::Response& reply) {
        send(asked.matches[1], reply);
    });
    server_->Delete("/clips/([^/]+)",
                    [this](const httplib::Request& asked, httplib::Response& reply) {
                        remove(asked.matches[1], reply);
                    });
}

std::string camera::listing() const {
    auto clips = nlohmann::json::array();
    for (const auto& entry : fs::directory_iterator(card_)) {
        const auto recorded = std::chrono::file_clock::to_sys(entry.last_write_time());
        clips.push_back({{"name", entry.path().filename().string()},
                         {"size", entry.file_size()},
                         {"recorded", std::chrono::duration_cast<std::chrono::seconds>(
                                          recorded.time_since_epoch())
                                          .count()}});
    }
    return clips.dump();
}

void camera::send(const std::string& name, httplib::Response& reply) {
    if (!is_usable_name(name) || !fs::is_regular_file(card_ / name)) {
        reply.status = 404;
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        ++downloads_[name];
    }
    auto content = std::make_shared<const std::string>(content_of(card_ / name));
    reply.set_content_provider(
        content->size(), "video/mp4",
        [this, content](std::size_t from, std::size_t, httplib::DataSink& to) {
            return send_piece(*content, from, to);
        });
}

bool camera::send_piece(const std::string& content, std::size_t from, httplib::DataSink& to) {
    const std::size_t piece = content.size() / pieces + 1;
    return rest(pace().download / pieces) &&
           to.write(content.data() + from, std::min(piece, content.size() - from));
}

void camera::remove(const std::string& name, httplib::Response& reply) {
    rest(pace().removal);
    std::function<void(const std::string&)> call;
    {
        const std::lock_guard lock(mutex_);
        call = removed_;
    }
    const bool was_there = is_usable_name(name) && fs::remove(card_ / name);
    if (was_there && call) call(name);
    reply.status = was_there ? 200 : 404;
}

bool camera::rest(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return offline_; });
}

camera_pace camera::pace() const {
    const std::lock_guard lock(mutex_);
    return pace_;
}
void camera::set_pace(camera_pace pace) {
    const std::lock_guard lock(mutex_);
    pace_ = pace;
}
void camera::on_removal(std::function<void(const std::string&)> call) {
    const std::lock_guard lock(mutex_);
    removed_ = std::move(call);
}

int camera::downloads_of(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = downloads_.find(name);
    return found == downloads_.end() ? 0 : found->second;
}
int camera::downloads() const {
    const std::lock_guard lock(mutex_);
    int all = 0;
    for (const auto& [name, count] : downloads_) all += count;
    return all;
}

}  // namespace camera_sync
