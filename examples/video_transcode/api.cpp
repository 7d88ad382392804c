#include "api.hpp"

#include "token.hpp"
#include "wire.hpp"

#include "../support/checksum.hpp"

namespace transcode {

namespace {

using json = nlohmann::json;

std::int64_t milliseconds(sm::timestamp moment) { return moment.time_since_epoch().count(); }

// What a worker says of the run that it holds. A wrong epoch is refused by the database.
template <class Run>
Run run_of(std::int64_t id, const json& asked) {
    Run run;
    run.id = id;
    run.epoch = asked.at("epoch");
    run.owner = asked.value("worker", "");
    return run;
}

std::string job_named(std::int64_t id) { return "job " + std::to_string(id); }

}  // namespace

template <const times& Times>
void api<Times>::migrate() {
    videos_.migrate().value();
    workers_.migrate().value();
    thumbnails_.migrate().value();
}

template <const times& Times>
std::vector<route> api<Times>::routes() {
    const auto of = [this](reply (api::*call)(const json&)) {
        return [this, call](std::int64_t, const json& asked) { return (this->*call)(asked); };
    };
    const auto of_id = [this](reply (api::*call)(std::int64_t, const json&)) {
        return
            [this, call](std::int64_t id, const json& asked) { return (this->*call)(id, asked); };
    };
    return {
        {"POST", "/videos", of(&api::add_video)},
        {"GET", R"(/videos/(\d+))",
         [this](std::int64_t id, const json&) { return read_video(id); }},
        {"POST", "/claims", of(&api::claim)},
        {"POST", R"(/videos/(\d+)/progress)", of_id(&api::report_progress)},
        {"POST", R"(/videos/(\d+)/completion)", of_id(&api::complete)},
        {"POST", R"(/videos/(\d+)/failure)", of_id(&api::fail)},
        {"POST", "/workers", of(&api::add_worker)},
        {"POST", R"(/workers/(\d+)/heartbeat)", of_id(&api::heartbeat)},
        {"POST", R"(/workers/(\d+)/departure)", of_id(&api::remove_worker)},
    };
}

// The name of a video is the key of its job: once, however often it is sent.
template <const times& Times>
reply api<Times>::add_video(const json& asked) {
    const std::string name = asked.at("video");
    const auto added = videos_.submit({.video = name}, {.key = support::sha256_of_text(name)});
    reply answer = reply_to(added);
    if (answer.status == 200) answer.body["job"] = added.value()->id;
    return answer;
}

template <const times& Times>
reply api<Times>::read_video(std::int64_t id) {
    const auto found = videos_.read(id);
    if (!found) return reply_to(found.error());
    if (!found.value()) return {404, {{"answer", answers::no_such_job}}};
    const auto& row = *found.value();
    const auto& job = row.job;
    json shown{{"video", job.video},
               {"state", video::states[static_cast<std::size_t>(row.state)].name},
               {"attempts", row.attempts},
               {"percent", job.percent},
               {"error", row.error.value_or("")}};
    if (job.duration)
        shown["metadata"] =
            video::metadata{*job.duration, *job.width, *job.height, *job.format, *job.codec};
    return {200, shown};
}

// The job that is asked for, or else the one that waits the longest.
template <const times& Times>
reply api<Times>::claim(const json& asked) {
    const std::string owner = asked.at("worker");
    const bool given = asked.contains("job");
    const auto got = given ? videos_.claim_by_id(video::claim, asked["job"], {.owner = owner})
                           : videos_.claim(video::claim, {.owner = owner});
    if (got && got.value().reason() == sm::reason::none_due) return {204};
    reply answer = reply_to(got);
    if (!got || !got.value()) return told(asked, "asks for a job", answer);
    const auto& run = *got.value();
    answer.body.update({{"job", run.id},
                        {"epoch", run.epoch},
                        {"attempt", run.attempts},
                        {"video", run.job.video},
                        {"lease_until", milliseconds(run.lease_until)},
                        {"lease_ms", Times.lease.count()}});
    return told(asked,
                "claims " + job_named(run.id) + ", " + run.job.video + ", attempt " +
                    std::to_string(run.attempts),
                answer);
}

template <const times& Times>
reply api<Times>::report_progress(std::int64_t id, const json& asked) {
    const int percent = asked.at("percent");
    const auto got = videos_.renew(
        video::progress, run_of<typename video::store<Times>::run_type>(id, asked), {percent});
    reply answer = reply_to(got);
    if (got && got.value()) answer.body["lease_until"] = milliseconds(got.value()->until);
    return told(asked, job_named(id) + " is at " + std::to_string(percent) + " %", answer);
}

// The completion and its follow-up commit together or not at all; whoever asks again adds nothing.
template <const times& Times>
reply api<Times>::complete(std::int64_t id, const json& asked) {
    const auto token = checked_token(asked.at("token").get<std::string>(), id);
    if (!token) return {400, {{"answer", answers::bad_request}, {"why", "no token of this job"}}};
    const auto run = run_of<typename video::store<Times>::run_type>(id, asked);
    const auto found = asked.at("metadata").get<video::metadata>();

    std::optional<sm::outcome> did;
    const auto ended = together_([&](auto& videos, auto& thumbnails) -> sm::result<void> {
        const auto fired = videos.fire(video::complete, run, found, *token);
        if (!fired) return fired.error();
        did = fired.value();
        if (did->cause() != nullptr) return *did->cause();
        if (did->provisional())
            thumbnails.submit({.video = id}, {.key = "video-" + std::to_string(id)})
                .value()
                .value();
        return sm::success();
    });
    return told(asked, "completes " + job_named(id),
                ended ? reply_to(*did) : reply_to(ended.error()));
}

template <const times& Times>
reply api<Times>::fail(std::int64_t id, const json& asked) {
    const auto run = run_of<typename video::store<Times>::run_type>(id, asked);
    const std::string reason = asked.at("reason");
    return told(asked, "gives up " + job_named(id) + ": " + reason,
                reply_to(videos_.fire(video::fail, run, {reason, asked.at("permanent")})));
}

// A name that is known comes back as the same row. While its lease lives the name is taken.
template <const times& Times>
reply api<Times>::add_worker(const json& asked) {
    const std::string name = asked.at("worker");
    const auto row = workers_.submit({name}, {.key = support::sha256_of_text(name)});
    if (!row || !row.value()) return reply_to(row);
    const auto run = workers_.claim_by_id(worker::come, row.value()->id, {.owner = name});
    reply answer = reply_to(run);
    if (run && run.value())
        answer.body.update({{"id", run.value()->id},
                            {"epoch", run.value()->epoch},
                            {"silence_ms", Times.heartbeat.count()}});
    return told(asked, "registers", answer);
}

template <const times& Times>
reply api<Times>::heartbeat(std::int64_t id, const json& asked) {
    return reply_to(workers_.renew(run_of<typename worker::store<Times>::run_type>(id, asked)));
}

template <const times& Times>
reply api<Times>::remove_worker(std::int64_t id, const json& asked) {
    const auto run = run_of<typename worker::store<Times>::run_type>(id, asked);
    return told(asked, "leaves", reply_to(workers_.fire(worker::leave, run)));
}

template class api<usual>;
template class api<hurried>;

}  // namespace transcode
