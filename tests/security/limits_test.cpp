// Each limit takes what is just within it, and refuses one more before any statement is sent.
#include "letters.hpp"
#include "recording.hpp"

namespace security {
namespace {

using std::string;

constexpr std::size_t longest_name = 128, most_in_store = 5, largest_payload = 300;
constexpr int most_of_operators = 10'000;

template <class Backend>
class limits : public ::testing::Test {
public:
    limits() {
        jobs.migrate().value();
        for (int i = 0; i < 30; ++i) jobs.submit({}).value().value();
    }

    /// The call went out to the database.
    template <class Result>
    void expect_taken(const Result& got, const char* what) {
        EXPECT_TRUE(got) << what << ": " << (got ? "" : got.error().message());
        EXPECT_GT(database.seen.count, 0U) << what;
        database.seen = {};
    }
    /// It did not, and says why.
    template <class Result>
    void expect_refused(const Result& got, const char* what) {
        EXPECT_EQ(database.seen.count, 0U) << what << ": a statement was sent";
        ASSERT_FALSE(got) << what;
        const sm::errc why = got.error().code();
        EXPECT_TRUE(why == sm::errc::invalid_argument || why == sm::errc::too_large)
            << what << ": " << to_string(why);
        database.seen = {};
    }
    /// `call` with so many is taken, and with one more refused.
    template <class Call>
    void expect_limit(std::size_t most, const char* what, Call call) {
        database.seen = {};
        expect_taken(call(most), what);
        expect_refused(call(most + 1), what);
    }
    /// The first answer of a batch.
    template <class Answers>
    static auto first(Answers answers) {
        return std::move(answers.front());
    }

    letters::run_type a_run() {
        const auto made = jobs.submit({}).value()->id;
        return *jobs.claim_by_id(letters::claim, made, {.owner = "w"}).value();
    }

    Backend place;
    typename Backend::database native = place.open();
    recording_database<typename Backend::database> database{native};
    letters::store_type jobs{database,
                             {.max_payload = largest_payload, .max_batch = most_in_store}};
};
TYPED_TEST_SUITE(limits, conformance::backends, conformance::backend_names);

string of(std::size_t size) { return string(size, 'x'); }

TYPED_TEST(limits, of_keys_and_tokens_are_checked_before_anything_is_sent) {
    const auto run = this->a_run();
    this->expect_limit(longest_name, "key", [&](auto size) {
        return this->jobs.submit({.text = "x"}, {.key = of(size)});
    });
    this->expect_limit(longest_name, "key of many", [&](auto size) {
        return this->first(this->jobs.submit_many(
            std::vector<letters::store_type::submission>{{.job = {}, .key = of(size)}}));
    });
    this->expect_limit(longest_name, "token of a control event", [&](auto size) {
        return this->jobs.fire(letters::annotate, 1, sm::any_version, {"x"}, {.token = of(size)});
    });
    this->expect_limit(longest_name, "token to resolve",
                       [&](auto size) { return this->jobs.resolve(2, of(size)); });
    this->expect_limit(longest_name, "token of many", [&](auto size) {
        return this->first(this->jobs.template fire_many<letters::remark>(
            letters::send,
            std::vector<letters::store_type::step<letters::remark>>{{run, {"x"}, of(size)}}));
    });
    const auto other = this->a_run();
    this->expect_limit(longest_name, "token of a step", [&](auto size) {
        return this->jobs.fire(letters::send, other, {"x"}, of(size));
    });
}

TYPED_TEST(limits, of_owners_actors_and_groups_are_checked_before_anything_is_sent) {
    this->expect_limit(longest_name, "owner", [&](auto size) {
        return this->jobs.claim(letters::claim, {.owner = of(size)});
    });
    this->expect_limit(longest_name, "owner of one", [&](auto size) {
        return this->jobs.claim_by_id(letters::claim, 9, {.owner = of(size)});
    });
    this->expect_limit(longest_name, "actor of a submit",
                       [&](auto size) { return this->jobs.submit({}, {.actor = of(size)}); });
    this->expect_limit(longest_name, "actor of a control event", [&](auto size) {
        return this->jobs.fire(letters::annotate, 3, sm::any_version, {"x"}, {.actor = of(size)});
    });
    this->expect_limit(longest_name, "actor of a sweep", [&](auto size) {
        return this->jobs.sweep({.limit = 5, .actor = of(size)});
    });
    this->expect_limit(longest_name, "actor of a sweeper", [&](auto size) {
        sm::sweeper<letters::machine> sweeper{this->database, {.actor = of(size)}};
        return sweeper.sweep_once();
    });
    this->expect_limit(longest_name, "group that joins", [&](auto size) {
        sm::relay<letters::machine> relay{this->database, {.group = of(size)}, [](const auto&) {
                                              return sm::result<void>(sm::success());
                                          }};
        return relay.join();
    });
    this->expect_limit(longest_name, "group of parked events", [&](auto size) {
        return sm::outbox<letters::machine>{this->database}.parked(of(size));
    });
}

TYPED_TEST(limits, of_payloads_are_checked_before_anything_is_sent) {
    const auto run = this->a_run(), other = this->a_run(), third = this->a_run();
    this->expect_limit(largest_payload, "submit",
                       [&](auto size) { return this->jobs.submit({.text = of(size)}); });
    this->expect_limit(largest_payload, "submit of all kinds", [&](auto size) {
        return this->jobs.submit({.text = of(100),
                                  .raw = sm::bytes(100),
                                  .document = sm::json{of(50)},
                                  .note = of(size - 250)});
    });
    this->expect_limit(largest_payload, "renewal", [&](auto size) {
        return this->jobs.renew(letters::progress, run, {of(size)});
    });
    this->expect_limit(largest_payload, "control event", [&](auto size) {
        return this->jobs.fire(letters::annotate, 4, sm::any_version, {of(size)});
    });
    this->expect_limit(largest_payload, "step, with its reason",
                       [&](auto size) { return this->jobs.fire(letters::fail, run, {of(size)}); });
    this->expect_limit(largest_payload, "step with a token", [&](auto size) {
        return this->jobs.fire(letters::fail, other, {of(size)}, "token");
    });
    this->expect_limit(largest_payload, "one of many steps", [&](auto size) {
        return this->first(this->jobs.template fire_many<letters::remark>(
            letters::send,
            std::vector<letters::store_type::step<letters::remark>>{{third, {of(size)}}}));
    });
    this->expect_limit(largest_payload, "one of many jobs", [&](auto size) {
        return this->first(this->jobs.submit_many(
            std::vector<letters::store_type::submission>{{.job = {.text = of(size)}}}));
    });
}

TYPED_TEST(limits, of_batches_are_checked_before_anything_is_sent) {
    const auto run = this->a_run();
    this->expect_limit(most_in_store, "jobs", [&](auto size) {
        return this->first(
            this->jobs.submit_many(std::vector<letters::store_type::submission>(size)));
    });
    this->expect_limit(most_in_store, "claims", [&](auto size) {
        return this->jobs.claim_many(letters::claim, size, {.owner = "w"});
    });
    this->expect_limit(most_in_store, "renewals", [&](auto size) {
        return this->jobs.renew_many(std::vector<letters::run_type>(size, run));
    });
    this->expect_limit(most_in_store, "steps", [&](auto size) {
        return this->first(this->jobs.template fire_many<letters::remark>(
            letters::send,
            std::vector<letters::store_type::step<letters::remark>>(size, {run, {"x"}})));
    });
    this->expect_limit(most_in_store, "rows of a sweep", [&](auto size) {
        return this->jobs.sweep({.limit = static_cast<std::int64_t>(size)});
    });
    this->expect_limit(most_in_store, "rows of a list", [&](auto size) {
        return this->jobs.list(letters::waiting, {.limit = static_cast<std::int64_t>(size)});
    });
    this->expect_limit(most_in_store, "lines of a history", [&](auto size) {
        return this->jobs.history(1, {.limit = static_cast<std::int64_t>(size)});
    });
}

TYPED_TEST(limits, of_sweepers_relays_and_operators_are_checked_before_anything_is_sent) {
    this->expect_limit(most_of_operators, "batch of a sweeper", [&](auto size) {
        sm::sweeper<letters::machine> sweeper{this->database, {.batch = size}};
        return sweeper.sweep_once();
    });
    const auto with = [&](const sm::relay_options& how) {
        sm::relay<letters::machine> relay{
            this->database, how, [](const auto&) { return sm::result<void>(sm::success()); }};
        return relay.deliver_some();
    };
    this->expect_limit(1000, "batch of a relay",
                       [&](auto size) { return with({.group = "g", .batch = size}); });
    this->expect_limit(1000, "tries of a relay", [&](auto size) {
        return with({.group = "g", .tries = static_cast<int>(size)});
    });
    this->expect_limit(256, "threads of a relay", [&](auto size) {
        return with({.group = "g", .threads = static_cast<int>(size)});
    });
    sm::outbox<letters::machine> outbox{this->database};
    this->expect_limit(most_of_operators, "parked events", [&](auto size) {
        return outbox.parked("g", static_cast<std::int64_t>(size));
    });
    this->expect_limit(most_of_operators, "events to prune",
                       [&](auto size) { return outbox.prune(static_cast<std::int64_t>(size)); });
    this->expect_limit(most_of_operators, "reasons of an overview", [&](auto size) {
        return sm::overview_of<letters::machine>(this->database, static_cast<std::int64_t>(size));
    });
}

}  // namespace
}  // namespace security
