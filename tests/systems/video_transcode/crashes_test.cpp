// A5 and A12: a completion whose transaction is killed or fails, at each of its steps.
#include "held.hpp"
#include "program.hpp"
#include "service_on.hpp"

#include <future>
#include <thread>

namespace systems {
namespace {

template <class Backend>
class completion_killed : public on_service<Backend> {
public:
    /// Sends a completion to a process that dies at this moment; whether it did.
    bool dies(const assignment& mine, const std::string& moment, int statement = 0) {
        program doomed(
            doomed_server(Backend::database::dialect.name, this->place.where(), moment, statement));
        transcode::client sender(doomed.line(), "worker-1");
        const reply got = complete_once(sender, mine);
        if (got.status == 200) return false;
        EXPECT_EQ(got.status, 0) << "there is no reply from the dead";
        EXPECT_TRUE(was_killed(doomed.wait()));
        return true;
    }
};
TYPED_TEST_SUITE(completion_killed, backends, backend_names);

TYPED_TEST(completion_killed, before_the_commit_succeeds_at_once_when_it_is_sent_again) {
    shows("A5 A12");
    std::vector<std::string> texts;
    this->wrong.before_statement = [&](std::string_view text) {
        texts.emplace_back(text);
        return std::nullopt;
    };
    const auto undisturbed = this->claimed("undisturbed.avi");
    EXPECT_EQ(told(this->worker.complete(undisturbed, measured)), "200 done");
    const auto mention = [&](const std::string& words) {
        return std::any_of(texts.begin(), texts.end(),
                           [&](const std::string& text) { return text.find(words) != text.npos; });
    };
    ASSERT_TRUE(mention("UPDATE \"videos\""));
    ASSERT_TRUE(mention("\"videos_tokens\""));
    ASSERT_TRUE(mention("INSERT INTO \"thumbnails\""));
    const int statements = static_cast<int>(texts.size());

    const auto killed_at = [&](const std::string& moment, int statement) {
        const std::string name = moment + "-" + std::to_string(statement);
        const auto mine = this->claimed(name);
        ASSERT_TRUE(this->dies(mine, moment, statement)) << name;
        EXPECT_EQ(this->state_of(mine.job), "claimed") << name;
        EXPECT_EQ(this->thumbnails_of(mine.job), 0) << name;
        EXPECT_EQ(told(complete_once(this->worker, mine)), "200 done") << name;
        EXPECT_EQ(this->thumbnails_of(mine.job), 1) << name;
    };
    for (int i = 0; i < statements; ++i) killed_at("before", i);
    for (int i = 0; i < statements; ++i) killed_at("after", i);
    killed_at("before_commit", 0);
}

TYPED_TEST(completion_killed, after_the_commit_is_known_when_it_is_sent_again) {
    shows("A5 A12");
    const auto mine = this->claimed();
    ASSERT_TRUE(this->dies(mine, "after_commit"));
    EXPECT_EQ(this->state_of(mine.job), "completed");
    EXPECT_EQ(told(complete_once(this->worker, mine)), "200 already done");
    EXPECT_EQ(this->thumbnails_of(mine.job), 1);
}

template <class Backend>
class completion_failed : public on_service<Backend> {
public:
    /// What is left of a completion that is answered "try again later", and that it succeeds then.
    void expect_second_chance(const assignment& mine, const reply& first,
                              const std::vector<conformance::rows>& before) {
        EXPECT_EQ(told(first), "503 try again later") << first.body;
        EXPECT_EQ(this->stored(), before);
        this->wrong = {};
        EXPECT_EQ(told(complete_once(this->worker, mine)), "200 done");
        EXPECT_EQ(this->thumbnails_of(mine.job), 1);
    }
};
TYPED_TEST_SUITE(completion_failed, backends, backend_names);

TYPED_TEST(completion_failed, at_any_step_succeeds_at_once_when_it_is_sent_again) {
    shows("A5 A12");
    for (const auto code : {sm::errc::busy, sm::errc::deadlock, sm::errc::disk_full}) {
        bool failed = true;
        int steps = 0;
        for (; failed; ++steps) {
            const auto mine = this->claimed(std::string(to_string(code)) + std::to_string(steps));
            const auto before = this->stored();
            int statement = 0;
            failed = false;
            this->wrong.before_statement = [&](auto) -> std::optional<sm::error> {
                if (statement++ != steps) return std::nullopt;
                failed = true;
                return sm::error(code, "as if");
            };
            const reply first = complete_once(this->worker, mine);
            if (failed) this->expect_second_chance(mine, first, before);
        }
        EXPECT_GT(steps, 2);
        this->wrong = {};
        const auto mine = this->claimed(std::string(to_string(code)) + "-commit");
        const auto before = this->stored();
        this->wrong.before_commit = [&] { return sm::error(code, "as if"); };
        this->expect_second_chance(mine, complete_once(this->worker, mine), before);
    }
}

TYPED_TEST(completion_failed, by_a_lock_of_others_succeeds_at_once_when_it_is_sent_again) {
    shows("A5 A9");
    const auto mine = this->claimed();
    const auto before = this->stored();
    served hasty(open_hasty(this->place));
    transcode::client sender(hasty.server.url(), "worker-1");
    reply first{0};
    {
        const held<TypeParam> all(this->place);
        first = complete_once(sender, mine);
    }
    this->expect_second_chance(mine, first, before);
}

TYPED_TEST(completion_failed, in_its_follow_up_leaves_nothing_of_itself) {
    shows("A5 A12");
    const auto mine = this->claimed();
    const auto before = this->stored();
    this->place.execute("ALTER TABLE thumbnails RENAME TO away");
    const reply first = complete_once(this->worker, mine);
    EXPECT_EQ(this->state_of(mine.job), "claimed");
    this->place.execute("ALTER TABLE away RENAME TO thumbnails");
    this->expect_second_chance(mine, first, before);
}

// Another transaction holds the follow-up's key and waits for the video. The server ends the one
// that finds the circle: the completion, since it is the last that begins to wait.
TEST(completion_on_postgres, that_lost_a_deadlock_succeeds_at_once_when_it_is_sent_again) {
    class on_server final : public on_service<postgres_backend> {
        void TestBody() override {}
    } my;
    const auto mine = my.claimed();
    const std::string id = std::to_string(mine.job);
    const postgres_backend beside(my.place.where());
    beside.execute("SET deadlock_timeout = '1min'");
    beside.execute(
        "BEGIN; INSERT INTO thumbnails (state, rule, version, epoch, attempts, run_at, priority, "
        "key, fingerprint, created_at, changed_at, video) SELECT 'waiting', rule, 1, 0, 0, run_at, "
        "0, 'video-" +
        id + "', fingerprint, created_at, changed_at, id FROM videos");
    const std::int64_t pid = beside.number("SELECT pg_backend_pid()");
    const std::string waits = "SELECT cardinality(pg_blocking_pids(" + std::to_string(pid) + "))";
    std::future<void> update;
    my.wrong.before_statement = [&](std::string_view text) -> std::optional<sm::error> {
        if (update.valid() || text.find("INSERT INTO \"thumbnails\"") == text.npos)
            return std::nullopt;
        update = std::async(std::launch::async, [&] {
            beside.execute("UPDATE videos SET percent = 1 WHERE id = " + id);
        });
        while (my.place.number(waits) == 0) std::this_thread::sleep_for(1ms);
        return std::nullopt;
    };
    const reply lost = complete_once(my.worker, mine);
    ASSERT_TRUE(update.valid());
    update.get();
    EXPECT_EQ(told(lost), "503 try again later");
    EXPECT_NE(lost.body.dump().find("deadlock"), std::string::npos) << lost.body;
    beside.execute("ROLLBACK");
    my.wrong = {};
    EXPECT_EQ(told(complete_once(my.worker, mine)), "200 done");
    EXPECT_EQ(my.thumbnails_of(mine.job), 1);
}

}  // namespace
}  // namespace systems
