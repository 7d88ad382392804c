// PostgreSQL's dialect: what its SQL spells differently, as one constexpr value.
#pragma once

#include <statemachine/dialect.hpp>

namespace statemachine {

namespace detail {

inline constexpr column_type postgres_plan_types[] = {column_type::text};

// Row level security counts as hiding where it is active for this role: not for superusers, roles
// that bypass it, and owners without FORCE. Names of types may come quoted, as the role has it.
inline constexpr std::string_view postgres_found = R"(WITH "here" AS (
  SELECT "oid", "relname" FROM "pg_catalog"."pg_class"
  WHERE "oid" = to_regclass(quote_ident($1::text)) AND "relkind" IN ('r', 'p'))
SELECT 'table', "relname"::text, '', CASE WHEN row_security_active("oid") THEN 'hidden ' ELSE '' END
FROM "here"
UNION ALL
SELECT 'column', "a"."attname"::text,
  replace(replace(format_type("a"."atttypid", "a"."atttypmod"), '"', ''),
      'timestamp with time zone', 'timestamptz')
    || CASE WHEN "c"."collname" IS NULL OR "c"."collname" = 'default' THEN ''
       ELSE ' COLLATE "' || "c"."collname" || '"' END,
  CASE WHEN "a"."attnotnull" THEN 'mandatory ' ELSE '' END
    || CASE WHEN "a"."atthasdef" OR "a"."attidentity" <> '' THEN 'filled ' ELSE '' END
    || CASE WHEN "a"."attidentity" = 'a' THEN 'counted ' ELSE '' END
FROM "here" JOIN "pg_catalog"."pg_attribute" AS "a" ON "a"."attrelid" = "here"."oid"
LEFT JOIN "pg_catalog"."pg_collation" AS "c" ON "c"."oid" = "a"."attcollation"
WHERE "a"."attnum" > 0 AND NOT "a"."attisdropped"
UNION ALL
SELECT 'index', "i"."relname"::text, pg_get_indexdef("x"."indexrelid"),
  CASE WHEN "x"."indisvalid" AND "x"."indisready" THEN '' ELSE 'invalid ' END
FROM "here" JOIN "pg_catalog"."pg_index" AS "x" ON "x"."indrelid" = "here"."oid"
JOIN "pg_catalog"."pg_class" AS "i" ON "i"."oid" = "x"."indexrelid"
UNION ALL
SELECT 'states', "k"."conname"::text, pg_get_constraintdef("k"."oid"),
  CASE WHEN "k"."convalidated" THEN '' ELSE 'invalid ' END
FROM "here" JOIN "pg_catalog"."pg_constraint" AS "k" ON "k"."conrelid" = "here"."oid"
WHERE "k"."contype" = 'c' AND "k"."conname" = $1::text || '_state')";

}  // namespace detail

/// How statements are written for PostgreSQL 12 and later.
///
/// Searches use the moment at which the statement began, because an index can be searched with it;
/// leases are set with the moment of the write, which also counts a wait for a row lock. The job
/// table leaves room for HOT updates and is vacuumed early, because every claim leaves a dead entry
/// in front of the next due job.
inline constexpr dialect dialect_of_postgres{
    .name = "postgres",
    .placeholder = '$',
    .search_now = "statement_timestamp()",
    .write_now = "clock_timestamp()",
    .millisecond = " * interval '1 millisecond'",
    .one_statement = true,
    .arrays = true,
    .remote = true,
    .pins_indexes = false,
    .keeps_dead_entries = true,
    .reads_back = false,
    .inserted_id = "",
    .fails_at_once = "",
    .lock_candidates = " FOR UPDATE SKIP LOCKED",
    .waits_briefly = "(SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL",
    .least = "least",
    .greatest = "greatest",
    .bytewise = " COLLATE \"C\"",
    .id_column = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    .table_options =
        " WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, "
        "autovacuum_vacuum_threshold = 1000)",
    .side_table_options = "",
    .queue_table_options =
        " WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, "
        "autovacuum_vacuum_threshold = 1000)",
    .boolean_type = "boolean",
    .int32_type = "integer",
    .int64_type = "bigint",
    .real_type = "double precision",
    .text_type = "text COLLATE \"C\"",
    .bytes_type = "bytea",
    .time_type = "timestamptz",
    .checks_types = false,
    .schema = {.found = detail::postgres_found,
               .replaces_checks = true,
               .relaxes_columns = true,
               .aligns_columns = true,
               .not_valid = " NOT VALID",
               .concurrently = "CONCURRENTLY ",
               .lock_wait = "SET LOCAL lock_timeout = ",
               .lock_mode = " IN SHARE UPDATE EXCLUSIVE MODE",
               .bytes_open = "decode('",
               .bytes_close = "', 'hex')",
               .time_open = "(timestamptz 'epoch' + ",
               .time_close = " * interval '1 millisecond')",
               .explain = "EXPLAIN ",
               .plan_types = detail::postgres_plan_types},
};

}  // namespace statemachine
