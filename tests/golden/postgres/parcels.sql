-- Schema
CREATE TABLE IF NOT EXISTS "parcels" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "version" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "run_at" timestamptz NOT NULL,
  "created_at" timestamptz NOT NULL,
  "changed_at" timestamptz NOT NULL,
  "number" bigint NOT NULL,
  "attempts" integer NOT NULL,
  "priority" integer NOT NULL,
  "rule" integer NOT NULL,
  "lease_until" timestamptz,
  "state" text COLLATE "C" NOT NULL,
  "owner" text COLLATE "C",
  "key" text COLLATE "C",
  "fingerprint" text COLLATE "C",
  "error" text COLLATE "C",
  "previous" text COLLATE "C",
  "mark" text COLLATE "C",
  CONSTRAINT "parcels_state" CHECK ("state" = ANY ('{"waiting","packing","packed","sent","lost","returned"}'::text[]))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE TABLE IF NOT EXISTS "parcels_log" (
  "job" bigint NOT NULL,
  "version" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "lease_until" timestamptz,
  "event" text COLLATE "C" NOT NULL,
  "to_state" text COLLATE "C" NOT NULL,
  "nonce" bytea NOT NULL,
  "from_state" text COLLATE "C",
  "actor" text COLLATE "C",
  PRIMARY KEY ("job", "version")
);
CREATE TABLE IF NOT EXISTS "parcels_tokens" (
  "job" bigint NOT NULL,
  "version" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "epoch" bigint NOT NULL,
  "token" text COLLATE "C" NOT NULL,
  "event" text COLLATE "C" NOT NULL,
  "fingerprint" text COLLATE "C" NOT NULL,
  "from_state" text COLLATE "C" NOT NULL,
  "to_state" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("job", "token")
);
CREATE TABLE IF NOT EXISTS "parcels_sweeps" (
  "name" text COLLATE "C" NOT NULL PRIMARY KEY,
  "began_at" timestamptz,
  "ended_at" timestamptz,
  "noticed_at" timestamptz,
  "actor" text COLLATE "C"
);
INSERT INTO "parcels_sweeps" ("name") VALUES ('sweep'), ('tokens') ON CONFLICT ("name") DO NOTHING;
CREATE TABLE IF NOT EXISTS "parcels_schema" (
  "number" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "library" text COLLATE "C" NOT NULL,
  "declaration" text COLLATE "C" NOT NULL,
  "changes" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("number")
);
CREATE UNIQUE INDEX IF NOT EXISTS "parcels_key" ON "parcels" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "parcels_take_due_53908e99" ON "parcels" ("priority" DESC, "run_at", "id") WHERE "state" IN ('waiting', 'packing');
CREATE INDEX IF NOT EXISTS "parcels_take_used_up_36c532de" ON "parcels" ("id") WHERE "state" IN ('waiting') AND "attempts" >= 2;
CREATE INDEX IF NOT EXISTS "parcels_leases_9515f25b" ON "parcels" ("lease_until", "id") WHERE "state" IN ('packing');
CREATE TABLE IF NOT EXISTS "parcels_groups" (
  "name" text COLLATE "C" NOT NULL PRIMARY KEY,
  "generation" bigint NOT NULL,
  "starts_at" timestamptz NOT NULL,
  "active" boolean NOT NULL,
  UNIQUE ("generation")
);
CREATE TABLE IF NOT EXISTS "parcels_outbox" (
  "job" bigint NOT NULL,
  "version" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "generation" bigint NOT NULL,
  "part" integer NOT NULL,
  "topic" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("job", "version", "part")
);
CREATE TABLE IF NOT EXISTS "parcels_deliveries" (
  "job" bigint NOT NULL,
  "version" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "epoch" bigint NOT NULL,
  "run_at" timestamptz NOT NULL,
  "part" integer NOT NULL,
  "tries" integer NOT NULL,
  "parked_at" timestamptz,
  "consumer" text COLLATE "C" NOT NULL,
  "topic" text COLLATE "C" NOT NULL,
  "error" text COLLATE "C",
  PRIMARY KEY ("job", "version", "part", "consumer")
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX IF NOT EXISTS "parcels_outbox_486228b1" ON "parcels_outbox" ("generation", "at");
CREATE INDEX IF NOT EXISTS "parcels_delivery_7f37adf3" ON "parcels_deliveries" ("consumer", "run_at", "job", "version") WHERE "parked_at" IS NULL;

-- submit
WITH "changed" AS (
INSERT INTO "parcels" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "number", "mark")
VALUES ('waiting', 1, 0, 0, coalesce($1, clock_timestamp() + $2 * interval '1 millisecond'), $3, $4, $5, clock_timestamp(), clock_timestamp(), 0, $6, $7)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule", "changed_at"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $8, "changed_at", NULL, $9 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "parcels" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "number", "mark")
SELECT 'waiting', 1, 0, 0, coalesce("row$4", clock_timestamp() + "row$5" * interval '1 millisecond'), "row$1", "row$2", "row$3", (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$6", "row$7"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$number")
WHERE "row$2" IS NULL OR NOT EXISTS (SELECT 1 FROM "parcels" WHERE "key" = "row$2" OFFSET 0)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $8, (SELECT "at" FROM "now$"), NULL, $9 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many without keys
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "parcels" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "number", "mark")
SELECT 'waiting', 1, 0, 0, coalesce("row$2", clock_timestamp() + "row$3" * interval '1 millisecond'), "row$1", NULL, NULL, (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$4", "row$5"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number")
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $6, (SELECT "at" FROM "now$"), NULL, '' FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many alike
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "parcels" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "number", "mark")
SELECT 'waiting', 1, 0, 0, coalesce($4, clock_timestamp() + $5 * interval '1 millisecond'), "row$1", NULL, NULL, (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$2", "row$3"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$number")
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $6, (SELECT "at" FROM "now$"), NULL, '' FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many shared
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "parcels" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "number", "mark")
SELECT 'waiting', 1, 0, 0, coalesce("row$4", clock_timestamp() + "row$5" * interval '1 millisecond'), "row$1", "row$2", "row$3", (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$6", "row$7"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND ("row$2" IS NULL OR NOT EXISTS (SELECT 1 FROM "parcels" WHERE "key" = "row$2" OFFSET 0))
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $8, (SELECT "at" FROM "now$"), NULL, $9 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- adopt submit
SELECT "kept"."id", "kept"."rule"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = 1
WHERE "kept"."key" = $1 AND "log"."nonce" = $2;

-- void token
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $1, '', '', 0, clock_timestamp(), '', '', 0 FROM "parcels" WHERE "id" = $2
ON CONFLICT ("job", "token") DO NOTHING
RETURNING "job";

-- may be forgotten
SELECT EXISTS (SELECT 1 FROM "parcels_sweeps" AS "mark" WHERE "name" = 'tokens' AND "ended_at" IS NOT NULL AND (SELECT count(*) FROM "parcels_log" AS "log" WHERE "log"."job" = "kept"."id" AND "log"."version" > 1 AND "log"."at" > "mark"."ended_at") < "kept"."version" - 1)
FROM "parcels" AS "kept" WHERE "kept"."id" = $1;

-- find key
SELECT "id", "state", "fingerprint", "version" FROM "parcels" WHERE "key" = $1;

-- find keys
SELECT "found".* FROM ROWS FROM (unnest($1), generate_subscripts($1, 1)) AS "row" ("row$1", "row$number") CROSS JOIN LATERAL (
  SELECT "id", "state", "fingerprint", "version", "key" FROM "parcels" WHERE "key" = "row$1" OFFSET 0) AS "found";

-- find token
SELECT "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch" FROM "parcels_tokens" WHERE "job" = $1 AND "token" = $2;

-- read
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "number", "mark" FROM "parcels" WHERE "id" = $1;

-- list
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "number", "mark" FROM "parcels" WHERE "state" = $1 AND "id" > $2 ORDER BY "id" LIMIT $3;

-- history
SELECT "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until" FROM "parcels_log" WHERE "job" = $1 AND "version" > $2 ORDER BY "version" LIMIT $3;

-- renew
UPDATE "parcels" SET "lease_until" = greatest("lease_until", clock_timestamp() + 60000 * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + 60000 * interval '1 millisecond')
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('packing')
RETURNING "id", "epoch", "lease_until";

-- renew many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "parcels" WHERE "id" = "row$1" FOR NO KEY UPDATE) AS "locked"
)
UPDATE "parcels" SET "lease_until" = greatest("lease_until", clock_timestamp() + 60000 * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + 60000 * interval '1 millisecond')
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('packing') THEN TRUE ELSE FALSE END
RETURNING "id", "epoch", "lease_until";

-- renew reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('packing')
FROM "parcels" WHERE "id" = $1;

-- expire
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" = 'packing' AND "attempts" >= 2 THEN 'lost' WHEN "state" = 'packing' THEN 'waiting' END, "rule" = CASE WHEN "state" = 'packing' AND "attempts" >= 2 THEN -2 WHEN "state" = 'packing' THEN -1 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "error" = CASE WHEN "state" = 'packing' AND "attempts" >= 2 THEN coalesce("error", 'attempts used up') WHEN "state" = 'packing' THEN "error" END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "parcels" WHERE "state" IN ('packing') AND "lease_until" <= statement_timestamp()
ORDER BY "lease_until", "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('packing') AND "lease_until" <= statement_timestamp() THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'expire' END, "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = -1 AND "previous" IN ('packing') THEN 'dropped' WHEN "rule" = -2 AND "previous" IN ('packing') THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = -1 AND "previous" IN ('packing') OR "rule" = -2 AND "previous" IN ('packing'))
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "rule" FROM "changed";

-- take by id
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'packing' ELSE 'lost' END, "rule" = CASE WHEN "attempts" < 2 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 60000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 60000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('packing') AND "lease_until" <= statement_timestamp()))
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "number", "mark"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'take' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $3 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 0, CASE WHEN "rule" = 0 AND "previous" IN ('packing') THEN 'dropped' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 0 AND "previous" IN ('packing'))
UNION ALL
SELECT "id", "version", 1, CASE WHEN "rule" = -2 AND "previous" IN ('packing') THEN 'given_up' WHEN "rule" = 0 THEN 'taken' WHEN "rule" = -2 AND "previous" IN ('waiting') THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = -2 AND "previous" IN ('packing') OR "rule" = 0 OR "rule" = -2 AND "previous" IN ('waiting'))
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "number", "mark" FROM "changed";

-- take next
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'packing' ELSE 'lost' END, "rule" = CASE WHEN "attempts" < 2 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 60000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 60000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "parcels" WHERE "state" IN ('waiting', 'packing') AND "priority" > CAST($2 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($2 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "parcels" WHERE "state" IN ('waiting', 'packing') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "parcels" WHERE "state" IN ('waiting', 'packing') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('packing') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($2 AS integer) THEN $3 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $4 FOR UPDATE SKIP LOCKED) AS "due"
LIMIT $4
))
  AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('packing') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "number", "mark"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'take' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $5 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 0, CASE WHEN "rule" = 0 AND "previous" IN ('packing') THEN 'dropped' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 0 AND "previous" IN ('packing'))
UNION ALL
SELECT "id", "version", 1, CASE WHEN "rule" = -2 AND "previous" IN ('packing') THEN 'given_up' WHEN "rule" = 0 THEN 'taken' WHEN "rule" = -2 AND "previous" IN ('waiting') THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = -2 AND "previous" IN ('packing') OR "rule" = 0 OR "rule" = -2 AND "previous" IN ('waiting'))
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "number", "mark" FROM "changed";

-- take front
SELECT "priority", "run_at" FROM "parcels"
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "parcels" WHERE "state" IN ('waiting', 'packing') AND "priority" > CAST($1 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($1 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "parcels" WHERE "state" IN ('waiting', 'packing') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "parcels" WHERE "state" IN ('waiting', 'packing') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('packing') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($1 AS integer) THEN $2 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $3) AS "due"
LIMIT $3
));

-- take used up
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'lost', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "parcels" WHERE "state" IN ('waiting') AND "attempts" >= 2
ORDER BY "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('waiting') AND "attempts" >= 2 THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = -2 THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = -2)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "rule" FROM "changed";

-- take reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('packing') AND "lease_until" <= statement_timestamp()))
FROM "parcels" WHERE "id" = $1;

-- take adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."number", "kept"."mark"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- take adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."number", "kept"."mark"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('packing') AND "kept"."state" IN ('packing') AND "kept"."lease_until" > statement_timestamp() AND "log"."nonce" = $1;

-- inspect
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" IN ('packing') AND ($1) THEN 'packed' ELSE 'waiting' END, "rule" = CASE WHEN "state" IN ('packing') AND ($1) THEN 1 ELSE 2 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "epoch" = $3
  AND ("state" IN ('packing') AND ($1)
    OR "state" IN ('packing'))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'inspect', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 1 THEN 'approved' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 1)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- inspect with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" IN ('packing') AND ($1) THEN 'packed' ELSE 'waiting' END, "rule" = CASE WHEN "state" IN ('packing') AND ($1) THEN 1 ELSE 2 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "epoch" = $3
  AND ("state" IN ('packing') AND ($1)
    OR "state" IN ('packing'))
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $2 AND "token" = $4)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'inspect', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $4, 'inspect', $7, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 1 THEN 'approved' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 1)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- inspect many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "parcels" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" IN ('packing') AND ("row$6") THEN 'packed' ELSE 'waiting' END, "rule" = CASE WHEN "state" IN ('packing') AND ("row$6") THEN 1 ELSE 2 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('packing') AND ("row$6")
    OR "state" IN ('packing')) THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until", "rule", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'inspect', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $7 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'inspect', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 1 THEN 'approved' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 1)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- inspect many plain
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" IN ('packing') AND ("row$3") THEN 'packed' ELSE 'waiting' END, "rule" = CASE WHEN "state" IN ('packing') AND ("row$3") THEN 1 ELSE 2 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('packing') AND ("row$3")
    OR "state" IN ('packing')) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'inspect', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 1 THEN 'approved' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 1)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- inspect reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  ("state" IN ('packing') AND ($1)
    OR "state" IN ('packing'))
FROM "parcels" WHERE "id" = $2;

-- inspect adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."to_state"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- weigh
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packing', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('packing')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "lease_until", "epoch", "state", "previous", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'weigh', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 3 THEN 'weighed' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 3)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "changed";

-- weigh with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packing', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('packing')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "lease_until", "epoch", "state", "previous", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'weigh', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'weigh', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 3 THEN 'weighed' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 3)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "changed";

-- weigh many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "parcels" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packing', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('packing') THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "lease_until", "epoch", "state", "previous", "rule", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'weigh', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'weigh', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 3 THEN 'weighed' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 3)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "changed";

-- weigh reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('packing')
FROM "parcels" WHERE "id" = $1;

-- weigh adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."lease_until"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- send
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'sent', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('packing')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'send', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 4 THEN 'sent' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 4)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- send with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'sent', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('packing')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'send', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'send', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 4 THEN 'sent' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 4)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- send many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "parcels" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'sent', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('packing') THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'send', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'send', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 4 THEN 'sent' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 4)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- send many plain
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'sent', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('packing') THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'send', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 4 THEN 'sent' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 4)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- send reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('packing')
FROM "parcels" WHERE "id" = $1;

-- send adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- relabel
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "version" = $3
  AND "state" IN ('packed')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 5)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- relabel with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "version" = $3
  AND "state" IN ('packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $2 AND "token" = $4)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $4, 'relabel', $7, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 5)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- relabel any version
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "state" IN ('packed')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 5)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- relabel any version with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "state" IN ('packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $2 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'relabel', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 5)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- relabel reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('packed')
FROM "parcels" WHERE "id" = $1;

-- relabel adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."epoch"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- recall
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "version" = $2
  AND "state" IN ('waiting', 'packed')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 6)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- recall with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "version" = $2
  AND "state" IN ('waiting', 'packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'recall', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 6)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- recall any version
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "state" IN ('waiting', 'packed')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 6)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- recall any version with token
WITH "changed" AS (
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "state" IN ('waiting', 'packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = $1 AND "token" = $2)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until", "rule"
), "logged" AS (
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "settled" AS (
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $2, 'recall', $5, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
), "emitted" AS (
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "changed" WHERE ("rule" = 6)
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "emitted" CROSS JOIN "parcels_groups" WHERE "active"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- recall reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('waiting', 'packed')
FROM "parcels" WHERE "id" = $1;

-- recall adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."epoch"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- join
INSERT INTO "parcels_groups" ("name", "generation", "starts_at", "active")
SELECT $1, coalesce(max("generation"), 0) + 1, coalesce($2, clock_timestamp()), TRUE FROM "parcels_groups" WHERE TRUE
ON CONFLICT ("name") DO NOTHING
RETURNING "name";

-- rejoin
UPDATE "parcels_groups" SET "active" = TRUE, "generation" = (SELECT max("generation") + 1 FROM "parcels_groups"), "starts_at" = coalesce($1, clock_timestamp())
WHERE "name" = $2 AND NOT "active"
RETURNING "name";

-- leave
UPDATE "parcels_groups" SET "active" = FALSE
WHERE "name" = $1 AND "active"
RETURNING "name";

-- clear
DELETE FROM "parcels_deliveries" WHERE "consumer" = $1 AND NOT EXISTS (SELECT 1 FROM "parcels_groups" WHERE "name" = $1 AND "active");

-- next generation
SELECT min("generation") FROM "parcels_outbox" WHERE "generation" > $1;

-- raise
WITH "raised" AS (
UPDATE "parcels_outbox" SET "generation" = (SELECT max("generation") FROM "parcels_groups")
WHERE "generation" = $1
  AND "at" > (SELECT min("starts_at") FROM "parcels_groups" WHERE "active" AND "generation" > $1)
  AND "at" <= (SELECT max("at") FROM (SELECT "at" FROM "parcels_outbox" WHERE "generation" = $1
  AND "at" > (SELECT min("starts_at") FROM "parcels_groups" WHERE "active" AND "generation" > $1)
ORDER BY "at" LIMIT $2) AS "first")
RETURNING "job", "version", "part", "topic", "at"
), "handed" AS (
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "raised" CROSS JOIN (SELECT "name", "starts_at" FROM "parcels_groups" WHERE "active" AND "generation" > $1) AS "later"
WHERE "at" > "starts_at"
ON CONFLICT ("job", "version", "part", "consumer") DO NOTHING
)
SELECT "job" FROM "raised";

-- claim deliveries
UPDATE "parcels_deliveries" SET "epoch" = "epoch" + 1, "tries" = CASE WHEN "tries" < $1 THEN "tries" + 1 ELSE "tries" END, "run_at" = CASE WHEN "tries" < $1 THEN clock_timestamp() + $2 * interval '1 millisecond' ELSE "run_at" END, "parked_at" = CASE WHEN "tries" < $1 THEN NULL ELSE clock_timestamp() END, "error" = CASE WHEN "tries" < $1 THEN "error" ELSE coalesce("error", 'no try came to an end before its lease') END
WHERE "consumer" = $3 AND "job" = ANY(ARRAY(
SELECT "job" FROM "parcels_deliveries" WHERE "consumer" = $3 AND "parked_at" IS NULL AND "run_at" <= statement_timestamp()
  AND CASE WHEN "parked_at" IS NOT NULL OR "run_at" > statement_timestamp()
    OR EXISTS (SELECT 1 FROM "parcels_deliveries" AS "open" WHERE "open"."job" = "parcels_deliveries"."job" AND "open"."consumer" = "parcels_deliveries"."consumer" AND CASE WHEN "open"."parked_at" IS NULL THEN TRUE ELSE FALSE END AND ("open"."version" < "parcels_deliveries"."version" OR "open"."version" = "parcels_deliveries"."version" AND "open"."part" < "parcels_deliveries"."part"))
    OR EXISTS (SELECT 1 FROM "parcels_outbox" AS "event" WHERE "event"."job" = "parcels_deliveries"."job" AND "event"."version" < "parcels_deliveries"."version" AND EXISTS (SELECT 1 FROM "parcels_groups" WHERE "name" = "parcels_deliveries"."consumer" AND "generation" > "event"."generation" AND "starts_at" < "event"."at")) THEN FALSE ELSE TRUE END
ORDER BY "run_at", "job", "version" LIMIT $4 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "parked_at" IS NOT NULL OR "run_at" > statement_timestamp()
    OR EXISTS (SELECT 1 FROM "parcels_deliveries" AS "open" WHERE "open"."job" = "parcels_deliveries"."job" AND "open"."consumer" = "parcels_deliveries"."consumer" AND CASE WHEN "open"."parked_at" IS NULL THEN TRUE ELSE FALSE END AND ("open"."version" < "parcels_deliveries"."version" OR "open"."version" = "parcels_deliveries"."version" AND "open"."part" < "parcels_deliveries"."part"))
    OR EXISTS (SELECT 1 FROM "parcels_outbox" AS "event" WHERE "event"."job" = "parcels_deliveries"."job" AND "event"."version" < "parcels_deliveries"."version" AND EXISTS (SELECT 1 FROM "parcels_groups" WHERE "name" = "parcels_deliveries"."consumer" AND "generation" > "event"."generation" AND "starts_at" < "event"."at")) THEN FALSE ELSE TRUE END
RETURNING "job", "version", "part", "topic", "at", "epoch", "tries", "parked_at";

-- delivered
DELETE FROM "parcels_deliveries"
WHERE "job" = $1 AND "version" = $2 AND "part" = $3 AND "consumer" = $4
  AND "epoch" = $5
RETURNING "job";

-- not delivered
UPDATE "parcels_deliveries" SET "error" = $1, "run_at" = clock_timestamp() + $2 * interval '1 millisecond', "parked_at" = CASE WHEN "tries" >= $3 THEN clock_timestamp() END
WHERE "job" = $4 AND "version" = $5 AND "part" = $6 AND "consumer" = $7
  AND "epoch" = $8
RETURNING "parked_at";

-- not begun
UPDATE "parcels_deliveries" SET "tries" = "tries" - 1, "run_at" = clock_timestamp()
WHERE "job" = $1 AND "version" = $2 AND "part" = $3 AND "consumer" = $4
  AND "epoch" = $5
RETURNING "job";

-- parked
SELECT "job", "version", "part", "topic", "at", "epoch", "tries", "parked_at", "error" FROM "parcels_deliveries" WHERE "parked_at" IS NOT NULL AND "consumer" = $1
ORDER BY "job", "version", "part" LIMIT $2;

-- unpark
UPDATE "parcels_deliveries" SET "tries" = 0, "parked_at" = NULL, "run_at" = clock_timestamp()
WHERE "job" = $1 AND "version" = $2 AND "part" = $3 AND "consumer" = $4
  AND "epoch" = $5 AND "parked_at" IS NOT NULL
RETURNING "job";

-- discard
DELETE FROM "parcels_deliveries"
WHERE "job" = $1 AND "version" = $2 AND "part" = $3 AND "consumer" = $4
  AND "epoch" = $5 AND "parked_at" IS NOT NULL
RETURNING "job";

-- prune
DELETE FROM "parcels_outbox" WHERE "at" <= (SELECT max("at") FROM (SELECT "at" FROM "parcels_outbox" WHERE "generation" = $1 AND "at" <= statement_timestamp() - 3600000 * interval '1 millisecond'
  AND CASE WHEN (SELECT count(*) FROM "parcels_deliveries" AS "open" CROSS JOIN "parcels_groups" WHERE "open"."job" = "parcels_outbox"."job" AND "open"."version" = "parcels_outbox"."version" AND "open"."part" = "parcels_outbox"."part" AND "name" = "consumer" AND "active") > 0
    OR EXISTS (SELECT 1 FROM "parcels_groups" AS "later" WHERE "later"."active" AND "later"."generation" > "parcels_outbox"."generation" AND "later"."starts_at" < "parcels_outbox"."at") THEN FALSE ELSE TRUE END
ORDER BY "at" LIMIT $2) AS "oldest")
  AND "generation" = $1 AND "at" <= statement_timestamp() - 3600000 * interval '1 millisecond'
  AND CASE WHEN (SELECT count(*) FROM "parcels_deliveries" AS "open" CROSS JOIN "parcels_groups" WHERE "open"."job" = "parcels_outbox"."job" AND "open"."version" = "parcels_outbox"."version" AND "open"."part" = "parcels_outbox"."part" AND "name" = "consumer" AND "active") > 0
    OR EXISTS (SELECT 1 FROM "parcels_groups" AS "later" WHERE "later"."active" AND "later"."generation" > "parcels_outbox"."generation" AND "later"."starts_at" < "parcels_outbox"."at") THEN FALSE ELSE TRUE END
RETURNING "job";
