#include "postgres_fixture.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace {

using namespace postgres_test;

constexpr column_type every_type[] = {column_type::boolean, column_type::int32, column_type::int64,
                                      column_type::real,    column_type::text,  column_type::bytes,
                                      column_type::time,    column_type::json};

constexpr statement echo{.text = "SELECT $1 AND true, $2::integer, $3 + 0, $4 * 1, $5, $6, $7, $8",
                         .results = every_type};

void expect_same(const value& came, const value& went) {
    ASSERT_EQ(came.type(), went.type());
    ASSERT_EQ(came.is_null(), went.is_null());
    EXPECT_EQ(came.integer(), went.integer());
    EXPECT_EQ(came.real(), went.real());
    EXPECT_EQ(came.text(), went.text());
}

void expect_echo(sm::postgres::database& db, std::span<const value> sent) {
    std::size_t rows = 0;
    const auto done = run(
        db, echo, sent,
        [&](std::span<const value> row) {
            ++rows;
            ASSERT_EQ(row.size(), sent.size());
            for (std::size_t at = 0; at < sent.size(); ++at) expect_same(row[at], sent[at]);
        },
        access::read);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(rows, 1U);
}

std::vector<value> row_of(bool boolean, std::int32_t int32, std::int64_t int64, double real,
                          std::string_view text, std::string_view bytes, std::int64_t time) {
    return {
        value::integer(column_type::boolean, boolean), value::integer(column_type::int32, int32),
        value::integer(column_type::int64, int64),     value::real(real),
        value::view(column_type::text, text),          value::view(column_type::bytes, bytes),
        value::integer(column_type::time, time),       value::view(column_type::json, text)};
}

TEST(postgres_values, come_back_as_they_were_sent) {
    auto kept = opened();
    auto unnamed = opened({.transaction_pooling = true});
    using i32 = std::numeric_limits<std::int32_t>;
    using i64 = std::numeric_limits<std::int64_t>;
    using real = std::numeric_limits<double>;
    constexpr std::int64_t year_1 = -62'135'596'800'000;
    constexpr std::int64_t end_of_9999 = 253'402'300'799'999;
    const std::string_view nul_and_more("\0\xff'\\x00", 7);
    std::vector<value> nulls;
    for (const auto type : every_type) nulls.push_back(value::null(type));
    for (auto* db : {&kept, &unnamed}) {
        expect_echo(*db, row_of(true, i32::max(), i64::max(), real::infinity(), "ä€😀'\"\\",
                                nul_and_more, end_of_9999));
        expect_echo(*db, row_of(false, i32::min(), i64::min(), -real::infinity(), "", "", year_1));
        expect_echo(*db, row_of(true, 0, 0, real::denorm_min(), " \t\n", "x", 0));
        expect_echo(*db, row_of(false, -1, -1, -real::max(), "{}", "y", -1));
        expect_echo(*db, nulls);
    }
}

TEST(postgres_values, of_many_megabytes_come_back_as_they_were_sent) {
    auto db = opened({.deadline = std::chrono::minutes(1)});
    const std::string large(8U << 20U, 'x');
    expect_echo(db, row_of(true, 1, 1, 1, large, large, 1));
}

TEST(postgres_values, send_many_numbers_as_one_parameter) {
    auto db = opened();
    static constexpr column_type types[] = {column_type::int64};
    constexpr statement sum{
        .text = "SELECT (SELECT sum(n) FROM unnest($1) n)::bigint + cardinality($2)",
        .results = types};
    const value first[] = {value::integer(column_type::int64, 1),
                           value::integer(column_type::int64, 2),
                           value::integer(column_type::int64, 39)};
    const value second[] = {value::integer(column_type::int64, -5),
                            value::integer(column_type::int64, 0)};
    const value lists[] = {value::array(column_type::int64, first),
                           value::array(column_type::int64, second)};
    EXPECT_EQ(ask(db, sum, lists), "44");
}

TEST(postgres_values, of_many_rows_come_back_as_they_were_sent) {
    auto kept = opened();
    auto unnamed = opened({.transaction_pooling = true});
    constexpr statement rows{
        .text =
            "SELECT * FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), "
            "unnest($5), unnest($6), unnest($7), unnest($8)) AS sent",
        .results = every_type};
    std::vector<value> nulls;
    for (const auto type : every_type) nulls.push_back(value::null(type));
    const std::vector<std::vector<value>> wanted{
        row_of(true, -1, 1, 0.1, "{\"a\",NULL}", std::string_view("\0\xff,", 3), -1),
        row_of(false, 7, std::numeric_limits<std::int64_t>::min(), -0.5, "", "", 5), nulls,
        row_of(true, 0, 0, 0, "\\ ' \"", "NULL", 0)};
    for (auto* db : {&kept, &unnamed})
        for (const std::size_t count : {std::size_t{0}, std::size_t{1}, wanted.size()}) {
            std::vector<std::vector<value>> columns(std::size(every_type));
            std::vector<value> sent;
            for (std::size_t at = 0; at < columns.size(); ++at) {
                for (std::size_t row = 0; row < count; ++row)
                    columns[at].push_back(wanted[row][at]);
                sent.push_back(value::array(every_type[at], columns[at]));
            }
            std::size_t came = 0;
            const auto done = run(
                *db, rows, sent,
                [&](std::span<const value> row) {
                    for (std::size_t at = 0; at < row.size(); ++at)
                        expect_same(row[at], wanted[came][at]);
                    ++came;
                },
                access::read);
            ASSERT_TRUE(done) << done.error().message();
            EXPECT_EQ(came, count);
        }
}

TEST(postgres_values, lose_what_is_finer_than_a_millisecond_downwards) {
    auto db = opened();
    const auto ms = [&db](const std::string& moment) {
        return ask(db, "SELECT timestamptz '" + moment + "'", column_type::time);
    };
    EXPECT_EQ(ms("1970-01-01 00:00:00.001999+00"), "1");
    EXPECT_EQ(ms("1969-12-31 23:59:59.999999+00"), "-1");
    EXPECT_EQ(ms("1969-12-31 23:59:59.999+00"), "-1");
    EXPECT_EQ(ms("0001-01-01 00:00:00+00"), "-62135596800000");
    EXPECT_EQ(ms("9999-12-31 23:59:59.9999+00"), "253402300799999");
    EXPECT_EQ(ms("294276-12-31 23:59:59.9999+00"), "9224318015999999");
}

TEST(postgres_values, take_narrower_integers_for_wider_ones) {
    auto db = opened();
    EXPECT_EQ(ask(db, "SELECT (-2)::smallint", column_type::int64), "-2");
    EXPECT_EQ(ask(db, "SELECT (-70000)::integer", column_type::int64), "-70000");
    EXPECT_EQ(ask(db, "SELECT 5::bigint", column_type::int32), "5");
}

TEST(postgres_values, that_the_declaration_does_not_know_are_refused) {
    auto db = opened();
    const auto read = [&db](std::string_view sql, column_type type) { return ask(db, sql, type); };
    EXPECT_EQ(read("SELECT 5000000000", column_type::int32), "undeclared_value");
    EXPECT_EQ(read("SELECT timestamptz 'infinity'", column_type::time), "undeclared_value");
    EXPECT_EQ(read("SELECT timestamptz '-infinity'", column_type::time), "undeclared_value");
    EXPECT_EQ(read("SELECT now()", column_type::int64), "undeclared_value");
    EXPECT_EQ(read("SELECT 1.5::float8", column_type::int64), "undeclared_value");
    EXPECT_EQ(read("SELECT 1.5::numeric", column_type::real), "undeclared_value");
    EXPECT_EQ(read("SELECT 1", column_type::text), "undeclared_value");
    EXPECT_EQ(read("SELECT 'x'", column_type::bytes), "undeclared_value");
    EXPECT_EQ(read("SELECT 1, 2", column_type::int64), "undeclared_value");
}

TEST(postgres_values, that_cannot_be_read_of_a_change_say_that_it_was_made) {
    auto db = opened();
    const table holder("values_unreadable", "n integer");
    static constexpr column_type types[] = {column_type::time};
    constexpr statement change{
        .text = "INSERT INTO values_unreadable VALUES (1) RETURNING timestamptz 'infinity'",
        .results = types};
    const auto failure = [&](sm::access need) {
        const auto done = run(
            db, change, {}, [](std::span<const value>) {}, need);
        return done ? std::string("read") : std::string(to_string(done.error().code()));
    };
    EXPECT_EQ(failure(access::write), "undeclared_value");
    EXPECT_EQ(holder.by.ask("SELECT count(*) FROM values_unreadable"), "0");
    EXPECT_EQ(failure(access::single), "unreadable_change");
    EXPECT_EQ(holder.by.ask("SELECT count(*) FROM values_unreadable"), "1");
    EXPECT_EQ(sm::fate_of(errc::unreadable_change), fate::unknown);
}

TEST(postgres_values, that_a_column_cannot_hold_are_refused_without_being_shown) {
    auto db = opened();
    run(db, "CREATE TABLE IF NOT EXISTS values_refused (n integer, t text, s varchar(3))",
        access::write)
        .value();
    constexpr statement number{.text = "INSERT INTO values_refused (n) VALUES ($1)", .results = {}};
    constexpr statement text{.text = "INSERT INTO values_refused (t) VALUES ($1)", .results = {}};
    constexpr statement short_text{.text = "INSERT INTO values_refused (s) VALUES ($1)",
                                   .results = {}};
    constexpr statement cast{.text = "INSERT INTO values_refused (n) VALUES ($1::text::integer)",
                             .results = {}};
    const auto refused = [&db](const statement& what, const value& sent) {
        const auto done = run(db, what, {&sent, 1});
        if (done) return std::string("taken");
        EXPECT_EQ(done.error().message().find("secret"), std::string::npos)
            << done.error().message();
        EXPECT_EQ(done.error().message().find("7777777777"), std::string::npos);
        return std::string(to_string(done.error().code())) + " " +
               std::string(done.error().native());
    };
    EXPECT_EQ(refused(number, value::integer(column_type::int64, 7'777'777'777)),
              "invalid_value 22003");
    EXPECT_EQ(refused(text, value::view(column_type::text, {"secret\0", 7})),
              "invalid_value 22021");
    EXPECT_EQ(refused(text, value::view(column_type::text, "secret\xff")), "invalid_value 22021");
    EXPECT_EQ(refused(short_text, value::view(column_type::text, "secret")), "invalid_value 22001");
    EXPECT_EQ(refused(cast, value::view(column_type::text, "secret")), "invalid_value 22P02");
}

TEST(postgres_values, beyond_any_timestamp_are_refused_before_they_are_sent) {
    auto db = opened();
    static constexpr column_type types[] = {column_type::time};
    constexpr statement moment{.text = "SELECT $1", .results = types};
    for (const std::int64_t ms :
         {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
          std::numeric_limits<std::int64_t>::max() / 1000}) {
        const value sent = value::integer(column_type::time, ms);
        EXPECT_EQ(ask(db, moment, {&sent, 1}), "invalid_value") << ms;
    }
}

}  // namespace
