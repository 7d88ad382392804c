// What a rule writes beside the state: set a column, add to it, stamp it with the moment.
//
//     .then = {sm::set<&job::width>(sm::field<&metadata::width>),
//              sm::set<&job::finished>(sm::now),
//              sm::add<&job::downloads>(1),
//              sm::set_error(sm::field<&failure::reason>)}
//
// A column that is declared `once` keeps the first value that it was given.
#pragma once

#include <statemachine/guard.hpp>

namespace statemachine {

/// The moment of the change on the database's clock, as the value of an effect.
struct now_t {};
inline constexpr now_t now{};

namespace detail {

enum class effect_kind : unsigned char { set, add, stamp, set_error };

template <auto Member, class Value>
consteval bool fits() {
    constexpr const field_info& target = field_ref<Member>::info;
    using plain = std::remove_cvref_t<Value>;
    if constexpr (std::is_same_v<plain, std::nullopt_t>)
        return target.optional;
    else if constexpr (is_field<plain>)
        return (target.optional || !plain::info.optional) &&
               (target.type == plain::info.type ||
                (target.type == column_type::int64 && plain::info.type == column_type::int32));
    else
        return operand_like<Value> &&
               (target.type == operand_type<Value>() ||
                (is_integer(target.type) && is_integer(operand_type<Value>())));
}

}  // namespace detail

/// One write of a rule. Made by `set`, `add` and `set_error`.
struct effect {
    detail::effect_kind what = detail::effect_kind::set;
    const field_info* target = nullptr;  ///< null for the library's `error` column
    detail::node content{};
};

/// Sets a column to an input, another column, a constant, `std::nullopt` or `sm::now`.
template <auto Member, class Value>
constexpr effect set(const Value& content) {
    using target = field_ref<Member>;
    if constexpr (std::is_same_v<Value, now_t>) {
        static_assert(target::info.type == column_type::time,
                      "statemachine: type mismatch: sm::now is written to a sm::timestamp column");
        return {detail::effect_kind::stamp, &target::info, {}};
    } else {
        static_assert(detail::fits<Member, Value>(),
                      "statemachine: type mismatch: this value does not fit the column");
        detail::operand source = detail::to_operand(content);
        if (source.content.what == detail::operation::constant) {
            const value& constant = source.content.constant;
            source.content.constant =
                constant.is_null() ? value::null(target::info.type) : constant;
        }
        return {detail::effect_kind::set, &target::info, source.content};
    }
}

/// Adds to an integer column. An empty column counts as 0; a sum out of the column's range fails
/// the call with `errc::invalid_value` and changes nothing. Doubles are left out: databases differ
/// in what they make of a sum that overflows or is no number.
template <auto Member, class Value>
constexpr effect add(const Value& content) {
    constexpr const field_info& target = field_ref<Member>::info;
    static_assert(detail::is_integer(target.type),
                  "statemachine: type mismatch: only an integer can be added to");
    static_assert(!std::is_same_v<Value, std::nullopt_t>,
                  "statemachine: type mismatch: nothing cannot be added");
    static_assert(detail::fits<Member, Value>(),
                  "statemachine: type mismatch: this value does not fit the column");
    return {detail::effect_kind::add, &target, detail::to_operand(content).content};
}

/// Sets the job's `error` text, which operators see and which stays until it is set anew;
/// `std::nullopt` clears it.
template <class Value>
constexpr effect set_error(const Value& content) {
    static_assert(detail::operand_type<Value>() == column_type::text &&
                      (detail::operand_like<Value> || std::is_same_v<Value, std::nullopt_t>),
                  "statemachine: type mismatch: an error is a text");
    return {detail::effect_kind::set_error, nullptr, detail::to_operand(content).content};
}

/// The effects of one rule, at most 16.
class effects {
public:
    static constexpr std::size_t capacity = 16;

    constexpr effects() = default;

    template <class... Effect>
    requires(sizeof...(Effect) > 0 &&
             (std::is_same_v<Effect, effect> && ...)) constexpr effects(Effect... each)
        : size_(sizeof...(each)) {  // NOLINT(*-explicit-*)
        static_assert(sizeof...(Effect) <= capacity, "statemachine: a rule has at most 16 effects");
        std::size_t at = 0;
        for (const effect& one : {each...}) items_[at++] = one;
    }

    constexpr const effect* begin() const { return items_.data(); }
    constexpr const effect* end() const { return items_.data() + size_; }

private:
    std::array<effect, capacity> items_{};
    std::size_t size_ = 0;
};

}  // namespace statemachine
