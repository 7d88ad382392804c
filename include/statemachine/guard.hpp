// Conditions over the job's columns and the event's inputs, checked by the database in the UPDATE.
//
//     .when = !sm::field<&failure::permanent> && sm::field<&job::size> < 1'000'000
//
// A comparison with an empty optional does not hold, and neither does it make its negation fail to
// hold: `!(a == b)` is true when `a` is empty. Test for emptiness with `sm::is_empty`.
#pragma once

#include <statemachine/field.hpp>

#include <array>

namespace statemachine {

namespace detail {

enum class operation : unsigned char {
    nothing,
    read,
    constant,
    equal,
    unequal,
    less,
    at_most,
    more,
    at_least,
    empty,
    both,
    either,
    negated
};

// One node of a condition in prefix order: its operands follow it.
struct node {
    operation what = operation::nothing;
    const field_info* field = nullptr;
    value constant{};
};

struct operand {
    node content{};
    column_type type{};
    bool optional = false;
};

template <class Type>
inline constexpr bool is_field = false;
template <auto Member>
inline constexpr bool is_field<field_ref<Member>> = true;

template <auto Member>
constexpr operand to_operand(field_ref<Member>) {
    using info = field_ref<Member>;
    return {{operation::read, &info::info, {}}, info::info.type, info::info.optional};
}
constexpr operand to_operand(bool content) {
    return {{operation::constant, nullptr, value::integer(column_type::boolean, content)},
            column_type::boolean,
            false};
}
template <class Integer>
requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>) constexpr operand
    to_operand(Integer content) {
    return {{operation::constant, nullptr,
             value::integer(column_type::int64, static_cast<std::int64_t>(content))},
            column_type::int64,
            false};
}
constexpr operand to_operand(double content) {
    return {{operation::constant, nullptr, value::real(content)}, column_type::real, false};
}
constexpr operand to_operand(const char* content) {
    return {{operation::constant, nullptr, value::view(column_type::text, content)},
            column_type::text,
            false};
}
constexpr operand to_operand(std::nullopt_t) {
    return {
        {operation::constant, nullptr, value::null(column_type::text)}, column_type::text, true};
}

constexpr bool is_integer(column_type type) {
    return type == column_type::int32 || type == column_type::int64;
}

// Whether both sides can be compared: the same kind of content, and an order where one is asked
// for.
constexpr bool comparable(column_type left, column_type right, bool ordered) {
    if (left == column_type::json || right == column_type::json) return false;
    if (ordered && (left == column_type::bytes || left == column_type::boolean)) return false;
    return left == right || (is_integer(left) && is_integer(right));
}

template <class Operand>
consteval column_type operand_type() {
    using plain = std::remove_cvref_t<Operand>;
    if constexpr (is_field<plain>)
        return stored_type<typename plain::type>();
    else if constexpr (std::is_same_v<plain, bool>)
        return column_type::boolean;
    else if constexpr (std::is_integral_v<plain>)
        return column_type::int64;
    else if constexpr (std::is_floating_point_v<plain>)
        return column_type::real;
    else
        return column_type::text;
}

// An unsigned constant of 64 bits could exceed every column.
template <class Type>
consteval bool fits_64_bits() {
    return std::is_arithmetic_v<Type> && (!std::is_unsigned_v<Type> || sizeof(Type) < 8);
}

template <class Type>
concept operand_like = is_field<std::remove_cvref_t<Type>> ||
    fits_64_bits<std::remove_cvref_t<Type>>() || std::is_convertible_v<Type, const char*>;

template <class Left, class Right>
concept comparison = is_field<std::remove_cvref_t<Left>> || is_field<std::remove_cvref_t<Right>>;

}  // namespace detail

/// A condition of a rule. Built from fields and constants by `== != < <= > >= ! && ||` and
/// `is_empty`; an empty guard always holds.
class guard {
public:
    static constexpr std::size_t capacity = 24;

    constexpr guard() = default;

    /// A bool column or input is a condition by itself.
    template <auto Member>
    constexpr guard(field_ref<Member> condition) {  // NOLINT(*-explicit-*): reads as a condition
        static_assert(field_ref<Member>::info.type == column_type::boolean,
                      "statemachine: type mismatch: a condition is a comparison or a bool");
        append(detail::to_operand(condition).content);
    }

    constexpr bool always() const { return size_ == 0; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool complete() const { return complete_; }  // false: more parts than fit
    constexpr const detail::node& operator[](std::size_t index) const { return nodes_[index]; }

    // For the operators below.
    constexpr void append(const detail::node& node) {
        complete_ = complete_ && size_ < capacity;
        if (complete_) nodes_[size_++] = node;
    }
    constexpr void append(const guard& other) {
        complete_ = complete_ && other.complete_;
        for (std::size_t i = 0; i < other.size_; ++i) append(other.nodes_[i]);
    }

private:
    std::array<detail::node, capacity> nodes_{};
    std::size_t size_ = 0;
    bool complete_ = true;
};

namespace detail {

template <operation What, class Left, class Right>
constexpr guard compare(const Left& left, const Right& right) {
    constexpr bool ordered = What != operation::equal && What != operation::unequal;
    static_assert(operand_like<Left> && operand_like<Right> &&
                      comparable(operand_type<Left>(), operand_type<Right>(), ordered),
                  "statemachine: type mismatch: these two cannot be compared; a field is compared "
                  "with a field or a constant of its type, and with nothing by sm::is_empty");
    guard result;
    result.append({What, nullptr, {}});
    result.append(to_operand(left).content);
    result.append(to_operand(right).content);
    return result;
}

template <class Type>
concept condition =
    std::is_same_v<std::remove_cvref_t<Type>, guard> || is_field<std::remove_cvref_t<Type>>;

constexpr guard combine(operation what, const guard& left, const guard& right) {
    guard result;
    result.append({what, nullptr, {}});
    result.append(left);
    result.append(right);
    return result;
}

}  // namespace detail

template <class Left, class Right>
requires detail::comparison<Left, Right>
constexpr guard operator==(const Left& left, const Right& right) {
    return detail::compare<detail::operation::equal>(left, right);
}
template <class Left, class Right>
requires detail::comparison<Left, Right>
constexpr guard operator!=(const Left& left, const Right& right) {
    return detail::compare<detail::operation::unequal>(left, right);
}
template <class Left, class Right>
requires detail::comparison<Left, Right>
constexpr guard operator<(const Left& left, const Right& right) {
    return detail::compare<detail::operation::less>(left, right);
}
template <class Left, class Right>
requires detail::comparison<Left, Right>
constexpr guard operator<=(const Left& left, const Right& right) {
    return detail::compare<detail::operation::at_most>(left, right);
}
template <class Left, class Right>
requires detail::comparison<Left, Right>
constexpr guard operator>(const Left& left, const Right& right) {
    return detail::compare<detail::operation::more>(left, right);
}
template <class Left, class Right>
requires detail::comparison<Left, Right>
constexpr guard operator>=(const Left& left, const Right& right) {
    return detail::compare<detail::operation::at_least>(left, right);
}

/// Holds when the optional column or input is empty.
template <auto Member>
constexpr guard is_empty(field_ref<Member> field) {
    static_assert(field_ref<Member>::info.optional,
                  "statemachine: type mismatch: only a std::optional can be empty");
    guard result;
    result.append({detail::operation::empty, nullptr, {}});
    result.append(detail::to_operand(field).content);
    return result;
}

template <detail::condition Condition>
constexpr guard operator!(const Condition& condition) {
    guard result;
    result.append({detail::operation::negated, nullptr, {}});
    result.append(guard{condition});
    return result;
}
template <detail::condition Left, detail::condition Right>
constexpr guard operator&&(const Left& left, const Right& right) {
    return detail::combine(detail::operation::both, guard{left}, guard{right});
}
template <detail::condition Left, detail::condition Right>
constexpr guard operator||(const Left& left, const Right& right) {
    return detail::combine(detail::operation::either, guard{left}, guard{right});
}

}  // namespace statemachine
