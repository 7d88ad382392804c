#include "clip_sync.hpp"

#include "durable_file.hpp"
#include "probe.hpp"

namespace camera_sync {
namespace {

// Times are a nicety. Where the table does not take them, the clip goes on without.
template <class Timed, class Untimed>
sm::result<void> timed_or_not(Timed timed, Untimed untimed) {
    auto did = timed();
    const bool refused = !did && did.error().code() != sm::errc::refused &&
                         did.error().what_is_known() == sm::fate::not_applied;
    return refused ? untimed() : did;
}

fault fault_of(const sm::failed& why) { return {why.message}; }

}  // namespace

clip_sync::clip_sync(sm::store<machine>& jobs, const camera_client& camera, sync_options how)
    : jobs_(jobs), camera_(camera), how_(std::move(how)), stages_(jobs) {
    const auto told = [this](const sm::failed& why) {
        how_.tell(moment::went_wrong, why.message);
        return fault_of(why);
    };
    stages_.stage("download", fetch, [this](task& given) { return fetch_clip(given); })
        .on_failure(fetch_failed, told)
        .on_release(put_back);
    stages_.stage("tail", finish, [this](task& given) { return finish_clip(given); })
        .on_failure(finish_failed, told)
        .on_release(leave);
}

sm::result<void> clip_sync::fetch_clip(task& given) {
    const auto& name = given.job().name;
    how_.tell(moment::download_begins, name);
    try {
        camera_.download(name, how_.recordings / name, given.stop());
    } catch (const camera_offline&) {
        return give_back(given, way_out::offline);
    } catch (const unwritable&) {
        return give_back(given, way_out::broken);
    }
    how_.tell(moment::download_ends, name);
    const download times{given.run().lease_until - lease};
    return timed_or_not([&] { return given.finish(fetched, times); },
                        [&] { return given.finish(fetched_untimed); });
}

sm::result<void> clip_sync::finish_clip(task& given) {
    const auto& name = given.job().name;
    how_.tell(moment::tail_begins, name);
    const auto found = probe(how_.recordings / name);
    try {
        camera_.remove(name);
    } catch (const camera_offline&) {
        return give_back(given, way_out::offline);
    }
    auto did = timed_or_not([&] { return given.finish(finished, found); },
                            [&] { return given.finish(finished_untimed, found); });
    how_.tell(moment::tail_ends, name);
    return did;
}

// For what is wrong with the surroundings and not with the clip. Called while it is handled.
sm::result<void> clip_sync::give_back(task& given, way_out why) {
    end_cycle(why);
    return given.put_back();
}

void clip_sync::end_cycle(way_out why) {
    const std::lock_guard lock(mutex_);
    if (why_ == way_out::all_through) {
        why_ = why;
        if (why == way_out::broken) trouble_ = std::current_exception();
    }
    out_.request_stop();
}

void clip_sync::pause() {
    {
        const std::lock_guard lock(mutex_);
        paused_ = true;
    }
    end_cycle(way_out::paused);
}
void clip_sync::go_on() {
    const std::lock_guard lock(mutex_);
    paused_ = false;
}

std::stop_source clip_sync::begin() {
    const std::lock_guard lock(mutex_);
    out_ = std::stop_source{};
    why_ = paused_ ? way_out::paused : way_out::all_through;
    if (paused_) out_.request_stop();
    trouble_ = nullptr;
    return out_;
}

sm::cycle_summary clip_sync::bring_through(const std::stop_token& out) {
    sm::cycle_options how;
    how.owner = how_.owner;
    how.pipelined = how_.pipelined;
    how.queue = how_.queue;
    how.name = "sync";
    auto summary = stages_.run_cycle(out, how);
    if (!summary.ended) try {
            summary.ended.value();
        } catch (const sm::failure&) {
            end_cycle(way_out::broken);
        }
    return summary;
}

cycle_report clip_sync::run_cycle(const std::stop_token& stop) {
    const auto out = begin();
    const std::stop_callback stops(stop, [this] { end_cycle(way_out::stopped); });
    cycle_report report;
    report.work.pipelined = how_.pipelined;
    report.work.drained = true;
    try {
        if (!out.stop_requested()) report.files = take_listing(jobs_, camera_, how_.owner);
        if (!out.stop_requested()) report.work = bring_through(out.get_token());
    } catch (const camera_offline&) {
        end_cycle(way_out::offline);
    } catch (const std::exception&) {
        end_cycle(way_out::broken);
    }
    const std::lock_guard lock(mutex_);
    report.why = why_;
    report.trouble = trouble_;
    return report;
}

}  // namespace camera_sync
