// What the database has of the declared tables.
#pragma once

#include "schema_text.hpp"

#include <statemachine/dialect.hpp>
#include <statemachine/session.hpp>

#include <cstdint>

namespace statemachine::detail {

struct found_column {
    std::string name;
    std::string type;
    bool mandatory = false;
    bool filled = false;  // gets a value where none is given
    bool counted = false;
};

// An index, or what holds the states.
struct found_object {
    std::string name;
    std::string definition;
    bool invalid = false;  // begun and not completed
};

struct found_table {
    std::string name;
    bool exists = false;
    bool hidden = false;  // some of its rows may be, from this role
    std::vector<found_column> columns;
    std::vector<found_object> indexes;
    std::vector<found_object> states;
};

// In the order of the declared tables.
using found_schema = std::vector<found_table>;

result<found_schema> look_at_schema(executor& transaction, const dialect& speech,
                                    const declared_schema& declared);

// One of the declarations that the tables have had.
struct past_declaration {
    std::int64_t number = 0;
    std::string ddl;
};

// In order; none where there is no history yet.
result<std::vector<past_declaration>> look_at_history(executor& transaction,
                                                      const found_schema& found,
                                                      std::string_view job_table);

}  // namespace statemachine::detail
