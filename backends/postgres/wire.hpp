// Values in PostgreSQL's binary format: parameters on their way out, rows on their way in.
#pragma once

#include <statemachine/session.hpp>
#include <statemachine/value.hpp>

#include <libpq-fe.h>

#include <array>
#include <span>
#include <string>
#include <vector>

namespace statemachine::postgres {

/// Parameters as libpq takes them. The buffers are kept from call to call; single texts and bytes
/// are not copied, so the values set last must outlive the sending.
class parameters {
public:
    /// @return errc::invalid_value for a time beyond what a timestamptz holds, too_large for a text
    ///         that libpq cannot count
    result<void> set(std::span<const value> values);

    int count() const noexcept { return static_cast<int>(types_.size()); }
    const Oid* types() const noexcept { return types_.data(); }
    const char* const* contents() const noexcept { return contents_.data(); }
    const int* lengths() const noexcept { return lengths_.data(); }
    const int* formats() const noexcept { return formats_.data(); }

private:
    result<void> set_one(std::size_t at, const value& what);

    std::vector<Oid> types_;
    std::vector<const char*> contents_;
    std::vector<int> lengths_, formats_;
    std::vector<std::array<char, 8>> numbers_;
    std::string arrays_;
};

/// Reads the rows of a binary reply.
/// @param row  a buffer that is kept from call to call
/// @return how many there were, or how many were changed where none are declared;
///         errc::undeclared_value when the reply's columns, or a value in them, are not of the
///         declared types
result<std::size_t> read_rows(const PGresult& reply, std::span<const column_type> declared,
                              std::vector<value>& row, row_sink on_row);

}  // namespace statemachine::postgres
