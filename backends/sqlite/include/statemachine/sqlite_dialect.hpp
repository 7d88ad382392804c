// SQLite's way to write what the renderer needs.
#pragma once

#include <statemachine/dialect.hpp>

namespace statemachine {

namespace detail {

inline constexpr column_type sqlite_plan_types[] = {column_type::int64, column_type::int64,
                                                    column_type::int64, column_type::text};

inline constexpr std::string_view sqlite_found =
    R"(SELECT 'table', "name", '', '' FROM "sqlite_schema" WHERE "type" = 'table' AND "name" = ?1
UNION ALL
SELECT 'column', "name", "type",
  CASE WHEN "notnull" OR "pk" THEN 'mandatory ' ELSE '' END
    || CASE WHEN "dflt_value" IS NOT NULL OR "hidden" <> 0 THEN 'filled ' ELSE '' END
    || CASE WHEN "pk" AND EXISTS (SELECT 1 FROM "sqlite_schema" AS "t" WHERE "t"."type" = 'table'
         AND "t"."name" = ?1 AND "t"."sql" LIKE '%AUTOINCREMENT%') THEN 'counted ' ELSE '' END
FROM pragma_table_xinfo(?1)
UNION ALL
SELECT 'index', "name", coalesce("sql", ''), '' FROM "sqlite_schema"
WHERE "type" = 'index' AND "tbl_name" = ?1
UNION ALL
SELECT 'states', "name", "sql", '' FROM "sqlite_schema" WHERE "type" = 'trigger'
  AND "tbl_name" = ?1 AND "name" IN (?1 || '_state_insert', ?1 || '_state_update'))";

}  // namespace detail

/// The dialect of `sqlite::database`. Its session binds the moment, and one connection writes at a
/// time, so that nothing has to be locked row by row.
inline constexpr dialect dialect_of_sqlite{
    .name = "sqlite",
    .placeholder = '?',
    .search_now = "",
    .write_now = "",
    .millisecond = "",
    .one_statement = false,
    .arrays = false,
    .remote = false,
    .pins_indexes = true,
    .keeps_dead_entries = false,
    .reads_back = true,
    .inserted_id = "last_insert_rowid()",
    .fails_at_once = " ON CONFLICT FAIL",
    .lock_candidates = "",
    .waits_briefly = "",
    .least = "min",
    .greatest = "max",
    .bytewise = "",
    .id_column = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .table_options = " STRICT",
    .side_table_options = " STRICT, WITHOUT ROWID",
    .queue_table_options = " STRICT, WITHOUT ROWID",
    .boolean_type = "INTEGER",
    .int32_type = "INTEGER",
    .int64_type = "INTEGER",
    .real_type = "REAL",
    .text_type = "TEXT",
    .bytes_type = "BLOB",
    .time_type = "INTEGER",
    .checks_types = true,
    .schema = {.found = detail::sqlite_found,
               .replaces_checks = false,
               .relaxes_columns = false,
               .aligns_columns = false,
               .not_valid = "",
               .concurrently = "",
               .lock_wait = "",
               .lock_mode = "",
               .bytes_open = "x'",
               .bytes_close = "'",
               .time_open = "",
               .time_close = "",
               .explain = "EXPLAIN QUERY PLAN ",
               .plan_types = detail::sqlite_plan_types},
};

}  // namespace statemachine
