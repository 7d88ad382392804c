// Typed references to members, used to say what a column holds and what a rule reads or writes.
//
//     sm::field<&job::duration>        // a column of the job
//     sm::field<&metadata::duration>   // an input of the event that carries `metadata`
#pragma once

#include <statemachine/value.hpp>

#include <limits>
#include <type_traits>

namespace statemachine {

namespace detail {

// A type's identity that can be compared in a constant expression: its name. The address of a
// variable of its own would not do: GCC with -fsanitize=undefined takes no comparison of such
// addresses for constant. GCC explains each alias in a signature at the end of the text, so that
// there is none in these, and all up to the last bracket is the name.
using type_identity = std::string_view;
template <class Type>
consteval std::basic_string_view<char> identity_of_type() {
    const std::string_view text = __PRETTY_FUNCTION__;
    const std::size_t first = text.find("Type = ");
    return text.substr(first, text.rfind(']') - first);
}

template <class Type>
struct unwrapped {
    using type = Type;
    static constexpr bool optional = false;
};
template <class Type>
struct unwrapped<std::optional<Type>> {
    using type = Type;
    static constexpr bool optional = true;
};

template <class Type>
consteval bool can_be_stored() {
    using plain = typename unwrapped<Type>::type;
    if constexpr (!std::is_object_v<plain> || std::is_const_v<plain>)
        return false;
    else
        return std::is_same_v<plain, bool> || std::is_same_v<plain, double> ||
               (std::is_integral_v<plain> && std::is_signed_v<plain> &&
                (sizeof(plain) == 4 || sizeof(plain) == 8)) ||
               std::is_same_v<plain, std::string> || std::is_same_v<plain, bytes> ||
               std::is_same_v<plain, timestamp> || std::is_same_v<plain, json>;
}

template <class Type>
consteval column_type stored_type() {
    static_assert(can_be_stored<Type>(),
                  "statemachine: a column or input is a bool, a signed 32- or 64-bit integer, "
                  "double, std::string, sm::bytes, sm::timestamp, sm::json, or a std::optional of "
                  "one, and not const");
    using plain = typename unwrapped<Type>::type;
    if constexpr (std::is_same_v<plain, bool>)
        return column_type::boolean;
    else if constexpr (std::is_same_v<plain, double>)
        return column_type::real;
    else if constexpr (std::is_same_v<plain, std::string>)
        return column_type::text;
    else if constexpr (std::is_same_v<plain, bytes>)
        return column_type::bytes;
    else if constexpr (std::is_same_v<plain, timestamp>)
        return column_type::time;
    else if constexpr (std::is_same_v<plain, json>)
        return column_type::json;
    else
        return sizeof(plain) == 4 ? column_type::int32 : column_type::int64;
}

template <class Plain>
value to_value(const Plain& content) {
    constexpr column_type type = stored_type<Plain>();
    if constexpr (type == column_type::real)
        return value::real(content);
    else if constexpr (type == column_type::text)
        return value::view(type, content);
    else if constexpr (type == column_type::json)
        return value::view(type, content.text);
    else if constexpr (type == column_type::bytes)
        return value::view(type, {reinterpret_cast<const char*>(content.data()), content.size()});
    else if constexpr (type == column_type::time)
        return value::integer(type, content.time_since_epoch().count());
    else
        return value::integer(type, content);
}

// False when the stored value does not fit the member's type.
template <class Plain>
bool from_value(Plain& content, const value& stored) {
    constexpr column_type type = stored_type<Plain>();
    if constexpr (type == column_type::real)
        content = stored.real();
    else if constexpr (type == column_type::text)
        content.assign(stored.text());
    else if constexpr (type == column_type::json)
        content.text.assign(stored.text());
    else if constexpr (type == column_type::bytes) {
        const auto* first = reinterpret_cast<const std::byte*>(stored.text().data());
        content.assign(first, first + stored.text().size());
    } else if constexpr (type == column_type::time) {
        content = timestamp{std::chrono::milliseconds{stored.integer()}};
    } else {
        using limits = std::numeric_limits<Plain>;
        if (stored.integer() < std::int64_t{limits::min()}) return false;
        if (stored.integer() > std::int64_t{limits::max()}) return false;
        content = static_cast<Plain>(stored.integer());
    }
    return true;
}

// The member's name as it stands in the source.
template <auto Member>
consteval std::basic_string_view<char> spelled() {
    std::string_view text = __PRETTY_FUNCTION__;
    text = text.substr(0, text.rfind(']'));
    if (text.ends_with(')')) text.remove_suffix(1);
    return text.substr(text.rfind(':') + 1);
}

}  // namespace detail

/// A member that is stored or sent: where it belongs, its type, and how to read and write it.
struct field_info {
    detail::type_identity owner;
    column_type type;
    bool optional;
    std::string_view spelling;
    value (*read)(const void* object);
    bool (*write)(void* object, const value& stored);
};

/// Refers to one member of the job or of an event's inputs. Use it through `field`.
template <auto Member>
struct field_ref;

template <class Owner, class Type, Type Owner::*Member>
struct field_ref<Member> {
    using type = Type;

    static constexpr field_info info{
        detail::identity_of_type<Owner>(),
        detail::stored_type<Type>(),
        detail::unwrapped<Type>::optional,
        detail::spelled<Member>(),
        [](const void* object) -> value {
            const Type& content = static_cast<const Owner*>(object)->*Member;
            if constexpr (detail::unwrapped<Type>::optional)
                return content ? detail::to_value(*content)
                               : value::null(detail::stored_type<Type>());
            else
                return detail::to_value(content);
        },
        [](void* object, const value& stored) -> bool {
            Type& content = static_cast<Owner*>(object)->*Member;
            if constexpr (detail::unwrapped<Type>::optional) {
                if (stored.is_null()) {
                    content.reset();
                    return true;
                }
                return detail::from_value(content.emplace(), stored);
            } else {
                return !stored.is_null() && detail::from_value(content, stored);
            }
        }};
};

/// The member that a column holds, or that a rule reads: `sm::field<&job::duration>`.
template <auto Member>
inline constexpr field_ref<Member> field{};

}  // namespace statemachine
