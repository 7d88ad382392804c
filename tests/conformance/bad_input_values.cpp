// Calls that are wrong: each gets its code and a sentence, and nothing is stored.
#include "fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <limits>

namespace conformance {
namespace {

using namespace std::string_literals;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr auto before_year_1 = sm::timestamp{std::chrono::milliseconds{-62'135'596'800'001}};
constexpr auto year_10000 = sm::timestamp{std::chrono::milliseconds{253'402'300'800'000}};

struct bad_text {
    const char* name;
    std::string bytes;
};

const std::vector<bad_text>& bad_texts() {
    static const std::vector<bad_text> all{
        {"NUL alone", "\0"s},
        {"NUL inside", "a\0b"s},
        {"lone continuation", "\x80"},
        {"overlong of 2 bytes", "\xc0\xaf"},
        {"overlong NUL", "\xc0\x80"},
        {"overlong of 3 bytes", "\xe0\x80\xaf"},
        {"overlong of 4 bytes", "\xf0\x80\x80\xaf"},
        {"high surrogate", "\xed\xa0\x80"},
        {"low surrogate", "\xed\xbf\xbf"},
        {"truncated 2 of 2", "\xc3"},
        {"truncated 3 of 3", "\xe2\x82"},
        {"truncated 4 of 4", "\xf0\x9f\x98"},
        {"truncated in front of a letter", "\xe2\x82z"},
        {"above U+10FFFF", "\xf4\x90\x80\x80"},
        {"5 bytes", "\xf8\x88\x80\x80\x80"},
        {"Latin-1", "caf\xe9"},
        {"0xFF", "\xff"},
    };
    return all;
}

// The library itself refused, in a sentence that names what was wrong.
template <class Result>
void expect_error(const Result& got, sm::errc code, std::string_view names) {
    ASSERT_FALSE(got) << told(got) << ", not an error, about " << names;
    EXPECT_EQ(to_string(got.error().code()), to_string(code));
    EXPECT_NE(got.error().message().find(names), std::string::npos) << got.error().message();
    EXPECT_GT(got.error().message().size(), 20U);
    EXPECT_EQ(got.error().native(), "");
    EXPECT_EQ(got.error().what_is_known(), sm::fate::not_applied);
}

template <class Backend>
class bad_value : public on_typed<Backend> {
public:
    // As a column of a new job, with and without a key, and in a batch of one and of two.
    void expect_refused(const typed::job& job, std::string_view column) {
        const auto before = this->stored();
        expect_error(this->store.submit(job), sm::errc::invalid_value, column);
        expect_error(this->store.submit(job, {.key = "k"}), sm::errc::invalid_value, column);
        const std::vector<typename on_typed<Backend>::store_type::submission> many{{job}, {job}};
        const auto answers = this->store.submit_many(many);
        for (const auto& each : answers) expect_error(each, sm::errc::invalid_value, column);
        EXPECT_EQ(this->stored(), before);
    }
    // As an input of an event, with and without a token.
    void expect_refused(const typed::contents& inputs, std::string_view input) {
        if (run_.id == 0) run_ = this->claim(typed::claim, this->submit());
        const auto before = this->stored();
        expect_error(this->store.fire(typed::put, run_, inputs), sm::errc::invalid_value, input);
        expect_error(this->store.fire(typed::put, run_, inputs, "t"), sm::errc::invalid_value,
                     input);
        EXPECT_EQ(this->stored(), before);
    }

private:
    typename on_typed<Backend>::run_type run_;
};
TYPED_TEST_SUITE(bad_value, backends, backend_names);

TYPED_TEST(bad_value, nan_is_refused_in_columns_and_inputs) {
    for (const double each : {nan, -nan, std::numeric_limits<double>::signaling_NaN()}) {
        this->expect_refused(typed::job{.real = each}, "real");
        this->expect_refused(typed::job{.maybe_real = each}, "maybe_real");
        this->expect_refused(typed::contents{.real = each}, "real");
        this->expect_refused(typed::contents{.maybe_real = each}, "maybe_real");
    }
}

TYPED_TEST(bad_value, text_that_is_no_utf8_or_holds_nul_is_refused_in_columns_and_inputs) {
    for (const auto& [name, bytes] : bad_texts()) {
        SCOPED_TRACE(name);
        this->expect_refused(typed::job{.text = bytes}, "text");
        this->expect_refused(typed::job{.text = "good \xc3\xa9 " + bytes}, "text");
        this->expect_refused(typed::job{.maybe_text = bytes}, "maybe_text");
        this->expect_refused(typed::job{.document = {bytes}}, "document");
        this->expect_refused(typed::contents{.text = bytes + "good"}, "text");
        this->expect_refused(typed::contents{.maybe_text = bytes}, "maybe_text");
        this->expect_refused(typed::contents{.maybe_document = sm::json{bytes}}, "maybe_document");
    }
}

TYPED_TEST(bad_value, time_outside_of_the_years_1_to_9999_is_refused) {
    for (const auto each :
         {before_year_1, year_10000, sm::timestamp::min(), sm::timestamp::max()}) {
        this->expect_refused(typed::job{.moment = each}, "moment");
        this->expect_refused(typed::job{.maybe_moment = each}, "maybe_moment");
        this->expect_refused(typed::contents{.moment = each}, "moment");
    }
}

TYPED_TEST(bad_value, payload_above_the_limit_is_refused_and_at_the_limit_taken) {
    auto limited = store_on<typed::machine>(this->database, {.max_payload = 64});
    const typed::job full{.text = std::string(32, 'x'), .maybe_raw = sm::bytes(32)};
    const auto id = limited.submit(full).value()->id;
    const auto run = this->claim(typed::claim, id);
    const auto before = this->stored();
    typed::job above = full;
    above.document.text = "0";
    expect_error(limited.submit(above), sm::errc::too_large, "65");
    expect_error(limited.fire(typed::put, run, {.text = std::string(65, 'x')}), sm::errc::too_large,
                 "65");
    expect_error(limited.fire(typed::put, run, {.text = std::string(65, 'x')}, "t"),
                 sm::errc::too_large, "64");
    EXPECT_EQ(this->stored(), before);
}

template <class Backend>
class bad_name : public on_queue<Backend> {};
TYPED_TEST_SUITE(bad_name, backends, backend_names);

TYPED_TEST(bad_name, of_an_owner_is_refused) {
    const auto id = this->submit();
    std::vector<std::string> owners{"", std::string(129, 'x')};
    for (const auto& each : bad_texts()) owners.push_back(each.bytes);
    const auto before = this->stored();
    const auto code = sm::errc::invalid_argument;
    for (const auto& each : owners) {
        expect_error(this->store.claim(queue::claim, {.owner = each}), code, "owner");
        expect_error(this->store.claim_many(queue::claim, 2, {.owner = each}), code, "owner");
        expect_error(this->store.claim_by_id(queue::claim, id, {.owner = each}), code, "owner");
    }
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(this->claim(queue::claim, id, std::string(128, 'x')).owner, std::string(128, 'x'));
}

TYPED_TEST(bad_name, of_an_actor_is_refused) {
    const auto id = this->submit();
    std::vector<std::string> actors{std::string(129, 'x')};
    for (const auto& each : bad_texts()) actors.push_back(each.bytes);
    const auto before = this->stored();
    const auto code = sm::errc::invalid_argument;
    for (const auto& each : actors) {
        expect_error(this->store.submit({}, {.actor = each}), code, "actor");
        expect_error(this->store.fire(queue::cancel, id, sm::any_version, {.actor = each}), code,
                     "actor");
        expect_error(
            this->store.fire(queue::cancel, id, sm::version{1}, {.token = "t", .actor = each}),
            code, "actor");
        expect_error(this->store.sweep({.actor = each}), code, "actor");
    }
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(bad_name, of_a_key_or_token_is_refused_and_never_repeated) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto before = this->stored();
    const auto code = sm::errc::invalid_argument;
    for (const std::string& each :
         {"se cret"s, "secret/1"s, "secret'"s, "secret\""s, "secr\xc3\xa9t"s, "secret\n"s,
          "\0secret"s, "secret\0"s, std::string(129, 's'), " "s, "secret;--"s}) {
        expect_error(this->store.submit({}, {.key = each}), code, "key");
        expect_error(this->store.fire(queue::complete, run, {"x"}, each), code, "token");
        expect_error(this->store.fire(queue::cancel, id, sm::any_version, {.token = each}), code,
                     "token");
        const auto refused = this->store.fire(queue::release, run, each);
        ASSERT_FALSE(refused);
        if (each != " ") {
            EXPECT_EQ(refused.error().message().find(each), std::string::npos) << each;
        }
    }
    EXPECT_EQ(this->stored(), before);
}

template <class Backend>
class bad_limit : public on_queue<Backend> {};
TYPED_TEST_SUITE(bad_limit, backends, backend_names);

TYPED_TEST(bad_limit, of_none_is_refused) {
    const auto code = sm::errc::invalid_argument;
    const auto id = this->submit();
    const auto before = this->stored();
    expect_error(this->store.claim_many(queue::claim, 0, {.owner = "w"}), code, "1");
    for (const std::int64_t each :
         {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
        expect_error(this->store.sweep({.limit = each}), code, "1");
        expect_error(this->store.list(queue::queued, {.limit = each}), code, "1");
        expect_error(this->store.history(id, {.limit = each}), code, "1");
    }
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(bad_limit, above_the_stores_own_is_refused_as_a_whole) {
    auto limited = store_on<queue::machine>(this->database, {.max_batch = 3});
    using submission = typename TestFixture::store_type::submission;
    const auto taken = limited.submit_many(std::vector<submission>(3));
    for (const auto& each : taken) EXPECT_EQ(told(each), "applied");
    const auto run = this->claim(queue::claim, taken[0].value()->id);
    const std::vector runs(4, run);
    const auto before = this->stored();
    const auto refused = limited.submit_many(std::vector<submission>(4));
    ASSERT_EQ(refused.size(), 4U);
    for (const auto& each : refused) expect_error(each, sm::errc::too_large, "3");
    expect_error(limited.renew_many(runs), sm::errc::too_large, "3");
    expect_error(limited.claim_many(queue::claim, 4, {.owner = "w"}), sm::errc::too_large, "3");
    expect_error(limited.sweep({.limit = 4}), sm::errc::invalid_argument, "3");
    expect_error(limited.list(queue::queued, {.limit = 4}), sm::errc::invalid_argument, "3");
    expect_error(limited.history(run.id, {.limit = 4}), sm::errc::invalid_argument, "3");
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(told(limited.list(queue::queued, {.limit = 3})), "success");
}

TYPED_TEST(bad_limit, of_a_delay_or_start_is_refused) {
    const auto before = this->stored();
    expect_error(this->store.submit({}, {.delay = -1ms}), sm::errc::invalid_argument, "delay");
    expect_error(this->store.submit({}, {.delay = std::chrono::milliseconds::max()}),
                 sm::errc::invalid_argument, "delay");
    expect_error(this->store.submit({}, {.delay = std::chrono::milliseconds::min()}),
                 sm::errc::invalid_argument, "delay");
    for (const auto each : {before_year_1, year_10000, sm::timestamp::max()})
        expect_error(this->store.submit({}, {.run_at = each}), sm::errc::invalid_value, "run_at");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(bad_limit, of_an_undeclared_state_is_refused) {
    expect_error(this->store.list(static_cast<queue::state>(99)), sm::errc::invalid_argument,
                 "state");
}

struct stranger {
    int number;
};

template <class Backend>
class bad_event : public on_queue<Backend> {};
TYPED_TEST_SUITE(bad_event, backends, backend_names);

TYPED_TEST(bad_event, of_another_kind_is_refused_with_the_call_that_takes_it) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto before = this->stored();
    const auto code = sm::errc::invalid_argument;
    for (const auto& event : {queue::cancel, queue::release}) {
        expect_error(this->store.claim(event, {.owner = "w"}), code, event.name);
        expect_error(this->store.claim_many(event, 2, {.owner = "w"}), code, "fire");
        expect_error(this->store.claim_by_id(event, id, {.owner = "w"}), code, "fire");
    }
    expect_error(this->store.fire(queue::cancel, run), code, "sm::any_version");
    expect_error(this->store.fire(queue::claim, run), code, "claim_by_id");
    expect_error(this->store.fire(queue::progress, run, {1}), code, "renew");
    expect_error(this->store.fire(queue::release, id, sm::any_version), code, "lease");
    expect_error(this->store.fire(queue::release, id, sm::version{2}), code, "lease");
    expect_error(this->store.fire(queue::claim, id, sm::any_version), code, "claim_by_id");
    expect_error(this->store.fire(queue::progress, id, sm::any_version, {1}), code, "renew");
    expect_error(this->store.renew(queue::complete, run, {"x"}), code, "fire");
    expect_error(this->store.renew(queue::annotate, run, {"x"}), code, "fire");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(bad_event, of_another_machine_is_refused) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto before = this->stored();
    const auto code = sm::errc::invalid_argument;
    constexpr sm::event<> unknown{"unknown"};
    constexpr sm::event<stranger> unknown_too{"unknown"};
    expect_error(this->store.claim(unknown, {.owner = "w"}), code, "unknown");
    expect_error(this->store.claim_by_id(gate::enter, id, {.owner = "w"}), code, "enter");
    expect_error(this->store.fire(unknown, run), code, "unknown");
    expect_error(this->store.fire(unknown_too, run, {1}, "t"), code, "unknown");
    expect_error(this->store.fire(unknown, id, sm::any_version), code, "unknown");
    expect_error(this->store.renew(unknown_too, run, {1}), code, "unknown");
    EXPECT_EQ(this->stored(), before);
}

TYPED_TEST(bad_event, of_a_known_name_with_other_inputs_is_refused) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto before = this->stored();
    const auto code = sm::errc::invalid_argument;
    constexpr sm::event<stranger> complete{"complete"}, cancel{"cancel"}, progress{"progress"};
    constexpr sm::event<> bare{"complete"};
    expect_error(this->store.fire(complete, run, {1}), code, "complete");
    expect_error(this->store.fire(bare, run), code, "complete");
    expect_error(this->store.fire(cancel, id, sm::any_version, {1}), code, "cancel");
    expect_error(this->store.renew(progress, run, {1}), code, "progress");
    EXPECT_EQ(this->stored(), before);
}

template <class Backend>
class handle_of_the_parent : public on_queue<Backend> {};
TYPED_TEST_SUITE(handle_of_the_parent, backends, backend_names);

TYPED_TEST(handle_of_the_parent, is_refused_in_the_child_and_goes_on_working_in_the_parent) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    const auto before = this->stored();
    const pid_t child = fork();
    if (child == 0) {
        const std::string wanted = "error: used_after_fork";
        const bool refused =
            told(this->store.submit({})) == wanted &&
            told(this->store.claim(queue::claim, {.owner = "w"})) == wanted &&
            told(this->store.fire(queue::complete, run, {"x"})) == wanted &&
            told(this->store.fire(queue::cancel, id, sm::any_version)) == wanted &&
            told(this->store.renew(run)) == wanted && told(this->store.sweep()) == wanted &&
            told(this->store.read(id)) == wanted && told(this->store.migrate()) == wanted;
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"x"})), "applied");
    EXPECT_EQ(this->read(id).state, queue::worked);
}

}  // namespace
}  // namespace conformance
