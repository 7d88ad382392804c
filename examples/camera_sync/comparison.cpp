#include "comparison.hpp"

#include "clips.hpp"
#include "report.hpp"

#include <algorithm>
#include <iomanip>

namespace camera_sync {
namespace {

void print_row(std::ostream& out, const char* how, const sm::cycle_summary& cycle,
               std::chrono::microseconds bound, const char* of_what) {
    const double ratio = std::chrono::duration<double>(cycle.took) / bound;
    out << std::setw(12) << how << std::setw(12) << seconds_of(cycle.stages[0].busy)
        << std::setw(10) << seconds_of(cycle.stages[1].busy) << std::setw(10)
        << seconds_of(cycle.took) << "     " << std::fixed << std::setprecision(2) << ratio << " x "
        << of_what << '\n';
}

}  // namespace

comparison compare(sm::store<machine>& jobs, const camera_client& camera,
                   const std::filesystem::path& clip, const std::filesystem::path& card, int count,
                   const sync_options& how, std::ostream& out) {
    const auto run = [&](const std::string& name, bool pipelined) {
        put_on_card(clip, card, name, count);
        sync_options chosen = how;
        chosen.pipelined = pipelined;
        auto cycle = clip_sync(jobs, camera, chosen).run_cycle({});
        out << line_of(cycle) << std::endl;
        if (cycle.trouble) std::rethrow_exception(cycle.trouble);
        return cycle;
    };
    comparison both{run("dusk", true), run("dawn", false)};
    const auto& overlapping = both.pipelined.work;
    const auto& in_turn = both.in_turn.work;
    out << "\n     seconds   downloads     tails     cycle\n";
    print_row(out, "pipelined", overlapping,
              std::max(overlapping.stages[0].busy, overlapping.stages[1].busy),
              "the larger of the two");
    print_row(out, "in turn", in_turn, in_turn.stages[0].busy + in_turn.stages[1].busy,
              "their sum");
    return both;
}

}  // namespace camera_sync
