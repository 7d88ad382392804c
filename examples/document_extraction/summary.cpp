#include "summary.hpp"

#include "submit_api.hpp"
#include "support/listing.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <ostream>

namespace extraction {
namespace {

struct stage {
    const char* ended_by;  // this event
    const char* name;
};
constexpr std::array<stage, 4> stages{{{"claim", "waiting for a worker"},
                                       {"found_text", "finding the text"},
                                       {"refine", "waiting for the second leg"},
                                       {"found_boxes", "finding the boxes"}}};

void add_history(summary& all, const std::vector<sm::log_entry>& history) {
    const sm::log_entry* before = nullptr;
    for (const sm::log_entry& each : history) {
        const bool goes_on = each.to == "queued" || each.to == "partial";
        if (each.event == "fail" && goes_on) ++all.retried;
        // A sweep handed it back, or the next claim took it over.
        if (each.event == "expire" || each.from == each.to) ++all.handed_back;
        for (const stage& one : stages)
            if (before != nullptr && each.event == one.ended_by)
                all.stages[one.name].push_back(each.at - before->at);
        before = &each;
    }
}

std::string shown(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

}  // namespace

template <const times& Times>
summary summarize(documents<Times>& jobs) {
    summary all;
    for (const auto& state : states)
        for (const auto& each : support::all(jobs, state.state)) {
            ++all.states[state.name];
            const bool given_up = each.state == partial && each.job.boxes_left == 0;
            all.boxes_given_up += given_up ? 1U : 0U;
            const auto history = jobs.history(each.id).value();
            add_history(all, history);
            // The run that gave up was not tried again.
            if (given_up && history.back().event == "fail") --all.retried;
        }
    return all;
}

bool settled(const summary& all) {
    const auto count = [&](const char* state) {
        const auto found = all.states.find(state);
        return found == all.states.end() ? 0 : found->second;
    };
    return count("queued") + count("running") + count("refining") == 0 &&
           count("partial") == all.boxes_given_up;
}

void print(std::ostream& out, const summary& all, const webhook_receiver::counts& webhooks) {
    out << "documents:";
    for (const auto& [state, count] : all.states) out << "  " << count << " " << state;
    out << "\nruns:       " << all.retried << " failed and were tried again, " << all.handed_back
        << " handed back because their worker was gone\nwebhooks:   " << webhooks.taken
        << " events heard once each, " << webhooks.duplicates << " repeated deliveries ignored, "
        << webhooks.refused << " refused while the receiver was out of order\n";
    for (const stage& one : stages) {
        const auto found = all.stages.find(one.name);
        if (found == all.stages.end()) continue;
        auto times = found->second;
        std::sort(times.begin(), times.end());
        out << "  " << std::left << std::setw(28) << one.name << "median " << std::right
            << std::setw(7) << shown(times[times.size() / 2]) << ", longest " << std::setw(7)
            << shown(times.back()) << ", " << times.size() << " times\n";
    }
}

template summary summarize<production>(documents<production>&);
template summary summarize<hurried>(documents<hurried>&);

}  // namespace extraction
