#include "wire.hpp"

#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace statemachine::postgres {
namespace {

// From PostgreSQL's pg_type.dat; they never change.
enum type : Oid {
    type_boolean = 16,
    type_bytea = 17,
    type_name = 19,
    type_int8 = 20,
    type_int2 = 21,
    type_int4 = 23,
    type_text = 25,
    type_json = 114,
    type_float8 = 701,
    type_boolean_array = 1000,
    type_bytea_array = 1001,
    type_text_array = 1009,
    type_int8_array = 1016,
    type_float8_array = 1022,
    type_bpchar = 1042,
    type_varchar = 1043,
    type_timestamptz = 1184,
    type_timestamptz_array = 1185,
};

constexpr int binary_format = 1;

// PostgreSQL counts from the year 2000.
constexpr std::int64_t epoch_ms = 946'684'800'000;

Oid oid_of(column_type type) {
    switch (type) {
        case column_type::boolean: return type_boolean;
        case column_type::int32:
        case column_type::int64: return type_int8;
        case column_type::real: return type_float8;
        case column_type::bytes: return type_bytea;
        case column_type::time: return type_timestamptz;
        case column_type::text:
        case column_type::json: break;
    }
    return type_text;
}

Oid array_of(Oid element) {
    switch (element) {
        case type_boolean: return type_boolean_array;
        case type_int8: return type_int8_array;
        case type_float8: return type_float8_array;
        case type_bytea: return type_bytea_array;
        case type_timestamptz: return type_timestamptz_array;
        default: return type_text_array;
    }
}

// Eight bytes could as well be a count, a real or a moment: only the type in the reply tells.
bool fits(column_type declared, Oid sent) {
    switch (declared) {
        case column_type::boolean: return sent == type_boolean;
        case column_type::int32:
        case column_type::int64: return sent == type_int2 || sent == type_int4 || sent == type_int8;
        case column_type::real: return sent == type_float8;
        case column_type::bytes: return sent == type_bytea;
        case column_type::time: return sent == type_timestamptz;
        case column_type::text:
        case column_type::json:
            return sent == type_text || sent == type_varchar || sent == type_bpchar ||
                   sent == type_name || sent == type_json;
    }
    return false;
}

// Of bytes whose first is the highest. Written out, not as a loop: GCC makes a load and a swap.
template <class Number, std::size_t... Byte>
Number joined(const char* from, std::index_sequence<Byte...>) {
    constexpr std::size_t last = sizeof(Number) - 1;
    return static_cast<Number>(
        ((std::uint64_t{static_cast<unsigned char>(from[Byte])} << (8 * (last - Byte))) | ...));
}
template <class Number>
Number joined(const char* from) {
    return joined<Number>(from, std::make_index_sequence<sizeof(Number)>{});
}

// The way back turns the bytes, or leaves them, just as the way there.
template <class Number>
std::array<char, sizeof(Number)> split(Number number) {
    using bytes = std::array<char, sizeof(Number)>;
    return std::bit_cast<bytes>(joined<Number>(std::bit_cast<bytes>(number).data()));
}

void append(std::string& to, std::uint32_t number) {
    const auto bytes = split(number);
    to.append(bytes.data(), bytes.size());
}

error too_large() {
    return {errc::too_large, "A text or payload is larger than 2 GiB: send less at once."};
}

// How many bytes of `into` a value that is no view takes.
result<std::size_t> put_number(std::array<char, 8>& into, const value& what) {
    switch (what.type()) {
        case column_type::boolean: into[0] = what.integer() != 0; return 1;
        case column_type::real: into = split(std::bit_cast<std::uint64_t>(what.real())); break;
        case column_type::time: {
            constexpr auto limit = std::numeric_limits<std::int64_t>::max() / 1000 - epoch_ms;
            if (what.integer() > limit || what.integer() < -limit)
                return error{errc::invalid_value,
                             "A time is out of range: send one of the years 1 to 9999."};
            into = split((what.integer() - epoch_ms) * 1000);
            break;
        }
        default: into = split(what.integer()); break;
    }
    return 8;
}

// One dimension, counted from 1; each element behind its length, which is -1 for NULL.
result<void> append_array(std::string& to, Oid of, std::span<const value> elements) {
    const bool empty = elements.empty();
    append(to, empty ? 0 : 1);
    append(to, 1);  // some may be null
    append(to, of);
    if (empty) return success();
    append(to, static_cast<std::uint32_t>(elements.size()));
    append(to, 1);
    for (const value& each : elements) {
        std::array<char, 8> number{};
        std::string_view content{number.data(), 0};
        if (each.is_null()) {
            append(to, ~std::uint32_t{0});
            continue;
        }
        if (is_view(each.type())) {
            content = each.text();
        } else {
            auto size = put_number(number, each);
            if (!size) return std::move(size).error();
            content = {number.data(), size.value()};
        }
        if (content.size() + to.size() > std::numeric_limits<int>::max()) return too_large();
        append(to, static_cast<std::uint32_t>(content.size()));
        to.append(content);
    }
    return success();
}

std::optional<std::int64_t> get(const char* from, int length) {
    switch (length) {
        case 1: return joined<std::int8_t>(from);
        case 2: return joined<std::int16_t>(from);
        case 4: return joined<std::int32_t>(from);
        case 8: return joined<std::int64_t>(from);
        default: return {};
    }
}

std::optional<std::int64_t> ms_of(std::int64_t microseconds) {
    // The ends of the range mean "infinity", which is no moment.
    if (microseconds == std::numeric_limits<std::int64_t>::max() ||
        microseconds == std::numeric_limits<std::int64_t>::min())
        return {};
    const auto floor = microseconds / 1000 - (microseconds % 1000 < 0 ? 1 : 0);
    return floor + epoch_ms;
}

std::optional<value> read_one(column_type type, const char* content, int length) {
    if (is_view(type)) return value::view(type, {content, static_cast<std::size_t>(length)});
    auto number = get(content, length);
    if (!number) return {};
    if (type == column_type::real)
        return length == 8 ? std::optional(value::real(std::bit_cast<double>(*number)))
                           : std::nullopt;
    if (type == column_type::boolean) number = *number != 0;
    if (type == column_type::time) number = length == 8 ? ms_of(*number) : std::nullopt;
    if (!number || (type == column_type::int32 && *number != static_cast<std::int32_t>(*number)))
        return {};
    return value::integer(type, *number);
}

std::size_t changed_rows(const PGresult& reply) {
    std::size_t rows = 0;
    // Its parameter is not const, though it is only read; what is no change has no number.
    const std::string_view digits = PQcmdTuples(const_cast<PGresult*>(&reply));
    std::from_chars(digits.data(), digits.data() + digits.size(), rows);
    return rows;
}

error undeclared() {
    return {errc::undeclared_value,
            "The database returned a column or value that the declaration does not know: migrate "
            "the store's schema, or update this program."};
}

}  // namespace

result<void> parameters::set(std::span<const value> values) {
    const auto count = values.size();
    types_.resize(count);
    contents_.resize(count);
    lengths_.resize(count);
    formats_.resize(count);
    numbers_.resize(count);
    arrays_.clear();
    for (std::size_t at = 0; at < count; ++at)
        if (auto done = set_one(at, values[at]); !done) return done;
    // Only now: it has moved while it grew.
    for (std::size_t at = 0, begin = 0; at < count; ++at) {
        if (!values[at].is_array()) continue;
        contents_[at] = arrays_.data() + begin;
        begin += static_cast<std::size_t>(lengths_[at]);
    }
    return success();
}

result<void> parameters::set_one(std::size_t at, const value& what) {
    types_[at] = what.is_array() ? array_of(oid_of(what.type())) : oid_of(what.type());
    formats_[at] = binary_format;
    contents_[at] = nullptr;
    lengths_[at] = 0;
    if (what.is_null()) return success();

    if (what.is_array()) {
        const std::size_t begin = arrays_.size();
        auto done = append_array(arrays_, oid_of(what.type()), what.elements());
        lengths_[at] = static_cast<int>(arrays_.size() - begin);
        return done;
    }
    if (is_view(what.type())) {
        if (what.text().size() > std::numeric_limits<int>::max()) return too_large();
        // libpq takes a null pointer for NULL, and an empty view may have one.
        contents_[at] = what.text().empty() ? "" : what.text().data();
        lengths_[at] = static_cast<int>(what.text().size());
        return success();
    }
    auto size = put_number(numbers_[at], what);
    if (!size) return std::move(size).error();
    lengths_[at] = static_cast<int>(size.value());
    contents_[at] = numbers_[at].data();
    return success();
}

result<std::size_t> read_rows(const PGresult& reply, std::span<const column_type> declared,
                              std::vector<value>& row, row_sink on_row) {
    const int columns = PQnfields(&reply);
    if (static_cast<std::size_t>(columns) != declared.size()) return undeclared();
    for (int column = 0; column < columns; ++column)
        if (!fits(declared[static_cast<std::size_t>(column)], PQftype(&reply, column)))
            return undeclared();

    if (columns == 0) return changed_rows(reply);
    row.resize(declared.size());
    const int rows = PQntuples(&reply);
    for (int at = 0; at < rows; ++at) {
        for (int column = 0; column < columns; ++column) {
            const auto index = static_cast<std::size_t>(column);
            const int length = PQgetlength(&reply, at, column);
            if (length == 0 && PQgetisnull(&reply, at, column)) {
                row[index] = value::null(declared[index]);
                continue;
            }
            const auto content = read_one(declared[index], PQgetvalue(&reply, at, column), length);
            if (!content) return undeclared();
            row[index] = *content;
        }
        on_row(row);
    }
    return static_cast<std::size_t>(rows);
}

}  // namespace statemachine::postgres
