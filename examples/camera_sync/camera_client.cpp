#include "camera_client.hpp"

#include "durable_file.hpp"
#include "names.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>
#include <tuple>

namespace camera_sync {
namespace {

constexpr time_t seconds_to_connect = 5;
constexpr time_t seconds_of_silence = 30;
constexpr int ok = 200;
constexpr int not_found = 404;

httplib::Client client_of(const std::string& url) {
    httplib::Client client(url);
    client.set_connection_timeout(seconds_to_connect);
    client.set_read_timeout(seconds_of_silence);
    return client;
}

}  // namespace

std::vector<listed_file> camera_client::list() const {
    const auto reply = client_of(url_).Get("/clips");
    if (!reply) throw camera_offline("the camera is offline");
    if (reply->status != ok) throw std::runtime_error("the camera lists nothing");
    std::vector<listed_file> files;
    for (const auto& each : nlohmann::json::parse(reply->body)) {
        const auto name = each.at("name").get<std::string>();
        const std::chrono::seconds recorded{each.at("recorded").get<std::int64_t>()};
        if (is_usable_name(name)) files.push_back({name, std::chrono::sys_seconds{recorded}});
    }
    std::sort(files.begin(), files.end(), [](const listed_file& a, const listed_file& b) {
        return std::tie(a.recorded, a.name) < std::tie(b.recorded, b.name);
    });
    return files;
}

void camera_client::download(const std::string& name, const std::filesystem::path& to,
                             const std::stop_token& stop) const {
    durable_file file(to);
    std::exception_ptr trouble;  // not through the library, which knows of none
    auto client = client_of(url_);
    const std::stop_callback breaks_off(stop, [&client] { client.stop(); });
    const auto reply = client.Get(
        "/clips/" + name, [](const httplib::Response& begun) { return begun.status == ok; },
        [&](const char* piece, std::size_t size) {
            try {
                file.append({piece, size});
            } catch (const unwritable&) {
                trouble = std::current_exception();
            }
            return !trouble && !stop.stop_requested();
        });
    if (trouble) std::rethrow_exception(trouble);
    if (stop.stop_requested()) throw std::runtime_error("the download was broken off");
    if (!reply) give_up("the camera broke off the download of " + name);
    file.keep();
}

void camera_client::remove(const std::string& name) const {
    const auto reply = client_of(url_).Delete("/clips/" + name);
    if (!reply) give_up("the camera did not answer when told to delete " + name);
    if (reply->status != ok && reply->status != not_found)
        throw std::runtime_error("the camera refuses to delete " + name);
}

// One file that the camera cannot read must not look like a camera that is away.
void camera_client::give_up(const std::string& what) const {
    if (!answers()) throw camera_offline("the camera is offline");
    throw std::runtime_error(what);
}
bool camera_client::answers() const { return static_cast<bool>(client_of(url_).Get("/clips")); }

}  // namespace camera_sync
