#include "demo.hpp"

#include "make_pdf.hpp"
#include "receiver.hpp"
#include "submit_api.hpp"
#include "summary.hpp"
#include "support/workers.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <thread>

namespace extraction {
namespace {

using clock = std::chrono::steady_clock;
constexpr auto patience = 45s;
const std::string inbox = "inbox";

// What went otherwise than it should.
class expectations {
public:
    void expect(bool held, const std::string& what) {
        if (!held) std::cout << "NOT AS EXPECTED: " << what << std::endl;
        all_held_ = all_held_ && held;
    }
    bool all_held() const { return all_held_; }

private:
    bool all_held_ = true;
};

template <class Condition>
bool wait_until(Condition condition) {
    const auto end = clock::now() + patience;
    while (!condition() && clock::now() < end) std::this_thread::sleep_for(100ms);
    return condition();
}

void write_document(const std::string& name, int pages) {
    std::vector<std::vector<std::string>> all;
    for (int page = 1; page <= pages; ++page)
        all.push_back({name + ", page " + std::to_string(page),
                       "Total: " + std::to_string(page * 17) + " EUR",
                       "Thank you for your order."});
    make_pdf(inbox + "/" + name, all);
}
void write_garbage(const std::string& name) {
    std::ofstream(inbox + "/" + name) << "This is no PDF any more.\n";
}

// Who calls the API.
class caller {
public:
    caller(std::string api, std::string callback)
        : api_(std::move(api)), callback_(std::move(callback)) {}

    http_reply submit(const std::string& document, bool boxes, const std::string& key) const {
        const nlohmann::json body{
            {"document", document}, {"boxes", boxes}, {"callback", callback_}};
        return answered([&] { return http_post(api_ + "/documents", body.dump(), key); });
    }
    std::int64_t submitted(const std::string& document, bool boxes) const {
        return nlohmann::json::parse(submit(document, boxes, document).body).at("id");
    }
    http_reply cancel(std::int64_t id) const {
        return answered(
            [&] { return http_post(api_ + "/documents/" + std::to_string(id) + "/cancel", ""); });
    }
    nlohmann::json look(std::int64_t id) const {
        const auto got =
            answered([&] { return http_get(api_ + "/documents/" + std::to_string(id)); });
        return nlohmann::json::parse(got.body);
    }

private:
    // Where no reply comes the same is sent again: under its key a document is made once.
    template <class Call>
    static http_reply answered(Call call) {
        http_reply got = call();
        for (int tries = 1; got.status == 0 && tries < 5; ++tries) got = call();
        return got;
    }

    std::string api_, callback_;
};

// The processes that are still running; told to stop at the end.
class processes {
public:
    explicit processes(const place& where) : where_(where) {}
    ~processes() {
        for (const pid_t each : running_) kill(each, SIGTERM);
        for (const pid_t each : running_) support::wait_for(each);
    }
    processes(const processes&) = delete;
    processes& operator=(const processes&) = delete;

    pid_t start(std::vector<std::string> role) {
        if (where_.conninfo.empty())
            role.insert(role.end(), {"--database", where_.file});
        else
            role.insert(role.end(), {"--postgres", where_.conninfo});
        return support::start_self(role);
    }
    void keep(std::vector<std::string> role) { running_.push_back(start(std::move(role))); }

private:
    const place& where_;
    std::vector<pid_t> running_;
};

struct submitted_documents {
    std::int64_t held, spoiled, broken, late, unwanted;
    std::size_t count, with_boxes;
};

submitted_documents submit_all(const caller& caller, expectations& should) {
    write_document("held.pdf", 1);
    write_document("spoiled.pdf", 1);
    write_document("unwanted.pdf", 1);
    write_garbage("broken.pdf");
    submitted_documents all{};
    all.held = caller.submitted("held.pdf", true);
    all.spoiled = caller.submitted("spoiled.pdf", true);
    all.broken = caller.submitted("broken.pdf", false);
    all.late = caller.submitted("late.pdf", true);
    all.unwanted = caller.submitted("unwanted.pdf", false);
    constexpr int invoices = 12;
    for (int i = 1; i <= invoices; ++i) {
        const std::string name = "invoice-" + std::to_string(i) + ".pdf";
        write_document(name, i);
        caller.submitted(name, i % 2 == 0);
    }
    all.count = 5 + invoices;
    all.with_boxes = 3 + invoices / 2;
    std::cout << all.count << " documents are submitted, " << all.with_boxes
              << " of them with boxes" << std::endl;

    const auto again = caller.submit("held.pdf", true, "held.pdf");
    const auto other = caller.submit("spoiled.pdf", true, "held.pdf");
    std::cout << "the first one again, same key:   " << again.status << " " << again.body
              << "\nanother one under its key:       " << other.status << " " << other.body
              << std::endl;
    should.expect(nlohmann::json::parse(again.body).at("id") == all.held && other.status == 409,
                  "one key, one document");
    const auto gone = caller.cancel(all.unwanted);
    std::cout << "one is cancelled while it waits: " << gone.status << " " << gone.body
              << std::endl;
    should.expect(gone.status == 200, "a waiting document can be cancelled");
    return all;
}

// Two workers that do not live long, before any relay runs.
void lose_workers(processes& started, const caller& caller, const submitted_documents& all,
                  expectations& should) {
    const pid_t first =
        started.start({"worker", "--name", "worker-1", "--inbox", inbox, "--stop-in-the-middle"});
    should.expect(support::wait_for(first).how == support::end::stopped, "worker-1 stands still");
    const auto refused = caller.cancel(all.held);
    std::cout << "worker-1 is in the middle of document " << all.held
              << "; to cancel it now: " << refused.status << " " << refused.body << std::endl;
    should.expect(refused.status == 409, "a running document cannot be cancelled");
    kill(first, SIGKILL);
    support::wait_for(first);
    std::cout << "worker-1 is killed there (SIGKILL)" << std::endl;

    const pid_t second =
        started.start({"worker", "--name", "worker-2", "--inbox", inbox, "--die-after-text"});
    should.expect(support::wait_for(second).how == support::end::killed, "worker-2 dies");
    should.expect(caller.look(all.spoiled).contains("text"), "its text is kept");
    std::cout << "worker-2 is killed right after the text of document " << all.spoiled
              << " was stored; no webhook is sent yet" << std::endl;
    write_garbage("spoiled.pdf");
    std::cout << "that document's file is spoiled now: its boxes will be given up" << std::endl;
}

void report_progress(const summary& now, const webhook_receiver& receiver,
                     clock::time_point began) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock::now() - began);
    std::cout << std::setw(4) << seconds.count() << " s";
    for (const auto& [state, count] : now.states) std::cout << "  " << state << " " << count;
    std::cout << "  webhooks " << receiver.counted().taken << std::endl;
}

// Whether the receiver heard how each document ended.
bool heard_all(const webhook_receiver& receiver, const submitted_documents& all) {
    std::size_t ends = 0;
    std::size_t texts = 0;
    for (const heard& each : receiver.events()) {
        if (each.topic == "text_ready") ++texts;
        if (each.topic != "text_ready" && each.topic != "boxes_interrupted") ++ends;
    }
    return ends == all.count && texts == all.with_boxes;
}

// The rest is done by two more workers and two relays, while the receiver is out of order at first.
void do_the_rest(processes& started, documents<hurried>& jobs, webhook_receiver& receiver,
                 const submitted_documents& all, expectations& should) {
    receiver.set_out_of_order(true);
    for (const char* name : {"worker-3", "worker-4"})
        started.keep({"worker", "--name", name, "--inbox", inbox});
    for (const char* name : {"relay-1", "relay-2"}) started.keep({"deliver", "--name", name});
    std::cout << "worker-3, worker-4, relay-1 and relay-2 start; the receiver is out of order"
              << std::endl;
    const auto began = clock::now();
    should.expect(wait_until([&] { return jobs.read(all.late).value()->error.has_value(); }),
                  "late.pdf fails at first");
    write_document("late.pdf", 2);
    std::cout << "late.pdf was not there: it waits for another try, and has arrived now"
              << std::endl;
    should.expect(wait_until([&] { return receiver.counted().refused >= 5; }),
                  "the receiver refuses some");
    receiver.set_out_of_order(false);
    std::cout << "the receiver works again" << std::endl;
    auto next_line = clock::now();
    const bool ended = wait_until([&] {
        const summary now = summarize<hurried>(jobs);
        if (clock::now() >= next_line) {
            report_progress(now, receiver, began);
            next_line = clock::now() + 1s;
        }
        return settled(now) && heard_all(receiver, all);
    });
    should.expect(ended, "all documents come to an end, and the receiver hears of it");
}

void report(const caller& caller, const submitted_documents& all, const summary& done,
            const webhook_receiver& receiver, expectations& should) {
    const auto held = caller.look(all.held);
    std::cout << "\ndocument " << all.held << ": " << held.at("status").get<std::string>() << ", "
              << held.at("boxes").size() << " words, the first " << held.at("boxes").at(0)
              << std::endl;
    for (const auto id : {all.broken, all.spoiled}) {
        auto shown = caller.look(id);
        if (shown.contains("text")) shown["text"] = shown["text"].get<std::string>().substr(0, 20);
        std::cout << "document " << id << ": " << shown << std::endl;
    }
    std::cout << "\nrefused:    1 key used for another document, 1 cancel of a running document\n";
    print(std::cout, done, receiver.counted());
    const std::map<std::string, std::size_t> foreseen{
        {"succeeded", all.count - 3}, {"failed", 1}, {"cancelled", 1}, {"partial", 1}};
    should.expect(done.states == foreseen, "the documents end as foreseen");
    should.expect(done.handed_back >= 1 && done.retried >= 1, "something was retried");
}

}  // namespace

bool run_demo(const place& where) {
    std::filesystem::remove_all(inbox);
    std::filesystem::create_directory(inbox);
    return on_database(where, [&](auto& database) {
        documents<hurried> jobs{database};
        jobs.migrate().value();
        if (!summarize<hurried>(jobs).states.empty())
            throw std::runtime_error("there are documents already: the demo wants an empty table");
        submit_api<hurried> api{jobs};
        http_server server;
        api.serve(server);
        webhook_receiver receiver;
        const caller caller{server.start(), receiver.url()};
        sm::sweeper<machine<hurried>> sweeper{database, {.interval = 500ms}};
        const std::jthread sweeping(
            [&](const std::stop_token& stop) { sweeper.run(stop).value(); });

        expectations should;
        const auto all = submit_all(caller, should);
        processes started{where};
        lose_workers(started, caller, all, should);
        do_the_rest(started, jobs, receiver, all, should);
        report(caller, all, summarize<hurried>(jobs), receiver, should);
        return should.all_held();
    });
}

}  // namespace extraction
