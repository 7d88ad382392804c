// What is checked before anything is sent.
#pragma once

#include <statemachine/error.hpp>
#include <statemachine/value.hpp>

#include <chrono>

namespace statemachine::detail {

inline constexpr std::chrono::hours a_day{24}, a_year{24 * 365};  // longer would overflow a clock

inline constexpr std::size_t longest_name = 128;  // bytes of a key, token, owner or actor

// Well-formed UTF-8 (RFC 3629) without NUL.
bool is_plain_utf8(std::string_view text) noexcept;

// 1 to 128 bytes of [A-Za-z0-9_.:-]. `what` is "key" or "token"; the text itself is never quoted.
result<void> check_name(std::string_view what, std::string_view text);

// 1 to 128 bytes of UTF-8; shown to operators. `what` is "owner" or "actor".
result<void> check_person(std::string_view what, std::string_view text);

// NaN, NUL, ill-formed UTF-8 and times out of range. `name` is the column's or input's.
result<void> check_value(std::string_view name, const value& content);

}  // namespace statemachine::detail
