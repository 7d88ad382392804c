// A run of every operation that there is, with words of the test's in each place that takes some.
#pragma once

#include "letters.hpp"
#include "recording.hpp"

#include <support/known_front.hpp>

#include <string>
#include <vector>

namespace security {

using namespace std::chrono_literals;

/// What a user writes.
struct words {
    std::string text, document, note, reason;  ///< content
    std::string owner, actor;                  ///< who it was
    std::string key, token, group;             ///< names, of which digits are appended
};

/// Every sentence that answers, errors and observers said.
class sentences_said final : public sm::observer {
public:
    void observed(const sm::observation& seen) noexcept override {
        ++observations;
        add(std::string(seen.table) + " " + std::string(seen.event));
        if (seen.cause != nullptr) add(*seen.cause);
    }
    void add(const sm::error& cause) {
        add(cause.message() + " " + std::string(cause.native()));
        ++errors;
    }
    void add(std::string sentence) { all.push_back(std::move(sentence)); }

    template <class Content>
    const sm::result<Content>& add(const sm::result<Content>& got) {
        if (!got) {
            add(got.error());
        } else if constexpr (std::is_base_of_v<sm::outcome, Content>) {
            add(got.value().why());
            if (got.value().cause() != nullptr) add(*got.value().cause());
        }
        return got;
    }

    std::vector<std::string> all;
    int observations = 0, errors = 0;
};

template <class Backend>
class correspondence {
public:
    using database_type = recording_database<typename Backend::database>;

    explicit correspondence(words with) : with_(std::move(with)) {
        jobs.migrate().value();
        database.seen = {};
    }

    /// All of them.
    void run_everything() {
        submits();
        claims_and_renewals();
        steps();
        controls();
        lost_replies();
        relays();
        sweeps();
        reads();
    }

    void submits() {
        const letters::letter content = a_letter();
        said.add(jobs.submit(content, {.key = key("1"), .actor = with_.actor}));
        said.add(jobs.submit(content, {.key = key("1"), .actor = with_.actor}));
        said.add(jobs.submit({.text = "another"}, {.key = key("1")}));
        std::vector<letters::store_type::submission> many(14, {.job = content});
        many[0].key = key("2");
        many[1].key = key("1");
        for (const auto& each : jobs.submit_many(many)) said.add(each);
        for (auto& each : many)
            each = {.job = content, .key = {}, .options = {.delay = std::chrono::hours(1)}};
        for (const auto& each : jobs.submit_many(many)) said.add(each);
        many.back().options.delay = std::chrono::hours(2);
        for (const auto& each : jobs.submit_many(many)) said.add(each);
    }

    void claims_and_renewals() {
        sm::tests::known_front<letters::machine, database_type>(database, "claim").let_look();
        run = *said.add(jobs.claim(letters::claim, {.owner = with_.owner})).value();
        runs = *said.add(jobs.claim_many(letters::claim, 3, {.owner = with_.owner})).value();
        said.add(jobs.claim_by_id(letters::claim, run.id, {.owner = with_.owner}));
        said.add(jobs.claim_by_id(letters::claim, fresh(), {.owner = with_.owner}));
        said.add(jobs.renew(run));
        said.add(jobs.renew(letters::progress, run, {with_.note}));
        said.add(jobs.renew_many(runs));
        said.add(jobs.renew(stale()));
        said.add(jobs.renew(letters::progress, stale(), {with_.note}));
    }

    void steps() {
        said.add(jobs.fire(letters::send, stale(), {with_.note}));
        said.add(jobs.fire(letters::fail, stale(), {with_.reason}));
        said.add(jobs.fire(letters::send, run, {with_.note}, token("1")));
        said.add(jobs.fire(letters::send, run, {with_.note}, token("1")));
        said.add(jobs.fire(letters::send, run, {"other"}, token("1")));
        said.add(jobs.fire(letters::send, runs[0], {with_.note}));
        said.add(jobs.fire(letters::fail, runs[1], {with_.reason}));
        said.add(jobs.fire(letters::fail, runs[2], {with_.reason}, token("2")));
        std::vector<letters::run_type> more;
        for (int i = 0; i < 8; ++i) more.push_back(held());
        // A batch with a token is another statement on PostgreSQL.
        for (std::size_t i = 0; i < more.size(); i += 4) {
            const std::string own = i == 0 ? token("3") : "";
            for (const auto& each : jobs.fire_many<letters::remark>(
                     letters::send, {{{more[i], {with_.note}, own}, {more[i + 1], {with_.note}}}}))
                said.add(each);
            for (const auto& each : jobs.fire_many<letters::refusal>(
                     letters::fail,
                     {{{more[i + 2], {with_.reason}, own}, {more[i + 3], {with_.reason}}}}))
                said.add(each);
        }
    }

    void controls() {
        const sm::version first{1};
        const auto id = fresh();
        said.add(jobs.fire(letters::annotate, id, first, {with_.note}, {.actor = with_.actor}));
        said.add(jobs.fire(letters::annotate, id, first, {with_.note}, {.actor = with_.actor}));
        said.add(jobs.fire(letters::annotate, fresh(), first, {with_.note},
                           {.token = token("4"), .actor = with_.actor}));
        said.add(jobs.fire(letters::annotate, fresh(), sm::any_version, {with_.note},
                           {.actor = with_.actor}));
        const auto other = fresh();
        said.add(jobs.fire(letters::annotate, other, sm::any_version, {with_.note},
                           {.token = token("5"), .actor = with_.actor}));
        said.add(jobs.resolve(other, token("5")));
        said.add(jobs.resolve(other, token("6")));
        said.add(jobs.resolve(1'000'000, token("7")));
    }

    // What finds out what became of a call.
    void lost_replies() {
        const auto lose = [this](auto call) {
            database.next = {.loses_reply = true};
            said.add(call());
            EXPECT_TRUE(database.next.happened);
        };
        const auto waiting = fresh(), other = fresh();
        lose([&] { return jobs.submit(a_letter(), {.actor = with_.actor}); });
        lose([&] { return jobs.submit(a_letter(), {.key = key("3"), .actor = with_.actor}); });
        lose([&] { return jobs.claim_by_id(letters::claim, waiting, {.owner = with_.owner}); });
        lose([&] { return jobs.claim(letters::claim, {.owner = with_.owner}); });
        const auto one = *jobs.claim_by_id(letters::claim, fresh(), {.owner = with_.owner}).value();
        lose([&] { return jobs.fire(letters::send, one, {with_.note}); });
        const auto two = *jobs.claim_by_id(letters::claim, fresh(), {.owner = with_.owner}).value();
        lose([&] { return jobs.fire(letters::fail, two, {with_.reason}); });
        lose([&] {
            return jobs.fire(letters::annotate, other, sm::any_version, {with_.note},
                             {.actor = with_.actor});
        });
    }

    void relays() {
        sm::relay<letters::machine> failing{
            database,
            {.group = with_.group, .from = sm::from::beginning, .tries = 1, .watch = &said},
            [this](const auto&) {
                return sm::result<void>(sm::error(sm::errc::work_failed, with_.reason));
            }};
        said.add(failing.join());
        said.add(failing.deliver_some());
        sm::outbox<letters::machine> outbox{database};
        const auto parked = outbox.parked(with_.group).value();
        ASSERT_GE(parked.size(), 2U);
        EXPECT_EQ(parked[0].error, with_.reason);
        EXPECT_TRUE(outbox.unpark(with_.group, parked[0]).value());
        EXPECT_TRUE(outbox.discard(with_.group, parked[1]).value());
        sm::relay<letters::machine> taking{
            database, {.group = with_.group, .watch = &said}, [](auto&, const auto&) {
                return sm::result<void>(sm::success());
            }};
        EXPECT_EQ(said.add(taking.deliver_some()).value().delivered, 1U);
        give_back_events();
        said.add(outbox.leave(with_.group));
        said.add(failing.join());
        said.add(outbox.prune());
    }

    void sweeps() {
        said.add(jobs.sweep({.actor = with_.actor}));
        for (const bool one_by_one : {false, true}) {
            grow_old();
            database.next = {.refuses_batches = one_by_one};
            sm::sweeper<letters::machine> sweeper{
                database, {.interval = 0ms, .actor = with_.actor, .watch = &said}};
            const sm::swept done = said.add(sweeper.sweep_once()).value();
            EXPECT_EQ(database.next.happened, one_by_one);
            EXPECT_GT(done.expired, 0U);
            EXPECT_GT(done.exhausted, 0U);
            EXPECT_GT(done.removed, 0U);
            database.next = {};
        }
    }

    void reads() {
        said.add(jobs.read(1));
        said.add(jobs.list(letters::sent));
        said.add(jobs.history(1));
        said.add(sm::overview_of<letters::machine>(database));
    }

    /// A job that waits.
    std::int64_t fresh() { return jobs.submit(a_letter()).value()->id; }

    /// A job that is held.
    letters::run_type held() {
        return *jobs.claim_by_id(letters::claim, fresh(), {.owner = with_.owner}).value();
    }

    letters::letter a_letter() const {
        sm::bytes raw;
        for (const char each : with_.text) raw.push_back(static_cast<std::byte>(each));
        raw.push_back(std::byte{0});
        return {.text = with_.text, .raw = raw, .document = sm::json{with_.document}};
    }

    Backend place;
    typename Backend::database native = place.open();
    database_type database{native};
    sentences_said said;
    letters::store_type jobs{database, {.watch = &said}};
    letters::run_type run;
    std::vector<letters::run_type> runs;

private:
    std::string key(const char* number) const { return with_.key + number; }
    std::string token(const char* number) const { return with_.token + number; }
    letters::run_type stale() const {
        letters::run_type other = run;
        other.epoch = 0;
        return other;
    }
    // A relay that is stopped gives back what it has not begun.
    void give_back_events() {
        for (int i = 0; i < 3; ++i) said.add(jobs.fire(letters::send, held(), {with_.note}));
        std::stop_source stop;
        sm::relay<letters::machine> stopped{
            database, {.group = with_.group, .threads = 1, .watch = &said}, [&stop](const auto&) {
                stop.request_stop();
                return sm::result<void>(sm::success());
            }};
        EXPECT_EQ(said.add(stopped.run(stop.get_token())).value().delivered, 1U);
    }

    // One job each beyond its lease, its attempts and the time that it is kept, with all events of
    // that delivered.
    void grow_old() {
        const std::int64_t late = fresh(), used_up = fresh(), done = fresh();
        for (const std::int64_t each : {late, done}) {
            const auto held =
                *jobs.claim_by_id(letters::claim, each, {.owner = with_.owner}).value();
            if (each == done) said.add(jobs.fire(letters::send, held, {with_.note}, token("8")));
        }
        place.pass_time(letters::table, late, 70s);
        place.execute("UPDATE letters SET attempts = 2 WHERE id = " + std::to_string(used_up));
        place.execute("DELETE FROM letters_deliveries");
        const bool on_server = !Backend::database::dialect.millisecond.empty();
        place.execute("UPDATE letters SET changed_at = changed_at - " +
                      std::string(on_server ? "interval '2 hours'" : "7200000") +
                      " WHERE id = " + std::to_string(done));
    }

    words with_;
};

}  // namespace security
