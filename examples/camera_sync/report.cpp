#include "report.hpp"

#include <iomanip>
#include <sstream>

namespace camera_sync {
namespace {

// Head and tail in columns of their own: one sees how they overlap.
const char* words_for(moment when) {
    switch (when) {
        case moment::download_begins: return "downloading ";
        case moment::download_ends: return "downloaded ";
        case moment::tail_begins: return "                              finishing ";
        case moment::tail_ends: return "                              done ";
        case moment::went_wrong: return "failed: ";
    }
    return "";
}

const char* words_for(way_out why) {
    switch (why) {
        case way_out::all_through: return "all through";
        case way_out::offline: return "the camera is offline";
        case way_out::paused: return "paused";
        case way_out::stopped: return "stopped";
        case way_out::broken: return "broken off";
    }
    return "";
}

const char* name_of(state wanted) {
    for (const auto& each : states)
        if (each.state == wanted) return each.name;
    return "";
}

}  // namespace

std::string seconds_of(std::chrono::microseconds time) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(2) << std::chrono::duration<double>(time).count();
    return text.str();
}

void progress::operator()(moment when, const std::string& what) {
    if (when == moment::download_ends) return;  // the tail tells soon
    const auto since = std::chrono::steady_clock::now() - begun_;
    const auto at = seconds_of(std::chrono::duration_cast<std::chrono::microseconds>(since));
    const std::lock_guard lock(mutex_);
    out_ << std::setw(8) << at << "  " << words_for(when) << what << std::endl;
}

std::string line_of(const cycle_report& cycle) {
    std::ostringstream line;
    line << "cycle: " << (cycle.work.drained ? "drained" : "NOT drained") << ", "
         << seconds_of(cycle.work.took) << " s, "
         << (cycle.work.pipelined ? "pipelined" : "in turn");
    const char* plural[] = {" downloads ", " tails "};
    for (std::size_t i = 0; i < cycle.work.stages.size(); ++i) {
        const auto& stage = cycle.work.stages[i];
        line << (i == 0 ? "; " : ", ") << stage.claimed << plural[i] << seconds_of(stage.busy)
             << " s";
    }
    if (cycle.files.vanished > 0) line << "; " << cycle.files.vanished << " gone";
    line << "; " << words_for(cycle.why);
    return line.str();
}

void print_summary(std::ostream& out, sm::store<machine>& jobs) {
    out << "clips by state:\n";
    for (const auto& each : states) {
        const auto clips = all_in(jobs, each.state);
        if (clips.empty()) continue;
        out << std::setw(5) << clips.size() << "  " << each.name << '\n';
        if (each.state == done) continue;
        for (const auto& clip : clips)
            out << "       " << clip.job.name << (clip.error ? ": " + *clip.error : "") << '\n';
    }
    if (const auto retriable = all_in(jobs, failed); !retriable.empty())
        out << "  `camera_sync retry NAME` brings a clip back that is " << name_of(failed) << '\n';
}

}  // namespace camera_sync
