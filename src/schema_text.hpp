// The rendered DDL read back as tables, columns and indexes: what is compared and migrated is then
// all that is rendered, and a table that is added there needs no word here.
#pragma once

#include "render/column.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace statemachine::detail {

struct declared_column {
    std::string_view name;
    std::string_view definition;  // all that follows the name
    std::string_view type;
    bool mandatory = false;
    bool counted = false;  // the database counts it up, and never gives a number twice
};

struct declared_table {
    std::string_view name;
    std::string_view statement;
    std::vector<declared_column> columns;
};

// An index, a trigger, or rows that are there from the start.
struct declared_object {
    std::string_view name;
    std::string_view table;
    std::string_view statement;
};

struct declared_schema {
    std::vector<declared_table> tables;
    std::vector<declared_object> indexes;
    std::vector<declared_object> triggers;
    std::vector<declared_object> first_rows;
};

// Views on `ddl`.
declared_schema read_ddl(std::string_view ddl);

// The names among the quoted texts of a CHECK or trigger.
std::vector<std::string_view> states_in(std::string_view definition);

// The numbers whose limits a trigger holds.
std::vector<limited> limited_in(std::string_view trigger);

std::string quoted(std::string_view name, std::string_view suffix = {});

template <class Items>
const auto* find_named(const Items& items, std::string_view name) {
    for (const auto& each : items)
        if (each.name == name) return &each;
    return static_cast<decltype(&*items.begin())>(nullptr);
}

}  // namespace statemachine::detail
