// The types a column may have, and one value of them on its way to or from the database.
#pragma once

#include <bit>
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

/// Whether a value of this type is carried as a view of characters or bytes.
constexpr bool is_view(column_type type) {
    return type == column_type::text || type == column_type::bytes || type == column_type::json;
}

/// One value: a type, perhaps null, and its content. Text, bytes and arrays are views; the owner of
/// what they show must outlive the value. Asked for content of another type than its own, a value
/// gives 0 or an empty view.
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
        return {type, content};
    }
    static constexpr value real(double content) {
        return {column_type::real, std::bit_cast<std::int64_t>(content == 0.0 ? 0.0 : content)};
    }
    /// For text, bytes and json.
    static constexpr value view(column_type type, std::string_view content) {
        value v{type, static_cast<std::int64_t>(content.size())};
        v.characters_ = content.data();
        return v;
    }

    /// Many values of one type, some perhaps null: a parameter only, for statements over many rows.
    static constexpr value array(column_type type, std::span<const value> elements) {
        value v{type, static_cast<std::int64_t>(elements.size())};
        v.array_ = true;
        v.elements_ = elements.data();
        return v;
    }

    /// Of an array, the type of its elements.
    constexpr column_type type() const { return type_; }
    constexpr bool is_null() const { return null_; }
    constexpr std::int64_t integer() const {
        return array_ || is_view(type_) || type_ == column_type::real ? 0 : number_;
    }
    constexpr double real() const {
        return array_ || type_ != column_type::real ? 0 : std::bit_cast<double>(number_);
    }
    constexpr std::string_view text() const {
        if (array_ || null_ || !is_view(type_)) return {};
        return {characters_, static_cast<std::size_t>(number_)};
    }
    constexpr bool is_array() const { return array_; }
    constexpr std::span<const value> elements() const {
        if (!array_) return {};
        return {elements_, static_cast<std::size_t>(number_)};
    }

private:
    constexpr value(column_type type, std::int64_t number)
        : type_(type), null_(false), number_(number) {}

    // Three words, not one for each kind of content: a batch holds thousands of values.
    column_type type_ = column_type::int64;
    bool null_ = true;
    bool array_ = false;
    std::int64_t number_ = 0;  // of a real its bits, of a view or array its length
    union {
        const char* characters_ = nullptr;  // NOLINT(readability-identifier-naming)
        const value* elements_;             // NOLINT(readability-identifier-naming)
    };
};

}  // namespace statemachine
