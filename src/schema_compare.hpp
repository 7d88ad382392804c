// How the tables found differ from those declared.
#pragma once

#include "schema_found.hpp"

#include <statemachine/detail/spec.hpp>

namespace statemachine::detail {

enum class weight : unsigned char {  // the lightest first
    remark,                          // does no harm
    ranged,   // a number has another range, which a migration mends; a newer program may want it
    pending,  // a later step of a migration mends it
    harmful,
};

struct difference {
    weight how;
    std::string sentence;
};

// The names that `formerly` renames count as declared no more.
bool declares_state(const spec& declared, std::string_view name);

// Under its name or the one that it had: `priority`, or a column of the job.
bool declares_number(const spec& declared, std::string_view column_name);

// What each of the objects that hold the states should be called: one CHECK, or two triggers.
std::vector<std::string> holders_of_states(const spec& declared, const declared_schema& tables);

// The declared columns of which what holds the states holds other limits than it should. Those of
// columns that are not declared are an older program's.
std::vector<std::string> misheld_limits(const spec& declared, const declared_schema& tables,
                                        const found_object& holder);

std::vector<difference> compare(const spec& declared, const declared_schema& tables,
                                const found_schema& found);

}  // namespace statemachine::detail
