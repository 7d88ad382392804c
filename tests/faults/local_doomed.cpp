#include "local_doomed.hpp"

#include "client.hpp"
#include "journal.hpp"
#include "local_roles.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

#include <functional>
#include <iostream>
#include <map>

namespace faults {
namespace {

const auto print = [](const auto&... words) {
    ((std::cout << words), ...);
    std::cout << std::endl;  // at once: this process may end at any moment
};

/// What one call of the doomed works on: a job of its own, and where needed the run that holds it.
struct own_job {
    std::string key;
    std::int64_t id = 0;
    std::optional<run_type> run{};
};

using call = std::function<void(recorder&, const own_job&)>;

/// Those that need a job that waits.
const std::map<std::string, call> on_waiting{
    {"submit",
     [](auto& jobs, auto& own) { std::ignore = jobs.submit({.payload = own.key + "-new"}); }},
    {"submit_key",
     [](auto& jobs, auto& own) {
         std::ignore = jobs.submit({.payload = own.key + "-new"}, {.key = own.key + "-new"});
     }},
    {"submit_many",
     [](auto& jobs, auto& own) {
         std::ignore = jobs.submit_many({{.job = {.payload = own.key}, .key = own.key},
                                         {.job = {.payload = own.key + "-a"}},
                                         {.job = {.payload = own.key + "-b"}}});
     }},
    {"claim", [](auto& jobs, auto&) { std::ignore = jobs.claim(work::claim); }},
    {"claim_many", [](auto& jobs, auto&) { std::ignore = jobs.claim_many(work::claim, 3); }},
    {"claim_by_id",
     [](auto& jobs, auto& own) { std::ignore = jobs.claim_by_id(work::claim, own.id); }},
    {"cancel",
     [](auto& jobs, auto& own) {
         std::ignore = jobs.control(work::cancel, own.id, sm::any_version, own.key);
     }},
    {"resolve", [](auto& jobs, auto& own) { std::ignore = jobs.resolve(own.id, own.key); }},
    {"sweep", [](auto& jobs, auto&) { std::ignore = jobs.sweep(); }},
};

/// Those that need a run.
const std::map<std::string, call> on_running{
    {"renew", [](auto& jobs, auto& own) { std::ignore = jobs.renew(*own.run); }},
    {"progress",
     [](auto& jobs, auto& own) { std::ignore = jobs.renew(work::progress, *own.run, {7}); }},
    {"release", [](auto& jobs, auto& own) { std::ignore = jobs.fire(work::release, *own.run); }},
    {"complete",
     [](auto& jobs, auto& own) {
         std::ignore = jobs.fire(work::complete, *own.run, {"done"}, own.key);
     }},
    {"complete_many",
     [](auto& jobs, auto& own) {
         std::ignore = jobs.template fire_many<work::outcome>(work::complete,
                                                              {{*own.run, {"done"}, own.key}});
     }},
};

own_job prepare(recorder& jobs, const std::string& call_name) {
    own_job own{.key = jobs.client()};
    own.id = jobs.submit({.payload = own.key}, {.key = own.key}).value()->id;
    if (!on_running.contains(call_name) && call_name != "deliver") return own;
    own.run = *jobs.claim_by_id(work::claim, own.id).value();
    print("run ", own.run->id, ' ', own.run->epoch, ' ', own.run->version);
    return own;
}

template <class Database>
void deliver(doomed_database<Database>& database, recorder& before, const own_job& own) {
    before.fire(work::complete, *own.run, {"done"}, own.key).value().value();
    sm::relay<work::machine> relay(database, relay_of_the_doomed(),
                                   [](const sm::emitted<work::machine>& event) -> sm::result<void> {
                                       print("delivered ", event.id);
                                       return sm::success();
                                   });
    std::ignore = relay.deliver_some();
}

}  // namespace

sm::relay_options relay_of_the_doomed() {
    return {.group = "doomed",
            .from = sm::from::beginning,
            .lease = 500ms,
            .tries = 1000,
            .batch = 2,
            .poll = 20ms};
}

std::vector<std::string> calls_of_the_doomed() {
    std::vector<std::string> all{"deliver"};
    for (const auto* calls : {&on_waiting, &on_running})
        for (const auto& [name, made] : *calls) all.push_back(name);
    return all;
}

// CALL STEP NAME JOURNAL
template <class Database>
int be_doomed(const place& on, std::span<const std::string> told) {
    Database database = open_at<Database>(on);
    sm::testing::history seen(journal_in(told[3]));
    recorder before(database, seen, told[2]);
    const own_job own = prepare(before, told[0]);
    doom by{.at = std::stoi(told[1])};
    doomed_database<Database> doomed(database, by);
    recorder jobs(doomed, seen, told[2]);
    if (told[0] == "deliver")
        deliver(doomed, before, own);
    else if (const auto found = on_waiting.find(told[0]); found != on_waiting.end())
        found->second(jobs, own);
    else
        on_running.at(told[0])(jobs, own);
    return 0;
}

template int be_doomed<sm::sqlite::database>(const place&, std::span<const std::string>);
template int be_doomed<sm::postgres::database>(const place&, std::span<const std::string>);

}  // namespace faults
