// What is refused before anything is sent.
#include "../../src/checks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace {

namespace sm = statemachine;
using sm::column_type;
using sm::errc;
using sm::value;
using sm::detail::check_name;
using sm::detail::check_person;
using sm::detail::check_value;
using sm::detail::is_plain_utf8;

TEST(utf8, takes_each_length_of_sequence_at_both_of_its_ends) {
    for (const char* text :
         {"", "\x01", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
          "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
          "plain, \xc3\xa4, \xe2\x82\xac and \xf0\x9f\x98\x80"})
        EXPECT_TRUE(is_plain_utf8(text)) << testing::PrintToString(std::string{text});
}

TEST(utf8, refuses_what_no_decoder_agrees_on) {
    const std::pair<const char*, std::string_view> refused[] = {
        {"NUL", std::string_view{"a\0b", 3}},
        {"a continuation alone", "\x80"},
        {"an end that is missing, of two", "\xc2"},
        {"an end that is missing, of three", "\xe2\x82"},
        {"an end that is missing, of four", "\xf0\x9f\x98"},
        {"a sequence cut by a letter", "\xe2\x82z"},
        {"an overlong NUL", "\xc0\x80"},
        {"an overlong slash", "\xc1\xaf"},
        {"an overlong form of three", "\xe0\x9f\xbf"},
        {"an overlong form of four", "\xf0\x8f\xbf\xbf"},
        {"the first surrogate", "\xed\xa0\x80"},
        {"the last surrogate", "\xed\xbf\xbf"},
        {"above U+10FFFF", "\xf4\x90\x80\x80"},
        {"a lead byte that starts nothing", "\xf5\x80\x80\x80"},
        {"0xFF", "\xff"},
    };
    for (const auto& [what, text] : refused) {
        EXPECT_FALSE(is_plain_utf8(text)) << what;
        EXPECT_FALSE(is_plain_utf8("before " + std::string{text})) << what;
        EXPECT_FALSE(is_plain_utf8(std::string{text} + " behind")) << what;
    }
}

// Letters are looked at by the word.
TEST(utf8, is_looked_at_byte_by_byte_wherever_it_stands) {
    for (std::size_t length = 1; length < 40; ++length)
        for (std::size_t place = 0; place < length; ++place)
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(length, place % 2 == 0 ? '\x01' : '\x7f');
                text[place] = static_cast<char>(byte);
                ASSERT_EQ(is_plain_utf8(text), byte > 0 && byte < 128)
                    << byte << " at " << place << " of " << length;
            }
}

TEST(value, gives_nothing_of_another_type_than_its_own) {
    const value number = value::integer(column_type::int64, -7);
    const value real = value::real(-0.0);
    const value text = value::view(column_type::text, "seven");
    const std::array<value, 2> elements{number, value::null(column_type::int64)};
    const value array = value::array(column_type::int64, elements);
    EXPECT_EQ(number.integer(), -7);
    EXPECT_EQ(number.real(), 0);
    EXPECT_EQ(number.text(), "");
    EXPECT_TRUE(number.elements().empty());
    EXPECT_FALSE(std::signbit(real.real()));
    EXPECT_EQ(value::real(2.5).real(), 2.5);
    EXPECT_EQ(value::real(2.5).integer(), 0);
    EXPECT_EQ(value::real(2.5).text(), "");
    EXPECT_EQ(text.text(), "seven");
    EXPECT_EQ(text.integer(), 0);
    EXPECT_TRUE(text.elements().empty());
    EXPECT_EQ(array.elements().size(), 2U);
    EXPECT_EQ(array.elements()[0].integer(), -7);
    EXPECT_TRUE(array.elements()[1].is_null());
    EXPECT_EQ(array.integer(), 0);
    EXPECT_EQ(array.text(), "");
    EXPECT_FALSE(text.is_array() || number.is_array());
    const std::string_view missing = value::null(column_type::text).text();
    EXPECT_TRUE(missing.empty());
}

TEST(name, takes_what_the_documentation_lists_up_to_128_bytes) {
    EXPECT_TRUE(check_name("key", "AZaz09_.:-"));
    EXPECT_TRUE(check_name("key", "x"));
    EXPECT_TRUE(check_name("key", std::string(128, 'x')));
}

TEST(name, refuses_everything_else) {
    for (const std::string& text :
         {std::string{}, std::string(129, 'x'), std::string{"a b"}, std::string{"a/b"},
          std::string{"a'b"}, std::string{"a\nb"}, std::string{"a@b"}, std::string{"\xc3\xa4"},
          std::string{"a\0b", 3}, std::string{"[`{"}}) {
        const auto checked = check_name("token", text);
        ASSERT_FALSE(checked) << testing::PrintToString(text);
        EXPECT_EQ(checked.error().code(), errc::invalid_argument);
    }
}

TEST(name, is_called_by_its_kind_and_never_shown) {
    const auto checked = check_name("token", "secret of/mine");
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message().find("token"), std::string::npos);
    EXPECT_EQ(checked.error().message().find("secret"), std::string::npos);
}

TEST(person, is_any_text_of_1_to_128_bytes) {
    EXPECT_TRUE(check_person("owner", "J\xc3\xbcrgen, 2nd floor / night shift"));
    EXPECT_TRUE(check_person("owner", std::string(128, 'x')));
    for (const std::string& text :
         {std::string{}, std::string(129, 'x'), std::string{"\xff"}, std::string{"a\0b", 3}}) {
        const auto checked = check_person("owner", text);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code(), errc::invalid_argument);
        EXPECT_NE(checked.error().message().find("owner"), std::string::npos);
    }
}

TEST(number, is_refused_only_when_it_is_none) {
    using limits = std::numeric_limits<double>;
    for (const double fine : {0.0, -0.0, limits::max(), limits::denorm_min(), limits::infinity()})
        EXPECT_TRUE(check_value("size", value::real(fine))) << fine;
    const auto checked = check_value("size", value::real(std::nan("")));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), errc::invalid_value);
    EXPECT_NE(checked.error().message().find("'size'"), std::string::npos);
}

TEST(number, loses_the_sign_of_zero) { EXPECT_FALSE(std::signbit(value::real(-0.0).real())); }

TEST(moment, lies_in_the_years_1_to_9999) {
    const auto at = [](std::int64_t milliseconds) {
        return check_value("at", value::integer(column_type::time, milliseconds)).has_value();
    };
    constexpr std::int64_t year_1 = -62'135'596'800'000;
    constexpr std::int64_t year_10000 = 253'402'300'800'000;
    EXPECT_TRUE(at(0));
    EXPECT_TRUE(at(year_1));
    EXPECT_TRUE(at(year_10000 - 1));
    EXPECT_FALSE(at(year_1 - 1));
    EXPECT_FALSE(at(year_10000));
}

TEST(content, is_checked_by_its_type) {
    const std::string_view no_text{"a\0\xff", 3};
    EXPECT_FALSE(check_value("note", value::view(column_type::text, no_text)));
    EXPECT_FALSE(check_value("note", value::view(column_type::json, no_text)));
    EXPECT_TRUE(check_value("note", value::view(column_type::bytes, no_text)));
    for (const column_type type : {column_type::text, column_type::json, column_type::real,
                                   column_type::time, column_type::bytes})
        EXPECT_TRUE(check_value("note", value::null(type)));
}

TEST(content, is_never_shown) {
    const auto checked = check_value("note", value::view(column_type::text, "secret\xff"));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message().find("secret"), std::string::npos);
}

}  // namespace
