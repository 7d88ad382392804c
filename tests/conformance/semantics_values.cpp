// What columns hold, and what effects write to them.
#include "fixture.hpp"

#include <cmath>
#include <limits>

namespace conformance {
namespace {

constexpr auto year_1 = sm::timestamp{std::chrono::milliseconds{-62'135'596'800'000}};
constexpr auto end_of_9999 = sm::timestamp{std::chrono::milliseconds{253'402'300'799'999}};
constexpr double infinity = std::numeric_limits<double>::infinity();
template <class Type>
constexpr Type lowest = std::numeric_limits<Type>::lowest();
template <class Type>
constexpr Type highest = std::numeric_limits<Type>::max();

sm::bytes raw_of(std::string_view text) {
    sm::bytes made;
    for (const char c : text) made.push_back(static_cast<std::byte>(c));
    return made;
}

// Mandatory and optional columns alike.
typed::job both(bool flag, std::int32_t small, std::int64_t large, double real,
                const std::string& text, const sm::bytes& raw, sm::timestamp moment,
                const std::string& document) {
    return {flag, small, large, real, text, raw, moment, {document},
            flag, small, large, real, text, raw, moment, sm::json{document}};
}

std::vector<typed::job> extremes() {
    std::string every_byte;
    for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
    std::vector<typed::job> all;
    all.push_back({});
    all.push_back(both(false, 0, 0, 0, "", {}, sm::timestamp{}, ""));
    all.push_back(both(true, lowest<std::int32_t>, lowest<std::int64_t>, lowest<double>,
                       "quote ' double \" back \\ slash \\n per % cent", raw_of(every_byte), year_1,
                       "{ \"a\" : [1, 2] ,\t\"b\": null }"));
    all.push_back(both(true, highest<std::int32_t>, highest<std::int64_t>, highest<double>,
                       "\xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \xe2\x82\xac \xc3\xa9 e\xcc\x81",
                       raw_of({"\0\0", 2}), end_of_9999, "\"\xf0\x9f\x98\x80\""));
    all.push_back(both(false, -1, -1, infinity, "\x01\x7f\r\n\t ", raw_of({"\0", 1}), year_1 + 1ms,
                       "no json at all"));
    all.push_back(both(true, 1, std::int64_t{1} << 53U, -infinity, "null", raw_of("\\x00"),
                       sm::timestamp{-1ms}, "null"));
    all.push_back(both(true, 1, (std::int64_t{1} << 53U) + 1, 5e-324, "NULL", raw_of("null"),
                       sm::timestamp{1ms}, "0"));
    all.push_back(both(true, 1, 1, 0.1, std::string(100'000, 'x'), sm::bytes(100'000),
                       sm::timestamp{1'700'000'000'123ms}, "[]"));
    all.push_back(both(true, 1, 1, 1.0 / 3.0, "{1,2}", raw_of("{}"), sm::timestamp{999ms}, "{}"));
    return all;
}

typed::contents contents_of(const typed::job& job) {
    return {job.flag,       job.small,       job.large,        job.real,
            job.text,       job.raw,         job.moment,       job.document,
            job.maybe_flag, job.maybe_small, job.maybe_large,  job.maybe_real,
            job.maybe_text, job.maybe_raw,   job.maybe_moment, job.maybe_document};
}

template <class Backend>
class column_of_every_type : public on_typed<Backend> {};
TYPED_TEST_SUITE(column_of_every_type, backends, backend_names);

TYPED_TEST(column_of_every_type, comes_back_from_submit_claim_read_and_list_as_it_was) {
    std::vector<typed::job> wanted = extremes();
    for (const auto& each : wanted) {
        const auto id = this->submit(each);
        EXPECT_TRUE(this->claim(typed::claim, id).job == each) << id;
        EXPECT_TRUE(this->read(id).job == each) << id;
    }
    const auto listed = this->store.list(typed::running).value();
    ASSERT_EQ(listed.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(listed[i].job == wanted[i]) << i;
}

TYPED_TEST(column_of_every_type, comes_back_from_a_claim_of_many_as_it_was) {
    const std::vector<typed::job> wanted = extremes();
    for (const auto& each : wanted) this->submit(each);
    const auto runs = this->store.claim_many(typed::claim, 100, {.owner = "w"}).value();
    ASSERT_EQ(runs->size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(runs->at(i).job == wanted[i]) << i;
}

TYPED_TEST(column_of_every_type, takes_each_value_from_an_effect) {
    const std::vector<typed::job> wanted = extremes();
    const auto id = this->submit();
    const auto run = this->claim(typed::claim, id);
    for (const auto& each : wanted)
        for (const std::string& token : {std::string(), "t" + std::to_string(&each - &wanted[0])}) {
            ASSERT_EQ(told(this->store.fire(typed::put, run, contents_of(each), token)), "applied");
            EXPECT_TRUE(this->read(id).job == each) << &each - &wanted[0];
            ASSERT_EQ(told(this->store.fire(typed::put, run, {})), "applied");
        }
}

TYPED_TEST(column_of_every_type, takes_each_value_from_a_batch_of_jobs_and_of_steps) {
    const std::vector<typed::job> wanted = extremes();
    std::vector<typename TestFixture::store_type::submission> jobs(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) jobs[i].job = wanted[i];
    const auto made = this->store.submit_many(jobs);
    using step = typename TestFixture::store_type::template step<typed::contents>;
    std::vector<step> steps;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto run = this->claim(typed::claim, made[i].value()->id);
        EXPECT_TRUE(run.job == wanted[i]) << i;
        steps.push_back({run, contents_of(wanted[wanted.size() - 1 - i])});
    }
    for (const auto& each : this->store.template fire_many<typed::contents>(typed::put, steps))
        ASSERT_EQ(told(each), "applied");
    for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_TRUE(this->read(steps[i].run.id).job == wanted[wanted.size() - 1 - i]) << i;
    EXPECT_EQ(this->transactions_of("submit"), 1);
    EXPECT_EQ(this->transactions_of("put"), 1);
}

TYPED_TEST(column_of_every_type, keeps_the_sign_of_no_zero) {
    const auto id = this->submit({.real = -0.0, .maybe_real = -0.0});
    const auto job = this->read(id).job;
    EXPECT_FALSE(std::signbit(job.real));
    EXPECT_FALSE(std::signbit(*job.maybe_real));
}

template <class Backend>
class effect : public on_typed<Backend> {
public:
    using run_type = typename on_typed<Backend>::run_type;

    run_type running(const typed::job& job = {}) {
        return this->claim(typed::claim, this->submit(job));
    }
    std::string grow(const run_type& run, const typed::growth& by) {
        return told(this->store.fire(typed::grow, run, by));
    }
    void expect_refused(const typed::job& job, const typed::growth& by) {
        const auto run = running(job);
        const auto before = this->stored();
        EXPECT_EQ(grow(run, by), "error: invalid_value");
        EXPECT_EQ(told(this->store.fire(typed::grow, run, by, "token")), "error: invalid_value");
        EXPECT_EQ(this->stored(), before);
    }
};
TYPED_TEST_SUITE(effect, backends, backend_names);

TYPED_TEST(effect, adds_to_every_integer_and_counts_empty_as_0) {
    const auto run = this->running({.small = 5, .large = -5, .maybe_small = 1});
    EXPECT_EQ(this->grow(run, {2, -2, 3, 4}), "applied");
    auto job = this->read(run.id).job;
    EXPECT_EQ(job.small, 7);
    EXPECT_EQ(job.large, -7);
    EXPECT_EQ(job.maybe_small, 4);
    EXPECT_EQ(job.maybe_large, 4);
    EXPECT_EQ(this->grow(run, {0, 0, {}, {}}), "applied");
    EXPECT_TRUE(this->read(run.id).job == job);
}

TYPED_TEST(effect, adds_up_to_the_limits_of_a_column) {
    const auto run = this->running({.small = highest<std::int32_t> - 1,
                                    .large = highest<std::int64_t> - 1,
                                    .maybe_small = lowest<std::int32_t> + 1,
                                    .maybe_large = lowest<std::int64_t> + 1});
    EXPECT_EQ(this->grow(run, {1, 1, -1, -1}), "applied");
    const auto job = this->read(run.id).job;
    EXPECT_EQ(job.small, highest<std::int32_t>);
    EXPECT_EQ(job.large, highest<std::int64_t>);
    EXPECT_EQ(job.maybe_small, lowest<std::int32_t>);
    EXPECT_EQ(job.maybe_large, lowest<std::int64_t>);
}

TYPED_TEST(effect, of_a_32_bit_sum_out_of_range_is_refused_and_changes_nothing) {
    this->expect_refused({.small = highest<std::int32_t>}, {1, 0, {}, {}});
    this->expect_refused({.small = lowest<std::int32_t>}, {-1, 0, {}, {}});
    this->expect_refused({.maybe_small = highest<std::int32_t>}, {0, 0, 1, {}});
    this->expect_refused({.maybe_small = highest<std::int32_t>}, {0, 0, highest<std::int32_t>, {}});
}

TYPED_TEST(effect, of_a_64_bit_sum_out_of_range_is_refused_and_changes_nothing) {
    this->expect_refused({.large = highest<std::int64_t>}, {0, 1, {}, {}});
    this->expect_refused({.large = lowest<std::int64_t>}, {0, -1, {}, {}});
    this->expect_refused({.large = highest<std::int64_t>}, {0, highest<std::int64_t>, {}, {}});
    this->expect_refused({.maybe_large = lowest<std::int64_t>}, {0, 0, {}, lowest<std::int64_t>});
}

TYPED_TEST(effect, empties_columns) {
    auto full = extremes()[2];
    const auto run = this->running(full);
    ASSERT_EQ(told(this->store.fire(typed::empty, run)), "applied");
    full.maybe_flag.reset();
    full.maybe_small.reset();
    full.maybe_large.reset();
    full.maybe_real.reset();
    full.maybe_text.reset();
    full.maybe_raw.reset();
    full.maybe_moment.reset();
    full.maybe_document.reset();
    EXPECT_TRUE(this->read(run.id).job == full);
}

TYPED_TEST(effect, copies_columns_and_widens_integers) {
    const auto run = this->running({.small = lowest<std::int32_t>, .text = "t"});
    ASSERT_EQ(told(this->store.fire(typed::copy, run)), "applied");
    const auto job = this->read(run.id).job;
    EXPECT_EQ(job.large, lowest<std::int32_t>);
    EXPECT_EQ(job.maybe_text, "t");
    EXPECT_EQ(job.maybe_raw, std::nullopt);
}

TYPED_TEST(effect, writes_constants_of_the_declaration) {
    const auto run = this->running({.large = 8});
    ASSERT_EQ(told(this->store.fire(typed::settle, run)), "applied");
    const auto job = this->read(run.id).job;
    EXPECT_EQ(job.flag, true);
    EXPECT_EQ(job.small, -7);
    EXPECT_EQ(job.large, 7);
    EXPECT_EQ(job.real, 2.5);
    EXPECT_EQ(job.text, "settled");
    EXPECT_EQ(job.maybe_large, 1'234'567'890'123);
}

TYPED_TEST(effect, stamps_the_moment_of_the_change) {
    const auto run = this->running();
    const auto change = *this->store.fire(typed::stamp, run).value();
    const auto job = this->read(run.id).job;
    for (const auto stamped : {job.moment, job.maybe_moment.value()}) {
        EXPECT_GE(stamped, change.at - 1s);
        EXPECT_LE(stamped, change.at + 1s);
    }
}

template <class Backend>
class column_set_once : public on_queue<Backend> {};
TYPED_TEST_SUITE(column_set_once, backends, backend_names);

TYPED_TEST(column_set_once, keeps_its_first_value_through_replays_and_further_legs) {
    const auto id = this->submit();
    const auto run = this->claim(queue::claim, id);
    ASSERT_EQ(told(this->store.fire(queue::complete, run, {"first"}, "t")), "applied");
    EXPECT_EQ(this->read(id).job.result, "first");
    EXPECT_EQ(this->read(id).job.finished, std::nullopt);
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"first"}, "t")), "already_applied");
    EXPECT_EQ(told(this->store.fire(queue::complete, run, {"other"}, "t")),
              "rejected: token_reused");
    const auto second = this->claim(queue::refine, id);
    EXPECT_EQ(second.job.result, "first");
    const auto done = *this->store.fire(queue::complete, second, {"second"}).value();
    const auto now = this->read(id);
    EXPECT_EQ(now.job.result, "first");
    ASSERT_TRUE(now.job.finished);
    EXPECT_LE(*now.job.finished, done.at + 1s);
    EXPECT_GE(*now.job.finished, done.at - 1s);
}

TYPED_TEST(column_set_once, keeps_an_empty_text_for_a_value) {
    const auto id = this->submit();
    this->store.fire(queue::complete, this->claim(queue::claim, id), {""}).value().value();
    this->store.fire(queue::complete, this->claim(queue::refine, id), {"later"}).value().value();
    EXPECT_EQ(this->read(id).job.result, "");
}

TYPED_TEST(column_set_once, keeps_what_it_was_submitted_with) {
    const auto id = this->submit({.result = "given"});
    this->store.fire(queue::complete, this->claim(queue::claim, id), {"made"}).value().value();
    EXPECT_EQ(this->read(id).job.result, "given");
}

TYPED_TEST(column_set_once, keeps_other_columns_free_to_change) {
    const auto id = this->submit({.label = "a"});
    const auto annotate = [&](const std::optional<std::string>& label) {
        this->store.fire(queue::annotate, id, sm::any_version, {label}).value().value();
        return this->read(id).job.label;
    };
    EXPECT_EQ(annotate("b"), "b");
    EXPECT_EQ(annotate(std::nullopt), std::nullopt);
    EXPECT_EQ(annotate(""), "");
}

template <class Backend>
class error_of_a_job : public on_queue<Backend> {};
TYPED_TEST_SUITE(error_of_a_job, backends, backend_names);

TYPED_TEST(error_of_a_job, is_what_the_last_failure_said_until_it_is_cleared) {
    const auto id = this->submit();
    EXPECT_EQ(this->read(id).error, std::nullopt);
    const std::string odd = "quote ' \xf0\x9f\x98\x80\n";
    this->store.fire(queue::fail, this->claim(queue::claim, id), {odd, false}).value().value();
    EXPECT_EQ(this->read(id).error, odd);
    this->pass_time(id, 1min);
    const auto run = this->claim(queue::claim, id);
    EXPECT_EQ(this->read(id).error, odd);
    this->store.fire(queue::fail, run, {"last", true}).value().value();
    EXPECT_EQ(this->read(id).error, "last");
    this->store.fire(queue::requeue, id, sm::any_version).value().value();
    EXPECT_EQ(this->read(id).error, std::nullopt);
}

}  // namespace
}  // namespace conformance
