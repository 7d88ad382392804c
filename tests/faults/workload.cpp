#include "workload.hpp"

#include "journal.hpp"
#include "tally.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>
#include <statemachine/testing/check.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace faults {
namespace {

using sm::testing::call_kind;
using sm::testing::call_record;
using steady = std::chrono::steady_clock;

// Ten times what a fault or the rest of the work may take on a machine that does nothing else.
constexpr std::chrono::milliseconds patience = 50s;
constexpr std::uint64_t stride = 1000;  // between the seeds of two runs

std::uint64_t number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

// What the test itself asks of the database, by the short deadlines of its clients: that a machine
// is busy is none of the faults that are looked at.
template <class Call>
auto patiently(Call call) {
    for (const auto end = steady::now() + patience;;) {
        try {
            return call();
        } catch (const std::exception&) {
            if (steady::now() >= end) throw;
        }
    }
}

// Calls until it answers: after the faults the database is there.
template <class Call>
bool answered(Call call) {
    for (const auto end = steady::now() + patience; steady::now() < end;) {
        const auto got = call();
        if (got && !got.value().retryable() && !got.value().unknown()) return true;
    }
    return false;
}

/// Asks what became of each call that was left in doubt, of every client.
/// @return whether there was an answer to all
bool settle(recorder asks, const sm::testing::history& seen) {
    for (const call_record& call : seen.calls()) {
        if (!call.unsettled() || call.token.empty()) continue;
        bool told = true;
        if (call.what == call_kind::submit)
            told =
                answered([&] { return asks.submit({.payload = call.token}, {.key = call.token}); });
        else if (call.id > 0)
            for (int twice = 0; twice < 2 && told; ++twice)
                told = answered([&] { return asks.resolve(call.id, call.token); });
        if (!told) return false;
    }
    return true;
}

std::string keep(const sm::testing::history& seen, std::uint64_t seed) {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    const auto file = std::filesystem::temp_directory_path() /
                      (std::string(test != nullptr ? test->name() : "faults") + "-seed-" +
                       std::to_string(seed) + ".history");
    std::ofstream(file) << seen.text();
    return file.string();
}

}  // namespace

std::vector<std::uint64_t> seeds(std::size_t usual) {
    if (const auto one = number_in("STATEMACHINE_SEED"); one > 0) return {one};
    const auto many = number_in("STATEMACHINE_SEEDS");
    std::vector<std::uint64_t> all(many > 0 ? many : usual);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
    return all;
}

template <class Database>
class workload<Database>::inner {
public:
    inner(opener open, settings how)
        : open_(std::move(open)),
          how_(how),
          common_(patiently([this] { return open_().value(); })),
          own_(patiently([this] { return open_().value(); })),
          seen_([this](std::size_t, const call_record& call) { told_.note(call); }) {
        patiently([this] {
            sm::store<work::machine>(own_).migrate().value();
            return true;
        });
        staff_.emplace(own_);
        std::cout << "seed " << how.seed << '\n';
    }

    void start() {
        staff_->start();
        for (int i = 0; i < how_.clients; ++i)
            threads_.emplace_back([this, i](const std::stop_token& stop) { live(i, stop); });
        EXPECT_TRUE(goes_on(5)) << "before any fault";
    }

    testing::AssertionResult goes_on(std::uint64_t changes) {
        const auto since = steady::now();
        const auto before = told_.of_clients();
        const auto finished = staff_->finished();
        const bool all = told_.wait_for(patience, [&](const auto&, const auto& now) {
            if (std::ssize(now) < how_.clients) return false;
            for (const auto& [name, numbers] : now) {
                const auto known = before.find(name);
                const auto so_far = known == before.end() ? 0 : known->second.acknowledged;
                if (numbers.acknowledged < so_far + changes) return false;
            }
            return staff_->finished() >= finished + changes;
        });
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - since);
        longest_way_back_ = std::max(longest_way_back_, took);
        if (all) return testing::AssertionSuccess();
        return testing::AssertionFailure()
               << "a client or the worker got nothing done in time; the worker finished "
               << staff_->finished() - finished << " jobs" << kept();
    }

    testing::AssertionResult is_disturbed(std::uint64_t calls) {
        const auto before = told_.all().disturbed();
        if (told_.wait_for(patience, [&](const auto& now, const auto&) {
                return now.disturbed() >= before + calls;
            }))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << "no call noticed the fault" << kept();
    }

    counts so_far() const {
        const auto now = told_.all();
        return {
            now.acknowledged,   now.refused,
            now.unknown,        now.not_sent,
            staff_->finished(), std::chrono::duration_cast<std::chrono::milliseconds>(now.longest),
            longest_way_back_};
    }

    void stop() { threads_.clear(); }

    testing::AssertionResult is_sound() {
        stop();
        std::vector<std::string> wrong;
        if (!settle(recorder(own_, seen_, "settler"), seen_))
            wrong.emplace_back("what was left in doubt was not settled in time");
        const auto since = steady::now();
        Database reads = patiently([this] { return open_().value(); });
        if (!told_.wait_for(patience, [&](const auto&, const auto&) { return is_drained(reads); }))
            wrong.emplace_back("not every job came to its end, and each event to its group");
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - since);
        staff_->stop();
        for (const auto& each : staff_->complaints()) wrong.push_back(each);
        find_undelivered(reads, wrong);
        const auto found =
            patiently([&] { return sm::testing::check<work::machine>(reads, seen_); });
        for (const auto& each : found) wrong.push_back(each.text());
        const auto now = so_far();
        std::cout << now.acknowledged << " changes, " << now.refused << " refused, " << now.unknown
                  << " left in doubt, " << now.not_sent << " not sent, " << now.finished
                  << " jobs by the worker; longest call " << now.longest_call.count()
                  << " ms, way back " << longest_way_back_.count() << " ms, drained in "
                  << took.count() << " ms\nthe longest call: " << told_.all().longest_was << '\n';
        if (wrong.empty()) return testing::AssertionSuccess();
        auto failure = testing::AssertionFailure();
        for (const auto& each : wrong) failure << each << '\n';
        return failure << kept();
    }

    sm::testing::history& seen() noexcept { return seen_; }

private:
    void live(int index, const std::stop_token& stop) {
        std::optional<Database> own;
        while (!how_.share_database && !own && !stop.stop_requested())
            if (auto opened = open_(); opened) own.emplace(std::move(opened).value());
        if (!how_.share_database && !own) return;
        recorder jobs(own ? *own : common_, seen_, "client-" + std::to_string(index + 1));
        client lives(std::move(jobs), how_.seed * stride + static_cast<std::uint64_t>(index));
        while (!stop.stop_requested()) lives.act();
    }

    static std::string count(Database& reads, const std::string& of) {
        const auto sql = "SELECT CAST(count(*) AS TEXT) FROM " + of;
        return patiently(
            [&] { return sm::testing::reader_of(reads.connection())(sql, 1).at(0).at(0); });
    }
    static std::uint64_t emitted_in(Database& reads) {
        return std::stoull(count(reads, "fault_jobs_outbox"));
    }
    // What was emitted while the group joined is handed to it a few seconds later.
    bool is_drained(Database& reads) {
        return count(reads, "fault_jobs WHERE state IN ('queued', 'running')") == "0" &&
               count(reads, "fault_jobs_deliveries") == "0" &&
               staff_->delivered() >= emitted_in(reads);
    }
    void find_undelivered(Database& reads, std::vector<std::string>& wrong) {
        const auto emitted = emitted_in(reads);
        const auto delivered = staff_->delivered();
        if (delivered == emitted || (delivered > emitted && how_.may_lose_local_commits)) return;
        wrong.push_back(std::to_string(emitted) + " events were emitted, and " +
                        std::to_string(delivered) + " delivered");
    }
    std::string kept() const {
        return "\nseed " + std::to_string(how_.seed) + ", history in " + keep(seen_, how_.seed);
    }

    opener open_;
    settings how_;
    Database common_, own_;
    tally told_;
    sm::testing::history seen_;
    std::optional<staff> staff_;
    std::chrono::milliseconds longest_way_back_{};
    std::vector<std::jthread> threads_;
};

template <class Database>
workload<Database>::workload(opener open, settings how)
    : inner_(std::make_unique<inner>(std::move(open), how)) {}
template <class Database>
workload<Database>::~workload() = default;
template <class Database>
void workload<Database>::start() {
    inner_->start();
}
template <class Database>
testing::AssertionResult workload<Database>::goes_on(std::uint64_t changes) {
    return inner_->goes_on(changes);
}
template <class Database>
testing::AssertionResult workload<Database>::is_disturbed(std::uint64_t calls) {
    return inner_->is_disturbed(calls);
}
template <class Database>
typename workload<Database>::counts workload<Database>::so_far() const {
    return inner_->so_far();
}
template <class Database>
void workload<Database>::stop() {
    inner_->stop();
}
template <class Database>
testing::AssertionResult workload<Database>::is_sound() {
    return inner_->is_sound();
}
template <class Database>
sm::testing::history& workload<Database>::seen() noexcept {
    return inner_->seen();
}

template <class Database>
void live_as_client(Database& database, const std::string& name, std::uint64_t seed,
                    const std::string& journal, const std::stop_token& stop) {
    sm::testing::history seen(journal_in(journal));
    client lives(recorder(database, seen, name), seed);
    while (!stop.stop_requested()) lives.act();
}

template class workload<sm::sqlite::database>;
template class workload<sm::postgres::database>;
template void live_as_client(sm::sqlite::database&, const std::string&, std::uint64_t,
                             const std::string&, const std::stop_token&);
template void live_as_client(sm::postgres::database&, const std::string&, std::uint64_t,
                             const std::string&, const std::stop_token&);

}  // namespace faults
