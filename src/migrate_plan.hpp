// What a migration has to run: worked out without a database.
#pragma once

#include "render/plans.hpp"
#include "schema_compare.hpp"

namespace statemachine::detail {

struct migration_plan {
    std::vector<std::string> together;  // in one transaction
    bool counts_removed = false;        // a job in a state that is not declared has to be refused
    std::vector<limited> narrowed{};    // so does a number beyond limits that are new
};

// How the changes of one transaction come about. Indexes of tables that are there already are left
// out where the database can build them beside writers.
result<migration_plan> plan_migration(const catalog& statements, const declared_schema& tables,
                                      const found_schema& found);

// Counts the jobs in states that are not declared: rows of state and number.
std::string count_removed_states(const spec& declared);

// Counts the jobs whose number is beyond its limits.
std::string count_beyond(const spec& declared, const limited& number);

// Indexes that the library made, and that neither `tables` nor the declaration before it needs.
// Indexes of others are in no past declaration.
std::vector<std::string> obsolete_indexes(const declared_schema& tables, std::string_view ddl,
                                          const std::vector<past_declaration>& past,
                                          const found_schema& found);

// Whether the tables have had this declaration, and a newer one since.
bool is_superseded(std::string_view ddl, const std::vector<past_declaration>& past);

// Lets the database build an index beside writers.
std::string built_concurrently(const dialect& speech, std::string_view statement);

}  // namespace statemachine::detail
