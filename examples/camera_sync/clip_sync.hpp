// One camera: its listing, then clip after clip through two stages.
#pragma once

#include "camera_client.hpp"
#include "listing.hpp"

#include <statemachine/pipeline.hpp>

#include <exception>
#include <filesystem>
#include <functional>

namespace camera_sync {

/// Why a cycle ended.
enum class way_out { all_through, offline, paused, stopped, broken };

struct cycle_report {
    listed files{};
    sm::cycle_summary work{};
    way_out why = way_out::all_through;
    std::exception_ptr trouble{};  ///< where it broke: what it broke by
};

enum class moment { download_begins, download_ends, tail_begins, tail_ends, went_wrong };

struct sync_options {
    std::string owner = "sync";
    std::filesystem::path recordings = "recordings";
    bool pipelined = true;
    std::size_t queue = 4;
    /// Called by the thread that does it.
    std::function<void(moment, const std::string& what)> tell = [](moment, const std::string&) {};
};

class clip_sync {
public:
    /// @param jobs    outlives this
    /// @param camera  outlives this
    clip_sync(sm::store<machine>& jobs, const camera_client& camera, sync_options how);

    /// Hands back what dead processes left; clips of live ones stay theirs.
    sm::swept recover() { return jobs_.sweep({.actor = how_.owner}).value(); }

    /// Takes the listing and brings clips through, until none is due. It returns when the tails of
    /// all clips that were downloaded have ended, on every way out.
    cycle_report run_cycle(const std::stop_token& stop);

    /// Ends the cycle that runs, and each one that begins, until it is told to go on. Thread-safe.
    void pause();
    void go_on();

private:
    using task = sm::task<machine>;

    sm::result<void> fetch_clip(task& given);
    sm::result<void> finish_clip(task& given);
    sm::result<void> give_back(task& given, way_out why);
    void end_cycle(way_out why);
    std::stop_source begin();
    sm::cycle_summary bring_through(const std::stop_token& out);

    sm::store<machine>& jobs_;
    const camera_client& camera_;
    const sync_options how_;
    sm::pipeline<machine> stages_;
    std::mutex mutex_;
    bool paused_ = false;
    std::stop_source out_;  // of the cycle that runs
    way_out why_ = way_out::all_through;
    std::exception_ptr trouble_;
};

}  // namespace camera_sync
