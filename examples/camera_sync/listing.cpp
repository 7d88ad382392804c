#include "listing.hpp"

#include "support/listing.hpp"

#include <statemachine/clock.hpp>

#include <algorithm>
#include <set>

namespace camera_sync {
namespace {

using clips = sm::store<machine>;

constexpr int urgent = 1;

// A camera's clock may be ahead, and a job is not run before its time.
sm::timestamp due_at(const listed_file& file) {
    return std::min(sm::timestamp{file.recorded}, sm::system_clock().now());
}

clips::submission job_of(const listed_file& file) {
    clips::submission made{{.name = file.name}, file.name};
    made.options.priority = file.name.starts_with("event") ? urgent : 0;
    made.options.run_at = due_at(file);
    return made;
}

}  // namespace

std::vector<sm::record<state, clip>> all_in(clips& jobs, state wanted) {
    return support::all(jobs, wanted);
}

listed take_listing(clips& jobs, const camera_client& camera, const std::string& owner) {
    // Read before the listing: a clip that another process adds meanwhile is not missing from it.
    auto known = all_in(jobs, pending);
    for (auto& each : all_in(jobs, failed)) known.push_back(std::move(each));

    const auto files = camera.list();
    std::vector<clips::submission> found;
    std::set<std::string_view> names;
    for (const auto& each : files) {
        found.push_back(job_of(each));
        names.insert(each.name);
    }
    listed changes;
    for (const auto& each : jobs.submit_many(found)) {
        const auto& did = each.value();
        const auto& job = did.value();
        if (did.applied()) ++changes.fresh;
        if (job.state != gone) continue;
        const auto back = jobs.fire(appeared, job.id, sm::version{job.version}, {.actor = owner});
        changes.back += back.value() ? 1U : 0U;
    }
    for (const auto& each : known) {
        if (names.contains(each.job.name)) continue;
        const auto left = jobs.fire(vanished, each.id, sm::version{each.version}, {.actor = owner});
        changes.vanished += left.value() ? 1U : 0U;
    }
    return changes;
}

}  // namespace camera_sync
