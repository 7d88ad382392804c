#include "server.hpp"

#include <statemachine/error.hpp>

#include <httplib.h>

#include <fstream>

namespace transcode {
namespace {

using nlohmann::json;

reply answer_of(const route& to, const httplib::Request& request) {
    try {
        const std::int64_t id = request.matches.size() > 1 ? std::stoll(request.matches[1]) : 0;
        return to.answer(id, request.body.empty() ? json::object() : json::parse(request.body));
    } catch (const json::exception& wrong) {
        return {400, {{"answer", answers::bad_request}, {"why", wrong.what()}}};
    } catch (const std::out_of_range&) {
        return {404, {{"answer", answers::no_such_job}}};
    } catch (const statemachine::failure& failed) {
        return reply_to(failed.cause());
    }
}

httplib::Server::Handler serving(const route& to) {
    return [to](const httplib::Request& request, httplib::Response& response) {
        const reply answer = answer_of(to, request);
        response.status = answer.status;
        if (answer.status == 503) response.set_header("Retry-After", "1");
        if (!answer.body.is_null()) response.set_content(answer.body.dump(), "application/json");
    };
}

}  // namespace

std::string name_of_result(std::int64_t job, std::int64_t epoch) {
    return std::to_string(job) + "-" + std::to_string(epoch) + ".mp4";
}

http_server::http_server(const std::vector<route>& routes, int port,
                         const std::filesystem::path& files)
    : server_(std::make_unique<httplib::Server>()) {
    for (const route& each : routes)
        if (std::string_view{each.method} == "POST")
            server_->Post(each.path, serving(each));
        else
            server_->Get(each.path, serving(each));
    server_->set_mount_point("/clips", (files / "clips").string());
    server_->Put(R"(/results/(\d+)/(\d+))", [files](const auto& request, auto& response) {
        const auto name =
            name_of_result(std::stoll(request.matches[1]), std::stoll(request.matches[2]));
        std::ofstream(files / "results" / name, std::ios::binary) << request.body;
        response.status = 204;
    });
    port_ = port == 0 ? server_->bind_to_any_port("127.0.0.1")
                      : (server_->bind_to_port("127.0.0.1", port) ? port : -1);
    if (port_ <= 0) throw std::runtime_error("no port to listen on");
    listening_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

http_server::~http_server() {
    server_->stop();
    listening_.join();
}

}  // namespace transcode
