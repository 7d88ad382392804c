#include "report.hpp"

#include "../support/listing.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace transcode {
namespace {

std::string seconds(std::chrono::milliseconds time) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << static_cast<double>(time.count()) / 1000 << " s";
    return text.str();
}

using history = std::vector<sm::log_entry>;

// From the first submit to the first claim.
std::string waited(const history& log) {
    return log.size() < 2 ? "-" : seconds(log[1].at - log[0].at);
}
// By the run that ended the job.
std::string worked(const history& log) {
    const auto& end = log.back();
    const auto& begin = log[log.size() - 2];
    return begin.event == "claim" && end.event != "exhaust" ? seconds(end.at - begin.at) : "-";
}
std::string in_all(const history& log) { return seconds(log.back().at - log.front().at); }

int count(const history& log, std::string_view event) {
    return static_cast<int>(std::count_if(log.begin(), log.end(),
                                          [&](const auto& each) { return each.event == event; }));
}

std::string measured(const video::job& job) {
    if (!job.duration) return "-";
    std::ostringstream text;
    text << *job.width << "x" << *job.height << " " << *job.codec << " " << std::fixed
         << std::setprecision(1) << *job.duration << " s";
    return text.str();
}

void print_row(const std::array<std::string, 8>& cells) {
    constexpr std::array widths{13, 11, 10, 9, 9, 9, 11, 0};
    std::ostringstream line;
    for (std::size_t i = 0; i < cells.size(); ++i)
        line << std::left << std::setw(widths[i]) << cells[i];
    std::cout << line.str() << "\n";
}

}  // namespace

void journal::note(const std::string& who, const std::string& what) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!began_) began_ = now;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - *began_);
    std::cout << std::right << std::setw(7) << seconds(since) << "  " << std::left << std::setw(10)
              << who << what << std::endl;
}

void journal::note(const std::string& who, const std::string& what, const reply& answer) {
    const std::string word = answer.body.at("answer");
    {
        const std::lock_guard lock(mutex_);
        ++answers_[word];
    }
    const bool plain = word == answers::done;
    if (plain && what.ends_with('%')) return;
    note(who, plain ? what : what + " -> " + std::to_string(answer.status) + " " + word);
}

void journal::observed(const sm::observation& seen) noexcept {
    if (seen.jobs == 0) return;
    note("check", seen.table == "workers"
                      ? std::to_string(seen.jobs) + " silent worker(s) marked offline"
                      : std::to_string(seen.jobs) + " job(s) taken back, their lease had run out");
}

int journal::count(const std::string& answer) const {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(answer);
    return found == answers_.end() ? 0 : found->second;
}

totals print_report(service<hurried>& of, const journal& calls) {
    totals all;
    std::map<std::int64_t, std::string> drawn;
    for (const auto& each : support::all(of.thumbnails, thumbnail::drawn))
        drawn[each.job.video] = in_all(of.thumbnails.history(each.id).value());
    all.thumbnails = static_cast<int>(drawn.size());

    std::cout << "\n";
    print_row(
        {"video", "ended as", "attempts", "waited", "worked", "in all", "thumbnail", "result"});
    std::vector<video::store<hurried>::record_type> rows;
    for (const auto state : {video::completed, video::failed})
        for (const auto& each : support::all(of.videos, state)) rows.push_back(each);
    std::sort(rows.begin(), rows.end(), [](auto& one, auto& other) { return one.id < other.id; });
    for (const auto& each : rows) {
        const auto log = of.videos.history(each.id).value();
        const bool completed = each.state == video::completed;
        ++(completed ? all.completed : all.failed);
        all.lost_attempts += count(log, "claim") - count(log, "complete") - count(log, "fail");
        print_row({each.job.video, completed ? "completed" : "failed",
                   std::to_string(each.attempts), waited(log), worked(log), in_all(log),
                   completed ? drawn[each.id] : "-",
                   completed ? measured(each.job) : each.error.value_or("its leases ran out")});
    }
    all.videos = static_cast<int>(rows.size());
    std::cout << "\n"
              << all.completed << " videos completed, " << all.failed << " failed, of "
              << all.videos << "; " << all.thumbnails
              << " thumbnails (see results/ and thumbnails/)\n"
              << all.lost_attempts << " attempts were lost with their worker; others took over\n"
              << "late calls refused: " << calls.count(answers::not_yours)
              << " not theirs any more, " << calls.count(answers::lease_ran_out)
              << " after their lease, " << calls.count(answers::already_completed)
              << " already completed\n"
              << "completions sent twice and done once: " << calls.count(answers::already_done)
              << std::endl;
    return all;
}

}  // namespace transcode
