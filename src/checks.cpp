#include "checks.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace statemachine::detail {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

// The length of the sequence that starts here, or 0 when it is ill-formed.
std::size_t sequence_length(std::string_view rest) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80U) return lead == 0 ? 0 : 1;
    const std::size_t length = lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : 4;
    if (lead < 0xC2U || lead > 0xF4U || rest.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!is_continuation(at(i))) return 0;
    // Overlong forms, surrogates, and what lies above U+10FFFF.
    if (lead == 0xE0U && at(1) < 0xA0U) return 0;
    if (lead == 0xEDU && at(1) > 0x9FU) return 0;
    if (lead == 0xF0U && at(1) < 0x90U) return 0;
    if (lead == 0xF4U && at(1) > 0x8FU) return 0;
    return length;
}

// Most texts are of these alone, which are told by the word: no byte has its highest bit, and none
// is 0, which borrows from the bit when 1 is taken from each.
constexpr std::size_t word = sizeof(std::uint64_t);
bool starts_with_ascii(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
    constexpr std::uint64_t highest = ones * 0x80U;
    if (text.size() < word) return false;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data(), word);
    return ((bytes | (bytes - ones)) & highest) == 0;
}

error invalid(std::string_view name, std::string_view problem) {
    std::string message{"the value of '"};
    message.append(name).append("' ").append(problem);
    return {errc::invalid_value, std::move(message)};
}

}  // namespace

bool is_plain_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        if (starts_with_ascii(text)) {
            text.remove_prefix(word);
            continue;
        }
        const std::size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

result<void> check_name(std::string_view what, std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == ':' || c == '-';
    };
    bool fine = !text.empty() && text.size() <= longest_name;
    for (const char c : text) fine = fine && allowed(c);
    if (fine) return success();
    std::string message{"this "};
    message.append(what).append(
        " is malformed: use 1 to 128 characters out of A-Z a-z 0-9 _ . : -");
    return error(errc::invalid_argument, std::move(message));
}

result<void> check_person(std::string_view what, std::string_view text) {
    if (!text.empty() && text.size() <= longest_name && is_plain_utf8(text)) return success();
    std::string message{"the "};
    message.append(what).append(
        " is missing or malformed: use 1 to 128 bytes of UTF-8 without NUL");
    return error(errc::invalid_argument, std::move(message));
}

result<void> check_value(std::string_view name, const value& content) {
    if (content.is_null()) return success();
    switch (content.type()) {
        case column_type::real:
            if (std::isnan(content.real()))
                return invalid(name, "is NaN, which equals nothing: leave it empty instead");
            break;
        case column_type::text:
        case column_type::json:
            if (!is_plain_utf8(content.text()))
                return invalid(name,
                               "is not UTF-8 or holds a NUL character: store it as sm::bytes");
            break;
        case column_type::time: {
            constexpr std::int64_t year_1 = -62'135'596'800'000;
            constexpr std::int64_t year_10000 = 253'402'300'800'000;
            if (content.integer() < year_1 || content.integer() >= year_10000)
                return invalid(name, "lies outside of the years 1 to 9999");
            break;
        }
        default: break;
    }
    return success();
}

}  // namespace statemachine::detail
