-- Schema
CREATE TABLE IF NOT EXISTS "queue_jobs" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "version" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "run_at" timestamptz NOT NULL,
  "created_at" timestamptz NOT NULL,
  "changed_at" timestamptz NOT NULL,
  "steps" bigint NOT NULL,
  "attempts" integer NOT NULL,
  "priority" integer NOT NULL,
  "rule" integer NOT NULL,
  "percent" integer NOT NULL,
  "lease_until" timestamptz,
  "finished" timestamptz,
  "state" text COLLATE "C" NOT NULL,
  "payload" text COLLATE "C" NOT NULL,
  "owner" text COLLATE "C",
  "key" text COLLATE "C",
  "fingerprint" text COLLATE "C",
  "error" text COLLATE "C",
  "previous" text COLLATE "C",
  "label" text COLLATE "C",
  "result" text COLLATE "C",
  CONSTRAINT "queue_jobs_state" CHECK ("state" = ANY ('{"queued","running","worked","refining","done","failed","dead","cancelled"}'::text[]))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE TABLE IF NOT EXISTS "queue_jobs_log" (
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
CREATE TABLE IF NOT EXISTS "queue_jobs_tokens" (
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
CREATE TABLE IF NOT EXISTS "queue_jobs_sweeps" (
  "name" text COLLATE "C" NOT NULL PRIMARY KEY,
  "began_at" timestamptz,
  "ended_at" timestamptz,
  "noticed_at" timestamptz,
  "actor" text COLLATE "C"
);
INSERT INTO "queue_jobs_sweeps" ("name") VALUES ('sweep'), ('tokens') ON CONFLICT ("name") DO NOTHING;
CREATE TABLE IF NOT EXISTS "queue_jobs_schema" (
  "number" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "library" text COLLATE "C" NOT NULL,
  "declaration" text COLLATE "C" NOT NULL,
  "changes" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("number")
);
CREATE UNIQUE INDEX IF NOT EXISTS "queue_jobs_key" ON "queue_jobs" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "queue_jobs_claim_due_3e2e5979" ON "queue_jobs" ("priority" DESC, "run_at", "id") WHERE "state" IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS "queue_jobs_claim_used_up_aaa9f0dd" ON "queue_jobs" ("id") WHERE "state" IN ('queued') AND "attempts" >= 3;
CREATE INDEX IF NOT EXISTS "queue_jobs_refine_due_13faac89" ON "queue_jobs" ("priority" DESC, "run_at", "id") WHERE "state" IN ('worked', 'refining');
CREATE INDEX IF NOT EXISTS "queue_jobs_refine_used_up_fab831a7" ON "queue_jobs" ("id") WHERE "state" IN ('worked') AND "attempts" >= 2;
CREATE INDEX IF NOT EXISTS "queue_jobs_leases_38cea87b" ON "queue_jobs" ("lease_until", "id") WHERE "state" IN ('running', 'refining');

-- submit
WITH "changed" AS (
INSERT INTO "queue_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps")
VALUES ('queued', 1, 0, 0, coalesce($1, clock_timestamp() + $2 * interval '1 millisecond'), $3, $4, $5, clock_timestamp(), clock_timestamp(), 0, $6, $7, $8, $9, $10, $11)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule", "changed_at"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'queued', 0, $12, "changed_at", NULL, $13 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "queue_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps")
SELECT 'queued', 1, 0, 0, coalesce("row$4", clock_timestamp() + "row$5" * interval '1 millisecond'), "row$1", "row$2", "row$3", (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$6", "row$7", "row$8", "row$9", "row$10", "row$11"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$9", "row$10", "row$11", "row$number")
WHERE "row$2" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs" WHERE "key" = "row$2" OFFSET 0)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'queued', 0, $12, (SELECT "at" FROM "now$"), NULL, $13 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many without keys
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "queue_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps")
SELECT 'queued', 1, 0, 0, coalesce("row$2", clock_timestamp() + "row$3" * interval '1 millisecond'), "row$1", NULL, NULL, (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$4", "row$5", "row$6", "row$7", "row$8", "row$9"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$9", "row$number")
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'queued', 0, $10, (SELECT "at" FROM "now$"), NULL, '' FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many alike
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "queue_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps")
SELECT 'queued', 1, 0, 0, coalesce($8, clock_timestamp() + $9 * interval '1 millisecond'), "row$1", NULL, NULL, (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$number")
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'queued', 0, $10, (SELECT "at" FROM "now$"), NULL, '' FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many shared
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "queue_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps")
SELECT 'queued', 1, 0, 0, coalesce("row$4", clock_timestamp() + "row$5" * interval '1 millisecond'), "row$1", "row$2", "row$3", (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$6", "row$7", "row$8", "row$9", "row$10", "row$11"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$9", "row$10", "row$11", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND ("row$2" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs" WHERE "key" = "row$2" OFFSET 0))
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'queued', 0, $12, (SELECT "at" FROM "now$"), NULL, $13 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- adopt submit
SELECT "kept"."id", "kept"."rule"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = 1
WHERE "kept"."key" = $1 AND "log"."nonce" = $2;

-- void token
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $1, '', '', 0, clock_timestamp(), '', '', 0 FROM "queue_jobs" WHERE "id" = $2
ON CONFLICT ("job", "token") DO NOTHING
RETURNING "job";

-- may be forgotten
SELECT EXISTS (SELECT 1 FROM "queue_jobs_sweeps" AS "mark" WHERE "name" = 'tokens' AND "ended_at" IS NOT NULL AND (SELECT count(*) FROM "queue_jobs_log" AS "log" WHERE "log"."job" = "kept"."id" AND "log"."version" > 1 AND "log"."at" > "mark"."ended_at") < "kept"."version" - 1)
FROM "queue_jobs" AS "kept" WHERE "kept"."id" = $1;

-- find key
SELECT "id", "state", "fingerprint", "version" FROM "queue_jobs" WHERE "key" = $1;

-- find keys
SELECT "found".* FROM ROWS FROM (unnest($1), generate_subscripts($1, 1)) AS "row" ("row$1", "row$number") CROSS JOIN LATERAL (
  SELECT "id", "state", "fingerprint", "version", "key" FROM "queue_jobs" WHERE "key" = "row$1" OFFSET 0) AS "found";

-- find token
SELECT "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch" FROM "queue_jobs_tokens" WHERE "job" = $1 AND "token" = $2;

-- read
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "payload", "label", "result", "finished", "percent", "steps" FROM "queue_jobs" WHERE "id" = $1;

-- list
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "payload", "label", "result", "finished", "percent", "steps" FROM "queue_jobs" WHERE "state" = $1 AND "id" > $2 ORDER BY "id" LIMIT $3;

-- history
SELECT "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until" FROM "queue_jobs_log" WHERE "job" = $1 AND "version" > $2 ORDER BY "version" LIMIT $3;

-- renew
UPDATE "queue_jobs" SET "lease_until" = greatest("lease_until", clock_timestamp() + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END * interval '1 millisecond')
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('running', 'refining')
RETURNING "id", "epoch", "lease_until";

-- renew many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "queue_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE) AS "locked"
)
UPDATE "queue_jobs" SET "lease_until" = greatest("lease_until", clock_timestamp() + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END * interval '1 millisecond')
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('running', 'refining') THEN TRUE ELSE FALSE END
RETURNING "id", "epoch", "lease_until";

-- renew reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('running', 'refining')
FROM "queue_jobs" WHERE "id" = $1;

-- expire
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" = 'running' AND "attempts" >= 3 THEN 'dead' WHEN "state" = 'running' THEN 'queued' WHEN "state" = 'refining' AND "attempts" >= 2 THEN 'dead' WHEN "state" = 'refining' THEN 'worked' END, "rule" = CASE WHEN "state" = 'running' AND "attempts" >= 3 THEN -2 WHEN "state" = 'running' THEN -1 WHEN "state" = 'refining' AND "attempts" >= 2 THEN -2 WHEN "state" = 'refining' THEN -1 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "error" = CASE WHEN "state" = 'running' AND "attempts" >= 3 THEN coalesce("error", 'attempts used up') WHEN "state" = 'running' THEN "error" WHEN "state" = 'refining' AND "attempts" >= 2 THEN coalesce("error", 'attempts used up') WHEN "state" = 'refining' THEN "error" END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "queue_jobs" WHERE "state" IN ('running', 'refining') AND "lease_until" <= statement_timestamp()
ORDER BY "lease_until", "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('running', 'refining') AND "lease_until" <= statement_timestamp() THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'expire' END, "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- claim by id
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'running' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 30000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 30000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND (("state" IN ('queued') AND "run_at" <= statement_timestamp()) OR ("state" IN ('running') AND "lease_until" <= statement_timestamp()))
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps" FROM "changed";

-- claim next
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'running' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 30000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 30000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('queued', 'running') AND "priority" > CAST($2 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($2 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('queued', 'running') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "queue_jobs" WHERE "state" IN ('queued', 'running') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('queued') AND "run_at" <= statement_timestamp()) OR ("state" IN ('running') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($2 AS integer) THEN $3 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $4 FOR UPDATE SKIP LOCKED) AS "due"
LIMIT $4
))
  AND CASE WHEN (("state" IN ('queued') AND "run_at" <= statement_timestamp()) OR ("state" IN ('running') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps" FROM "changed";

-- claim front
SELECT "priority", "run_at" FROM "queue_jobs"
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('queued', 'running') AND "priority" > CAST($1 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($1 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('queued', 'running') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "queue_jobs" WHERE "state" IN ('queued', 'running') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('queued') AND "run_at" <= statement_timestamp()) OR ("state" IN ('running') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($1 AS integer) THEN $2 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $3) AS "due"
LIMIT $3
));

-- claim used up
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'dead', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "queue_jobs" WHERE "state" IN ('queued') AND "attempts" >= 3
ORDER BY "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('queued') AND "attempts" >= 3 THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- claim reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  (("state" IN ('queued') AND "run_at" <= statement_timestamp()) OR ("state" IN ('running') AND "lease_until" <= statement_timestamp()))
FROM "queue_jobs" WHERE "id" = $1;

-- claim adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- claim adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('running', 'refining') AND "kept"."state" IN ('running') AND "kept"."lease_until" > statement_timestamp() AND "log"."nonce" = $1;

-- refine by id
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'refining' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 2 THEN 1 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 20000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 20000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND (("state" IN ('worked') AND "run_at" <= statement_timestamp()) OR ("state" IN ('refining') AND "lease_until" <= statement_timestamp()))
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'refine' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps" FROM "changed";

-- refine next
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'refining' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 2 THEN 1 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 20000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN clock_timestamp() + 20000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('worked', 'refining') AND "priority" > CAST($2 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($2 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('worked', 'refining') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "queue_jobs" WHERE "state" IN ('worked', 'refining') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('worked') AND "run_at" <= statement_timestamp()) OR ("state" IN ('refining') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($2 AS integer) THEN $3 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $4 FOR UPDATE SKIP LOCKED) AS "due"
LIMIT $4
))
  AND CASE WHEN (("state" IN ('worked') AND "run_at" <= statement_timestamp()) OR ("state" IN ('refining') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'refine' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps" FROM "changed";

-- refine front
SELECT "priority", "run_at" FROM "queue_jobs"
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('worked', 'refining') AND "priority" > CAST($1 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($1 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "queue_jobs" WHERE "state" IN ('worked', 'refining') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "queue_jobs" WHERE "state" IN ('worked', 'refining') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('worked') AND "run_at" <= statement_timestamp()) OR ("state" IN ('refining') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($1 AS integer) THEN $2 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $3) AS "due"
LIMIT $3
));

-- refine used up
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'dead', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "queue_jobs" WHERE "state" IN ('worked') AND "attempts" >= 2
ORDER BY "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('worked') AND "attempts" >= 2 THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- refine reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  (("state" IN ('worked') AND "run_at" <= statement_timestamp()) OR ("state" IN ('refining') AND "lease_until" <= statement_timestamp()))
FROM "queue_jobs" WHERE "id" = $1;

-- refine adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- refine adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('running', 'refining') AND "kept"."state" IN ('refining') AND "kept"."lease_until" > statement_timestamp() AND "log"."nonce" = $1;

-- progress
UPDATE "queue_jobs" SET "lease_until" = greatest("lease_until", clock_timestamp() + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END * interval '1 millisecond'), "percent" = $1
WHERE "id" = $2
  AND "epoch" = $3
  AND "state" IN ('running')
RETURNING "id", "epoch", "lease_until";

-- progress reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = $1;

-- checkpoint
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'running', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "steps" = "steps" + $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "epoch" = $3
  AND "state" IN ('running')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "lease_until", "epoch", "state", "previous"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'checkpoint', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "changed";

-- checkpoint with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'running', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "steps" = "steps" + $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "epoch" = $3
  AND "state" IN ('running')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $2 AND "token" = $4)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "lease_until", "epoch", "state", "previous"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'checkpoint', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $4, 'checkpoint', $7, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "changed";

-- checkpoint many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "queue_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'running', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "steps" = "steps" + $6, "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('running') THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "lease_until", "epoch", "state", "previous", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'checkpoint', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $7 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'checkpoint', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "changed";

-- checkpoint reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = $1;

-- checkpoint adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."lease_until"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- complete
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') THEN 'worked' ELSE 'done' END, "rule" = CASE WHEN "state" IN ('running') THEN 4 ELSE 5 END, "version" = "version" + 1, "attempts" = CASE WHEN "state" IN ('running') THEN 0 ELSE "attempts" END, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') THEN clock_timestamp() ELSE "run_at" END, "result" = coalesce("result", $1), "finished" = CASE WHEN "state" IN ('running') THEN "finished" ELSE coalesce("finished", clock_timestamp()) END, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "epoch" = $3
  AND ("state" IN ('running')
    OR "state" IN ('refining'))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- complete with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') THEN 'worked' ELSE 'done' END, "rule" = CASE WHEN "state" IN ('running') THEN 4 ELSE 5 END, "version" = "version" + 1, "attempts" = CASE WHEN "state" IN ('running') THEN 0 ELSE "attempts" END, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') THEN clock_timestamp() ELSE "run_at" END, "result" = coalesce("result", $1), "finished" = CASE WHEN "state" IN ('running') THEN "finished" ELSE coalesce("finished", clock_timestamp()) END, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "epoch" = $3
  AND ("state" IN ('running')
    OR "state" IN ('refining'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $2 AND "token" = $4)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $4, 'complete', $7, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- complete many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "queue_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') THEN 'worked' ELSE 'done' END, "rule" = CASE WHEN "state" IN ('running') THEN 4 ELSE 5 END, "version" = "version" + 1, "attempts" = CASE WHEN "state" IN ('running') THEN 0 ELSE "attempts" END, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') THEN clock_timestamp() ELSE "run_at" END, "result" = coalesce("result", "row$6"), "finished" = CASE WHEN "state" IN ('running') THEN "finished" ELSE coalesce("finished", clock_timestamp()) END, "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('running')
    OR "state" IN ('refining')) THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $7 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'complete', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- complete many plain
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') THEN 'worked' ELSE 'done' END, "rule" = CASE WHEN "state" IN ('running') THEN 4 ELSE 5 END, "version" = "version" + 1, "attempts" = CASE WHEN "state" IN ('running') THEN 0 ELSE "attempts" END, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') THEN clock_timestamp() ELSE "run_at" END, "result" = coalesce("result", "row$3"), "finished" = CASE WHEN "state" IN ('running') THEN "finished" ELSE coalesce("finished", clock_timestamp()) END, "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('running')
    OR "state" IN ('refining')) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- complete reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  ("state" IN ('running')
    OR "state" IN ('refining'))
FROM "queue_jobs" WHERE "id" = $1;

-- complete adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."to_state"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- fail
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ($1)) THEN 'queued' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ($1)) THEN 6 ELSE 7 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ($1)) THEN clock_timestamp() + (least(CAST(4000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 10000)) * interval '1 millisecond' ELSE clock_timestamp() END, "error" = $2, "changed_at" = clock_timestamp()
WHERE "id" = $3
  AND "epoch" = $4
  AND ("state" IN ('running') AND "attempts" < 3 AND (NOT ($1))
    OR "state" IN ('running', 'refining'))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- fail with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ($1)) THEN 'queued' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ($1)) THEN 6 ELSE 7 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ($1)) THEN clock_timestamp() + (least(CAST(4000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 10000)) * interval '1 millisecond' ELSE clock_timestamp() END, "error" = $2, "changed_at" = clock_timestamp()
WHERE "id" = $3
  AND "epoch" = $4
  AND ("state" IN ('running') AND "attempts" < 3 AND (NOT ($1))
    OR "state" IN ('running', 'refining'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $3 AND "token" = $5)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", $6, "changed_at", "lease_until", $7 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $5, 'fail', $8, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- fail many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "queue_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ("row$6")) THEN 'queued' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ("row$6")) THEN 6 ELSE 7 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ("row$6")) THEN clock_timestamp() + (least(CAST(4000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 10000)) * interval '1 millisecond' ELSE clock_timestamp() END, "error" = "row$7", "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('running') AND "attempts" < 3 AND (NOT ("row$6"))
    OR "state" IN ('running', 'refining')) THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $8 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'fail', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- fail many plain
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ("row$3")) THEN 'queued' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ("row$3")) THEN 6 ELSE 7 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT ("row$3")) THEN clock_timestamp() + (least(CAST(4000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 10000)) * interval '1 millisecond' ELSE clock_timestamp() END, "error" = "row$4", "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('running') AND "attempts" < 3 AND (NOT ("row$3"))
    OR "state" IN ('running', 'refining')) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "changed";

-- fail reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  ("state" IN ('running') AND "attempts" < 3 AND (NOT ($1))
    OR "state" IN ('running', 'refining'))
FROM "queue_jobs" WHERE "id" = $2;

-- fail adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."to_state"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- release
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 8, "version" = "version" + 1, "attempts" = greatest("attempts" - 1, 0), "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('running')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'release', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- release with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 8, "version" = "version" + 1, "attempts" = greatest("attempts" - 1, 0), "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('running')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'release', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'release', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- release many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "queue_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 8, "version" = "version" + 1, "attempts" = greatest("attempts" - 1, 0), "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('running') THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'release', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'release', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- release many plain
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 8, "version" = "version" + 1, "attempts" = greatest("attempts" - 1, 0), "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('running') THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'release', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- release reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = $1;

-- release adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- hand_back
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 9, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('running')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'hand_back', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- hand_back with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 9, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('running')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'hand_back', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'hand_back', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- hand_back many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "queue_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 9, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('running') THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'hand_back', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'hand_back', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- hand_back many plain
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 9, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('running') THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'hand_back', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- hand_back reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = $1;

-- hand_back adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- cancel
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "version" = $2
  AND "state" IN ('queued', 'running', 'worked')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- cancel with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "version" = $2
  AND "state" IN ('queued', 'running', 'worked')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'cancel', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- cancel any version
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "state" IN ('queued', 'running', 'worked')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- cancel any version with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "state" IN ('queued', 'running', 'worked')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $1 AND "token" = $2)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $2, 'cancel', $5, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- cancel reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('queued', 'running', 'worked')
FROM "queue_jobs" WHERE "id" = $1;

-- cancel adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."epoch"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- requeue
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "error" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "version" = $3
  AND "state" IN ('failed', 'dead')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- requeue with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "error" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "version" = $3
  AND "state" IN ('failed', 'dead')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $2 AND "token" = $4)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $4, 'requeue', $7, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- requeue any version
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "error" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "state" IN ('failed', 'dead')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- requeue any version with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = clock_timestamp(), "error" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "state" IN ('failed', 'dead')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $2 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch", "state", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'requeue', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "changed";

-- requeue reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('failed', 'dead')
FROM "queue_jobs" WHERE "id" = $1;

-- requeue adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."epoch"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- annotate
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "version" = $3
  AND ("state" IN ('queued')
    OR "state" IN ('running'))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "changed";

-- annotate with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND "version" = $3
  AND ("state" IN ('queued')
    OR "state" IN ('running'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $2 AND "token" = $4)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", $5, "changed_at", "lease_until", $6 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $4, 'annotate', $7, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "changed";

-- annotate any version
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND ("state" IN ('queued')
    OR "state" IN ('running'))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "changed";

-- annotate any version with token
WITH "changed" AS (
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = $1, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND ("state" IN ('queued')
    OR "state" IN ('running'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = $2 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until"
), "logged" AS (
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'annotate', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "changed";

-- annotate reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  ("state" IN ('queued')
    OR "state" IN ('running'))
FROM "queue_jobs" WHERE "id" = $1;

-- annotate adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."to_state", "log"."epoch", "log"."lease_until"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;
