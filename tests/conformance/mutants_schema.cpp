// One mutant for each statement of a migration that guards what is there.
#include "mutants.hpp"

namespace conformance {
namespace {

constexpr std::string_view both = "sqlite postgres";

constexpr edit no_lock[] = {{R"(LOCK TABLE .*)", "SET CONSTRAINTS ALL IMMEDIATE"}};
constexpr edit any_wait[] = {{R"(lock_timeout = \d+)", "lock_timeout = 0"}};
constexpr edit count_nothing[] = {{R"(WHERE "state" NOT IN)", "WHERE FALSE AND \"state\" NOT IN"}};
constexpr edit rename_nothing[] = {{R"(WHERE "state" =)", "WHERE FALSE AND \"state\" ="}};
constexpr edit old_rows_too[] = {{" NOT VALID", ""}};
constexpr edit no_history[] = {{R"re("declaration" FROM "(\w+)")re", "'' FROM \"$1\""}};
constexpr edit no_traits[] = {{R"('invalid ')", "''"}};
constexpr edit no_security[] = {{R"('hidden ')", "''"}};
constexpr edit in_turn[] = {{"INDEX CONCURRENTLY ", "INDEX "}};

constexpr mutant table[] = {
    {"migration_without_lock", "postgres", R"(^LOCK TABLE "\w+_schema")", no_lock,
     "versions_on_postgres.wait_for_another_that_is_under_way"},
    {"migration_that_waits_for_locks", "postgres", "^SET LOCAL lock_timeout", any_wait,
     "versions_on_postgres.do_not_hold_up_writers_behind_a_long_transaction"},
    {"migration_without_count", both, R"(^SELECT "state", count)", count_nothing,
     "migrated_orders.are_not_changed_where_a_removed_state_has_jobs"},
    {"migration_without_rename", both, R"(^UPDATE "orders" SET "state" = '\w+' WHERE)",
     rename_nothing, "migrated_orders.are_found_under_a_new_name_of_a_state_and_a_column"},
    {"migration_without_history", both, R"(^SELECT "number", "declaration")", no_history,
     "versions_of_orders.are_not_taken_back_by_an_older_program_that_starts"},
    {"check_without_completeness", "postgres", "pg_get_indexdef", no_traits,
     "versions_on_postgres.build_an_index_again_that_was_left_half_done"},
    {"check_without_row_security", "postgres", "row_security_active", no_security,
     "schema_check_of_roles.finds_row_level_security_that_may_hide_rows"},
    {"states_checked_under_the_lock", "postgres", "^ALTER TABLE .* NOT VALID", old_rows_too,
     "versions_on_postgres.apply_the_states_to_old_rows_in_the_end"},
    {"index_built_before_writers", "postgres", "INDEX CONCURRENTLY", in_turn,
     "versions_on_postgres.build_indexes_beside_writers"},
};

}  // namespace

std::span<const mutant> mutants_of_schema() { return table; }

}  // namespace conformance
