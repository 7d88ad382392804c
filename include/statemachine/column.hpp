// The columns that are the user's: a name in the database and a member of the job.
//
//     constexpr sm::column columns[] = {
//         {"video",    sm::field<&job::video>,    sm::identity},
//         {"duration", sm::field<&job::duration>, sm::once},
//     };
#pragma once

#include <statemachine/field.hpp>

namespace statemachine {

/// What is special about a column.
enum class column_flags : unsigned char {
    none = 0,
    once = 1,      ///< keeps the first value that a transition gives it; the member is optional
    identity = 2,  ///< belongs to the fingerprint of the job's key (default: every column does)
};
constexpr column_flags operator|(column_flags left, column_flags right) {
    return static_cast<column_flags>(static_cast<unsigned>(left) | static_cast<unsigned>(right));
}
constexpr bool has(column_flags all, column_flags one) {
    return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}
inline constexpr column_flags once = column_flags::once;
inline constexpr column_flags identity = column_flags::identity;

/// A column: its name in the database, the member it holds, its flags, its former name.
struct column {
    template <auto Member>
    constexpr column(const char* its_name, field_ref<Member>,
                     column_flags special = column_flags::none, const char* its_old_name = "")
        : name(its_name), field(&field_ref<Member>::info), flags(special), formerly(its_old_name) {}

    std::string_view name;
    const field_info* field;
    column_flags flags;
    std::string_view formerly;  ///< its name in older versions; migration renames the column
};

}  // namespace statemachine
