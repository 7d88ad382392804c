// The types a column may have, and one value of them on its way to or from the database.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace statemachine {

/// How a column is stored. Each behaves the same on every database.
enum class column_type : unsigned char {
    boolean,
    int32,
    int64,
    real,  ///< double; NaN is refused, -0.0 is stored as 0.0
    text,  ///< valid UTF-8 without NUL, compared bytewise
    bytes,
    time,  ///< milliseconds since 1970 UTC, years 1 to 9999
    json,
};

/// A moment of the database's clock, in milliseconds since 1970 UTC.
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// Raw bytes: BLOB on SQLite, bytea on PostgreSQL.
using bytes = std::vector<std::byte>;

/// JSON kept as text. The library stores it unchanged and does not parse it.
struct json {
    std::string text;
    friend bool operator==(const json&, const json&) = default;
};

/// One value: a type, perhaps null, and its content. Text, bytes and arrays are views; the owner of
/// what they show must outlive the value.
class value {
public:
    constexpr value() = default;

    static constexpr value null(column_type type) {
        value v;
        v.type_ = type;
        return v;
    }
    /// For boolean (0 or 1), int32, int64 and time (milliseconds since 1970).
    static constexpr value integer(column_type type, std::int64_t content) {
        value v = null(type);
        v.null_ = false;
        v.integer_ = content;
        return v;
    }
    static constexpr value real(double content) {
        value v = null(column_type::real);
        v.null_ = false;
        v.real_ = content == 0.0 ? 0.0 : content;
        return v;
    }
    /// For text, bytes and json.
    static constexpr value view(column_type type, std::string_view content) {
        value v = null(type);
        v.null_ = false;
        v.text_ = content;
        return v;
    }

    /// Many values of one type, some perhaps null: a parameter only, for statements over many rows.
    static constexpr value array(column_type type, std::span<const value> elements);

    /// Of an array, the type of its elements.
    constexpr column_type type() const { return type_; }
    constexpr bool is_null() const { return null_; }
    constexpr std::int64_t integer() const { return integer_; }
    constexpr double real() const { return real_; }
    constexpr std::string_view text() const { return text_; }
    constexpr bool is_array() const { return array_; }
    constexpr std::span<const value> elements() const;

private:
    column_type type_ = column_type::int64;
    bool null_ = true;
    bool array_ = false;
    std::int64_t integer_ = 0;  // of an array, how many elements
    double real_ = 0;
    std::string_view text_;
    const value* elements_ = nullptr;
};

constexpr value value::array(column_type type, std::span<const value> elements) {
    value v = integer(type, static_cast<std::int64_t>(elements.size()));
    v.array_ = true;
    v.elements_ = elements.data();
    return v;
}
constexpr std::span<const value> value::elements() const {
    return {elements_, array_ ? static_cast<std::size_t>(integer_) : 0};
}

/// Whether a value of this type is carried as a view of characters or bytes.
constexpr bool is_view(column_type type) {
    return type == column_type::text || type == column_type::bytes || type == column_type::json;
}

}  // namespace statemachine
