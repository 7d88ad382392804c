// Submitting: keys, batches, ids.
#include "fixture.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace conformance {
namespace {

template <class Backend>
class job_key : public on_queue<Backend> {
public:
    using submission = typename on_queue<Backend>::store_type::submission;

    auto submit_as(std::string_view key, const std::string& payload) {
        return this->store.submit({.payload = payload}, {.key = key});
    }
};
TYPED_TEST_SUITE(job_key, backends, backend_names);

TYPED_TEST(job_key, with_the_same_content_gives_the_same_job_as_it_is_now) {
    const auto first = this->submit_as("k", "p").value();
    ASSERT_TRUE(first.applied());
    EXPECT_EQ(first->version, 1);
    this->claim(queue::claim, first->id);
    const auto before = this->stored();
    const auto again = this->submit_as("k", "p").value();
    EXPECT_TRUE(again.already_applied());
    EXPECT_EQ(again->id, first->id);
    EXPECT_EQ(again->state, queue::running);
    EXPECT_EQ(again->version, 2);
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(job_key, with_other_content_is_a_conflict_and_changes_nothing) {
    this->submit_as("k", "p").value().value();
    const auto before = this->stored();
    EXPECT_EQ(told(this->submit_as("k", "q")), "rejected: key_conflict");
    EXPECT_EQ(told(this->submit_as("k", "")), "rejected: key_conflict");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(job_key, looks_at_the_identity_columns_only) {
    const auto first =
        this->store.submit({.payload = "p", .label = "a", .percent = 1}, {.key = "k"}).value();
    const auto again = this->store
                           .submit({.payload = "p", .label = "b", .percent = 2},
                                   {.key = "k", .priority = 5, .delay = 1h, .actor = "somebody"})
                           .value();
    EXPECT_TRUE(again.already_applied());
    EXPECT_EQ(again->id, first->id);
    const auto stored = this->read(first->id);
    EXPECT_EQ(stored.job.label, "a");
    EXPECT_EQ(stored.job.percent, 1);
    EXPECT_EQ(stored.priority, 0);
}

TYPED_TEST(job_key, stays_with_its_job_after_the_end) {
    const auto cancelled = this->submit_as("c", "p").value()->id;
    this->store.fire(queue::cancel, cancelled, sm::any_version).value().value();
    const auto again = this->submit_as("c", "p").value();
    EXPECT_TRUE(again.already_applied());
    EXPECT_EQ(again->id, cancelled);
    EXPECT_EQ(again->state, queue::cancelled);
    EXPECT_EQ(told(this->submit_as("c", "q")), "rejected: key_conflict");
}

TYPED_TEST(job_key, differs_by_each_byte) {
    const std::string longest(128, 'k');
    std::vector<std::int64_t> ids;
    for (const std::string& each :
         {std::string("k"), std::string("K"), std::string("k."), std::string("k-"),
          std::string("k_"), std::string("k:"), longest, longest.substr(1)}) {
        const auto made = this->submit_as(each, "p").value();
        EXPECT_TRUE(made.applied()) << each;
        ids.push_back(made->id);
        EXPECT_EQ(this->read(made->id).key, each);
    }
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TYPED_TEST(job_key, left_out_makes_a_new_job_each_time) {
    const auto a = this->submit_as("", "p").value();
    const auto b = this->submit_as("", "p").value();
    EXPECT_TRUE(a.applied() && b.applied());
    EXPECT_NE(a->id, b->id);
    EXPECT_EQ(this->read(a->id).key, std::nullopt);
}

template <class Backend>
class key_of_all_columns : public on_typed<Backend> {};
TYPED_TEST_SUITE(key_of_all_columns, backends, backend_names);

TYPED_TEST(key_of_all_columns, conflicts_when_any_of_them_differs) {
    const typed::job original{.text = "t"};
    std::vector<typed::job> others(17, original);
    others[0].flag = true;
    others[1].small = 1;
    others[2].large = 1;
    others[3].real = 1;
    others[4].text = "T";
    others[5].raw = {std::byte{0}};
    others[6].moment += 1ms;
    others[7].document.text = "{}";
    others[8].maybe_flag = false;
    others[9].maybe_small = 0;
    others[10].maybe_large = 0;
    others[11].maybe_real = 0;
    others[12].maybe_text = "";
    others[13].maybe_raw = sm::bytes{};
    others[14].maybe_moment = sm::timestamp{};
    others[15].maybe_document = sm::json{};
    others[16].text = "t ";
    const auto first = this->store.submit(original, {.key = "k"}).value();
    ASSERT_TRUE(first.applied());
    for (const auto& each : others)
        EXPECT_EQ(told(this->store.submit(each, {.key = "k"})), "rejected: key_conflict")
            << &each - others.data();
    typed::job same = original;
    same.real = -0.0;
    EXPECT_EQ(told(this->store.submit(same, {.key = "k"})), "already_applied");
}

template <class Backend>
class submit_many : public job_key<Backend> {
public:
    std::vector<std::string> told_of(
        const std::vector<typename job_key<Backend>::submission>& jobs) {
        std::vector<std::string> all;
        const auto answers = this->store.submit_many(jobs);
        for (const auto& each : answers) all.push_back(told(each));
        return all;
    }
};
TYPED_TEST_SUITE(submit_many, backends, backend_names);

TYPED_TEST(submit_many, answers_each_job_in_order) {
    std::vector<typename TestFixture::submission> jobs(50);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        jobs[i].job.payload = "p" + std::to_string(i);
        jobs[i].options = {.priority = static_cast<std::int32_t>(i), .actor = "me"};
    }
    const auto answers = this->store.submit_many(jobs);
    ASSERT_EQ(answers.size(), jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        ASSERT_EQ(told(answers[i]), "applied");
        const auto stored = this->read(answers[i].value()->id);
        EXPECT_EQ(stored.job.payload, jobs[i].job.payload);
        EXPECT_EQ(stored.priority, static_cast<int>(i));
        EXPECT_EQ(this->history(stored.id).at(0).actor, "me");
    }
    EXPECT_EQ(this->stored().log.size(), jobs.size());
    EXPECT_EQ(this->store.submit_many({}).size(), 0U);
}

TYPED_TEST(submit_many, gives_each_job_its_own_time_and_priority) {
    const auto now = this->read(this->submit()).run_at;
    const std::vector<std::array<sm::submit_options, 2>> pairs{
        {{{.priority = 1}, {.priority = 2}}},
        {{{.delay = 1h}, {.delay = 2h}}},
        {{{.run_at = now + 1h}, {.run_at = now + 2h}}},
        {{{.delay = 1h}, {.run_at = now + 2h}}},
        {{{.priority = 3, .delay = 1h}, {.priority = 3, .delay = 1h}}},
        {{{.run_at = now + 1h}, {.run_at = now + 1h}}}};
    for (const auto& pair : pairs) {
        const std::vector<typename TestFixture::submission> jobs{
            {.job = {.payload = "a"}, .options = pair[0]},
            {.job = {.payload = "b"}, .options = pair[1]}};
        const auto answers = this->store.submit_many(jobs);
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            ASSERT_EQ(told(answers[i]), "applied");
            const auto stored = this->read(answers[i].value()->id);
            const auto& wanted = jobs[i].options;
            EXPECT_EQ(stored.job.payload, jobs[i].job.payload);
            EXPECT_EQ(stored.priority, wanted.priority);
            if (wanted.run_at) {
                EXPECT_EQ(stored.run_at, wanted.run_at);
                continue;
            }
            EXPECT_EQ(std::chrono::round<std::chrono::hours>(stored.run_at - stored.created_at),
                      wanted.delay);
        }
    }
}

TYPED_TEST(submit_many, treats_one_key_twice_as_if_sent_in_turn) {
    const auto known = this->submit_as("known", "p").value()->id;
    const std::vector<std::pair<std::string, std::string_view>> contents{
        {"p", "a"},     {"p", "a"}, {"q", "a"}, {"p", "known"},
        {"q", "known"}, {"q", "b"}, {"p", {}},  {"p", {}}};
    std::vector<typename TestFixture::submission> jobs(contents.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        jobs[i].job.payload = contents[i].first;
        jobs[i].options = {.key = contents[i].second};
    }
    const auto answers = this->store.submit_many(jobs);
    std::vector<std::string> all;
    for (const auto& each : answers) all.push_back(told(each));
    EXPECT_EQ(all, (std::vector<std::string>{"applied", "already_applied", "rejected: key_conflict",
                                             "already_applied", "rejected: key_conflict", "applied",
                                             "applied", "applied"}));
    EXPECT_EQ(answers[1].value()->id, answers[0].value()->id);
    EXPECT_EQ(answers[3].value()->id, known);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM queue_jobs_log WHERE event = 'submit'"), 5);
    EXPECT_EQ(this->stored().jobs.size(), 5U);
    EXPECT_EQ(this->stored().log.size(), 5U);
}

TYPED_TEST(submit_many, finds_all_jobs_that_are_there_already) {
    std::vector<typename TestFixture::submission> jobs(30);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        jobs[i].job.payload = "p" + std::to_string(i);
        jobs[i].key = "key-" + std::to_string(i);
    }
    const auto first = this->store.submit_many(jobs);
    std::reverse(jobs.begin(), jobs.end());
    jobs[4].job.payload = "other";
    const auto again = this->store.submit_many(jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        ASSERT_EQ(told(again[i]), i == 4 ? "rejected: key_conflict" : "already_applied");
        if (i == 4) continue;
        EXPECT_EQ(again[i].value()->id, first[jobs.size() - 1 - i].value()->id);
        EXPECT_EQ(again[i].value()->state, queue::queued);
    }
    EXPECT_EQ(this->stored().jobs.size(), 30U);
    EXPECT_EQ(this->stored().log.size(), 30U);
}

TYPED_TEST(submit_many, writes_down_the_actor_of_each) {
    std::vector<typename TestFixture::submission> jobs(5);
    const char* const actors[] = {"one", "one", "two", "", "one"};
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].options.actor = actors[i];
    const auto made = this->store.submit_many(jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i)
        EXPECT_EQ(this->history(made[i].value()->id).at(0).actor.value_or(""), actors[i]);
}

TYPED_TEST(submit_many, refuses_a_bad_job_and_takes_the_others) {
    std::vector<typename TestFixture::submission> jobs(6);
    jobs[0].options = {.key = "a"};
    jobs[1].job.payload = std::string("\0", 1);
    jobs[2].options = {.key = "not a key"};
    jobs[3].options = {.key = "a"};
    jobs[4].options = {.delay = -1ms};
    EXPECT_EQ(this->told_of(jobs), (std::vector<std::string>{
                                       "applied", "error: invalid_value", "error: invalid_argument",
                                       "already_applied", "error: invalid_argument", "applied"}));
    EXPECT_EQ(this->stored().jobs.size(), 2U);
    EXPECT_EQ(this->stored().log.size(), 2U);
}

// In two statements, because of the actors: what misses there is not sent once more by itself.
TYPED_TEST(submit_many, says_why_of_a_job_that_the_table_leaves_out) {
    if constexpr (std::is_same_v<TypeParam, sqlite_backend>)
        this->place.execute(
            "CREATE TRIGGER choosy BEFORE INSERT ON queue_jobs WHEN NEW.payload = 'left out' "
            "BEGIN SELECT RAISE(IGNORE); END");
    else
        this->place.execute(
            "CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; "
            "END $$; CREATE TRIGGER choosy BEFORE INSERT ON queue_jobs FOR EACH ROW "
            "WHEN (NEW.payload = 'left out') EXECUTE FUNCTION leave_out()");
    std::vector<typename TestFixture::submission> jobs(4);
    jobs[1].job.payload = jobs[2].job.payload = "left out";
    jobs[2].key = "key";
    jobs[3].options.actor = "me";
    const auto answers = this->store.submit_many(jobs);
    for (const std::size_t i : {0U, 3U}) EXPECT_EQ(told(answers[i]), "applied");
    for (const std::size_t i : {1U, 2U}) {
        EXPECT_EQ(told(answers[i]), "retryable");
        ASSERT_NE(answers[i].value().cause(), nullptr);
        EXPECT_EQ(answers[i].value().cause()->code(), sm::errc::busy);
    }
    EXPECT_EQ(this->stored().jobs.size(), 2U);
}

template <class Backend>
class submit_many_of_every_type : public on_typed<Backend> {};
TYPED_TEST_SUITE(submit_many_of_every_type, backends, backend_names);

TYPED_TEST(submit_many_of_every_type, refuses_nan_and_takes_the_others) {
    std::vector<typename TestFixture::store_type::submission> jobs(3);
    jobs[1].job.real = std::numeric_limits<double>::quiet_NaN();
    const auto answers = this->store.submit_many(jobs);
    EXPECT_EQ(told(answers[0]), "applied");
    EXPECT_EQ(told(answers[1]), "error: invalid_value");
    EXPECT_EQ(told(answers[2]), "applied");
    EXPECT_EQ(this->stored().jobs.size(), 2U);
}

template <class Backend>
class job_id : public on_queue<Backend> {
public:
    void forget(std::int64_t id) {
        for (const char* rest : {" WHERE id = ", "_log WHERE job = ", "_tokens WHERE job = "})
            this->place.execute(std::string("DELETE FROM queue_jobs") + rest + std::to_string(id));
    }
};
TYPED_TEST_SUITE(job_id, backends, backend_names);

TYPED_TEST(job_id, is_never_given_twice_even_when_the_newest_job_is_gone) {
    std::int64_t last = 0;
    for (int i = 0; i < 5; ++i) {
        const auto made = this->submit();
        EXPECT_GT(made, last);
        last = made;
        if (i != 2) this->forget(made);
    }
    this->place.execute("DELETE FROM queue_jobs");
    EXPECT_GT(this->submit(), last);
}

TYPED_TEST(job_id, stays_unused_across_a_new_connection) {
    const auto last = this->submit();
    this->forget(last);
    auto other_database = this->place.open();
    auto other = store_on<queue::machine>(other_database);
    other.migrate().value();
    EXPECT_GT(other.submit({}).value()->id, last);
}

}  // namespace
}  // namespace conformance
