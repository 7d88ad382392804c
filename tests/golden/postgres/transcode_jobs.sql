-- Schema
CREATE TABLE IF NOT EXISTS "transcode_jobs" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "version" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "run_at" timestamptz NOT NULL,
  "created_at" timestamptz NOT NULL,
  "changed_at" timestamptz NOT NULL,
  "attempts" integer NOT NULL,
  "priority" integer NOT NULL,
  "rule" integer NOT NULL,
  "lease_until" timestamptz,
  "duration" double precision,
  "width" integer,
  "height" integer,
  "state" text COLLATE "C" NOT NULL,
  "video" text COLLATE "C" NOT NULL,
  "owner" text COLLATE "C",
  "key" text COLLATE "C",
  "fingerprint" text COLLATE "C",
  "error" text COLLATE "C",
  "previous" text COLLATE "C",
  CONSTRAINT "transcode_jobs_state" CHECK ("state" = ANY ('{"waiting","claimed","completed","failed","cancelled"}'::text[]))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE TABLE IF NOT EXISTS "transcode_jobs_log" (
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
CREATE TABLE IF NOT EXISTS "transcode_jobs_tokens" (
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
CREATE TABLE IF NOT EXISTS "transcode_jobs_sweeps" (
  "name" text COLLATE "C" NOT NULL PRIMARY KEY,
  "began_at" timestamptz,
  "ended_at" timestamptz,
  "noticed_at" timestamptz,
  "actor" text COLLATE "C"
);
INSERT INTO "transcode_jobs_sweeps" ("name") VALUES ('sweep'), ('tokens') ON CONFLICT ("name") DO NOTHING;
CREATE TABLE IF NOT EXISTS "transcode_jobs_schema" (
  "number" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "library" text COLLATE "C" NOT NULL,
  "declaration" text COLLATE "C" NOT NULL,
  "changes" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("number")
);
CREATE UNIQUE INDEX IF NOT EXISTS "transcode_jobs_key" ON "transcode_jobs" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "transcode_jobs_claim_due_2f393cf7" ON "transcode_jobs" ("priority" DESC, "run_at", "id") WHERE "state" IN ('waiting', 'claimed');
CREATE INDEX IF NOT EXISTS "transcode_jobs_claim_used_up_37c53471" ON "transcode_jobs" ("id") WHERE "state" IN ('waiting') AND "attempts" >= 3;
CREATE INDEX IF NOT EXISTS "transcode_jobs_leases_549dac8d" ON "transcode_jobs" ("lease_until", "id") WHERE "state" IN ('claimed');

-- submit
WITH "changed" AS (
INSERT INTO "transcode_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "video", "duration", "width", "height")
VALUES ('waiting', 1, 0, 0, coalesce($1, clock_timestamp() + $2 * interval '1 millisecond'), $3, $4, $5, clock_timestamp(), clock_timestamp(), 0, $6, $7, $8, $9)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule", "changed_at"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $10, "changed_at", NULL, $11 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "transcode_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "video", "duration", "width", "height")
SELECT 'waiting', 1, 0, 0, coalesce("row$4", clock_timestamp() + "row$5" * interval '1 millisecond'), "row$1", "row$2", "row$3", (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$6", "row$7", "row$8", "row$9"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$9", "row$number")
WHERE "row$2" IS NULL OR NOT EXISTS (SELECT 1 FROM "transcode_jobs" WHERE "key" = "row$2" OFFSET 0)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $10, (SELECT "at" FROM "now$"), NULL, $11 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many without keys
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "transcode_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "video", "duration", "width", "height")
SELECT 'waiting', 1, 0, 0, coalesce("row$2", clock_timestamp() + "row$3" * interval '1 millisecond'), "row$1", NULL, NULL, (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$4", "row$5", "row$6", "row$7"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$number")
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $8, (SELECT "at" FROM "now$"), NULL, '' FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many alike
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "transcode_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "video", "duration", "width", "height")
SELECT 'waiting', 1, 0, 0, coalesce($6, clock_timestamp() + $7 * interval '1 millisecond'), "row$1", NULL, NULL, (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$2", "row$3", "row$4", "row$5"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number")
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $8, (SELECT "at" FROM "now$"), NULL, '' FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- submit many shared
WITH "now$" AS (
SELECT clock_timestamp() AS "at"
), "changed" AS (
INSERT INTO "transcode_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "video", "duration", "width", "height")
SELECT 'waiting', 1, 0, 0, coalesce("row$4", clock_timestamp() + "row$5" * interval '1 millisecond'), "row$1", "row$2", "row$3", (SELECT "at" FROM "now$"), (SELECT "at" FROM "now$"), "row$number", "row$6", "row$7", "row$8", "row$9"
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$9", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND ("row$2" IS NULL OR NOT EXISTS (SELECT 1 FROM "transcode_jobs" WHERE "key" = "row$2" OFFSET 0))
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING
RETURNING "id", "rule"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", 1, 'submit', NULL, 'waiting', 0, $10, (SELECT "at" FROM "now$"), NULL, $11 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- adopt submit
SELECT "kept"."id", "kept"."rule"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = 1
WHERE "kept"."key" = $1 AND "log"."nonce" = $2;

-- void token
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $1, '', '', 0, clock_timestamp(), '', '', 0 FROM "transcode_jobs" WHERE "id" = $2
ON CONFLICT ("job", "token") DO NOTHING
RETURNING "job";

-- may be forgotten
SELECT EXISTS (SELECT 1 FROM "transcode_jobs_sweeps" AS "mark" WHERE "name" = 'tokens' AND "ended_at" IS NOT NULL AND (SELECT count(*) FROM "transcode_jobs_log" AS "log" WHERE "log"."job" = "kept"."id" AND "log"."version" > 1 AND "log"."at" > "mark"."ended_at") < "kept"."version" - 1)
FROM "transcode_jobs" AS "kept" WHERE "kept"."id" = $1;

-- find key
SELECT "id", "state", "fingerprint", "version" FROM "transcode_jobs" WHERE "key" = $1;

-- find keys
SELECT "found".* FROM ROWS FROM (unnest($1), generate_subscripts($1, 1)) AS "row" ("row$1", "row$number") CROSS JOIN LATERAL (
  SELECT "id", "state", "fingerprint", "version", "key" FROM "transcode_jobs" WHERE "key" = "row$1" OFFSET 0) AS "found";

-- find token
SELECT "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch" FROM "transcode_jobs_tokens" WHERE "job" = $1 AND "token" = $2;

-- read
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "video", "duration", "width", "height" FROM "transcode_jobs" WHERE "id" = $1;

-- list
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "video", "duration", "width", "height" FROM "transcode_jobs" WHERE "state" = $1 AND "id" > $2 ORDER BY "id" LIMIT $3;

-- history
SELECT "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until" FROM "transcode_jobs_log" WHERE "job" = $1 AND "version" > $2 ORDER BY "version" LIMIT $3;

-- renew
UPDATE "transcode_jobs" SET "lease_until" = greatest("lease_until", clock_timestamp() + 1800000 * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + 1800000 * interval '1 millisecond')
WHERE "id" = $1
  AND "epoch" = $2
  AND "state" IN ('claimed')
RETURNING "id", "epoch", "lease_until";

-- renew many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "transcode_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE) AS "locked"
)
UPDATE "transcode_jobs" SET "lease_until" = greatest("lease_until", clock_timestamp() + 1800000 * interval '1 millisecond'), "run_at" = greatest("lease_until", clock_timestamp() + 1800000 * interval '1 millisecond')
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('claimed') THEN TRUE ELSE FALSE END
RETURNING "id", "epoch", "lease_until";

-- renew reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('claimed')
FROM "transcode_jobs" WHERE "id" = $1;

-- expire
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" = 'claimed' AND "attempts" >= 3 THEN 'failed' WHEN "state" = 'claimed' THEN 'waiting' END, "rule" = CASE WHEN "state" = 'claimed' AND "attempts" >= 3 THEN -2 WHEN "state" = 'claimed' THEN -1 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "error" = CASE WHEN "state" = 'claimed' AND "attempts" >= 3 THEN coalesce("error", 'attempts used up') WHEN "state" = 'claimed' THEN "error" END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "transcode_jobs" WHERE "state" IN ('claimed') AND "lease_until" <= statement_timestamp()
ORDER BY "lease_until", "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('claimed') AND "lease_until" <= statement_timestamp() THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'expire' END, "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- claim by id
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'claimed' ELSE 'failed' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 1800000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 1800000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = $2
  AND (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('claimed') AND "lease_until" <= statement_timestamp()))
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "video", "duration", "width", "height"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "video", "duration", "width", "height" FROM "changed";

-- claim next
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'claimed' ELSE 'failed' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN $1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 1800000 * interval '1 millisecond' ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN clock_timestamp() + 1800000 * interval '1 millisecond' ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "transcode_jobs" WHERE "state" IN ('waiting', 'claimed') AND "priority" > CAST($2 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($2 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "transcode_jobs" WHERE "state" IN ('waiting', 'claimed') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($2 AS integer) THEN CAST($2 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "transcode_jobs" WHERE "state" IN ('waiting', 'claimed') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('claimed') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($2 AS integer) THEN $3 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $4 FOR UPDATE SKIP LOCKED) AS "due"
LIMIT $4
))
  AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('claimed') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "state", "previous", "changed_at", "rule", "video", "duration", "width", "height"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", $1, "changed_at", "lease_until", $5 FROM "changed"
)
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "video", "duration", "width", "height" FROM "changed";

-- claim front
SELECT "priority", "run_at" FROM "transcode_jobs"
WHERE "id" = ANY(ARRAY(
WITH RECURSIVE "level" ("level$at") AS (
  SELECT coalesce((SELECT "priority" FROM "transcode_jobs" WHERE "state" IN ('waiting', 'claimed') AND "priority" > CAST($1 AS integer) ORDER BY "priority" DESC LIMIT 1), CAST($1 AS integer))
  UNION ALL
  SELECT coalesce((SELECT "priority" FROM "transcode_jobs" WHERE "state" IN ('waiting', 'claimed') AND "priority" < "level$at" AND "priority" > CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) ELSE -2147483649 END ORDER BY "priority" DESC LIMIT 1), CASE WHEN "level$at" > CAST($1 AS integer) THEN CAST($1 AS integer) END) FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN LATERAL (
  SELECT "id" FROM "transcode_jobs" WHERE "state" IN ('waiting', 'claimed') AND "priority" = "level$at" AND "run_at" <= statement_timestamp() AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('claimed') AND "lease_until" <= statement_timestamp())) THEN TRUE ELSE FALSE END AND "run_at" >= coalesce(CASE WHEN "level$at" = CAST($1 AS integer) THEN $2 END, '-infinity')
  ORDER BY "run_at", "id" LIMIT $3) AS "due"
LIMIT $3
));

-- claim used up
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'failed', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = clock_timestamp()
WHERE "id" = ANY(ARRAY(
SELECT "id" FROM "transcode_jobs" WHERE "state" IN ('waiting') AND "attempts" >= 3
ORDER BY "id" LIMIT $1 FOR UPDATE SKIP LOCKED
))
  AND CASE WHEN "state" IN ('waiting') AND "attempts" >= 3 THEN TRUE ELSE FALSE END
RETURNING "id", "rule", "version", "epoch", "state", "previous", "lease_until", "changed_at"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "rule" FROM "changed";

-- claim reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  (("state" IN ('waiting') AND "run_at" <= statement_timestamp()) OR ("state" IN ('claimed') AND "lease_until" <= statement_timestamp()))
FROM "transcode_jobs" WHERE "id" = $1;

-- claim adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."video", "kept"."duration", "kept"."width", "kept"."height"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- claim adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."video", "kept"."duration", "kept"."width", "kept"."height"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('claimed') AND "kept"."state" IN ('claimed') AND "kept"."lease_until" > statement_timestamp() AND "log"."nonce" = $1;

-- complete
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'completed', "rule" = 1, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "duration" = coalesce("duration", $1), "width" = coalesce("width", $2), "height" = coalesce("height", $3), "changed_at" = clock_timestamp()
WHERE "id" = $4
  AND "epoch" = $5
  AND "state" IN ('claimed')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", $6, "changed_at", "lease_until", $7 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- complete with token
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'completed', "rule" = 1, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "duration" = coalesce("duration", $1), "width" = coalesce("width", $2), "height" = coalesce("height", $3), "changed_at" = clock_timestamp()
WHERE "id" = $4
  AND "epoch" = $5
  AND "state" IN ('claimed')
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = $4 AND "token" = $6)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", $7, "changed_at", "lease_until", $8 FROM "changed"
), "settled" AS (
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $6, 'complete', $9, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- complete many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "transcode_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'completed', "rule" = 1, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "duration" = coalesce("duration", "row$6"), "width" = coalesce("width", "row$7"), "height" = coalesce("height", "row$8"), "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('claimed') THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $9 FROM "changed"
), "settled" AS (
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'complete', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- complete many plain
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'completed', "rule" = 1, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "duration" = coalesce("duration", "row$3"), "width" = coalesce("width", "row$4"), "height" = coalesce("height", "row$5"), "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND "state" IN ('claimed') THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", $6, "changed_at", "lease_until", $7 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "changed";

-- complete reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('claimed')
FROM "transcode_jobs" WHERE "id" = $1;

-- complete adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- fail
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1)) THEN 'waiting' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1)) THEN 2 ELSE 3 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1)) THEN clock_timestamp() + (least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) + CAST(least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) * $2 AS bigint)) * interval '1 millisecond' ELSE "run_at" END, "error" = $3, "changed_at" = clock_timestamp()
WHERE "id" = $4
  AND "epoch" = $5
  AND ("state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1))
    OR "state" IN ('claimed'))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", $6, "changed_at", "lease_until", $7 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- fail with token
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1)) THEN 'waiting' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1)) THEN 2 ELSE 3 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1)) THEN clock_timestamp() + (least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) + CAST(least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) * $2 AS bigint)) * interval '1 millisecond' ELSE "run_at" END, "error" = $3, "changed_at" = clock_timestamp()
WHERE "id" = $4
  AND "epoch" = $5
  AND ("state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1))
    OR "state" IN ('claimed'))
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = $4 AND "token" = $6)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", $7, "changed_at", "lease_until", $8 FROM "changed"
), "settled" AS (
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $6, 'fail', $9, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- fail many
WITH "held" AS MATERIALIZED (
SELECT "row".* FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$6", "row$7", "row$8", "row$number") CROSS JOIN LATERAL (
  SELECT FROM "transcode_jobs" WHERE "id" = "row$1" FOR NO KEY UPDATE SKIP LOCKED) AS "locked"
), "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$7")) THEN 'waiting' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$7")) THEN 2 ELSE 3 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$7")) THEN clock_timestamp() + (least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) + CAST(least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) * ("row$6" * $9) AS bigint)) * interval '1 millisecond' ELSE "run_at" END, "error" = "row$8", "changed_at" = clock_timestamp()
FROM "held"
WHERE "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$7"))
    OR "state" IN ('claimed')) THEN TRUE ELSE FALSE END
  AND ("row$3" IS NULL OR NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = "row$1" AND "token" = "row$3" OFFSET 0))
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until", "row$3", "row$4", "row$5"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", "row$5", "changed_at", "lease_until", $10 FROM "changed"
), "settled" AS (
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", "row$3", 'fail', "row$4", "version", "changed_at", "previous", "state", "epoch" FROM "changed" WHERE "row$3" IS NOT NULL
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- fail many plain
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$4")) THEN 'waiting' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$4")) THEN 2 ELSE 3 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$4")) THEN clock_timestamp() + (least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) + CAST(least(CAST(5000 AS bigint) * (1 << least(greatest("attempts" - 1, 0), 30)), 300000) * ("row$3" * $6) AS bigint)) * interval '1 millisecond' ELSE "run_at" END, "error" = "row$5", "changed_at" = clock_timestamp()
FROM ROWS FROM (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), generate_subscripts($1, 1)) AS "row" ("row$1", "row$2", "row$3", "row$4", "row$5", "row$number")
WHERE (SELECT set_config('lock_timeout', '25', TRUE)) IS NOT NULL
  AND "id" = ANY(ARRAY["row$1"])
  AND CASE WHEN "epoch" = "row$2"
  AND ("state" IN ('claimed') AND "attempts" < 3 AND (NOT ("row$4"))
    OR "state" IN ('claimed')) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "attempts", "run_at", "changed_at", "state", "epoch", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", $7, "changed_at", "lease_until", $8 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "changed";

-- fail reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  ("state" IN ('claimed') AND "attempts" < 3 AND (NOT ($1))
    OR "state" IN ('claimed'))
FROM "transcode_jobs" WHERE "id" = $2;

-- fail adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."to_state"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;

-- cancel
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "version" = $2
  AND "state" IN ('waiting')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- cancel with token
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "version" = $2
  AND "state" IN ('waiting')
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = $1 AND "token" = $3)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $4, "changed_at", "lease_until", $5 FROM "changed"
), "settled" AS (
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $3, 'cancel', $6, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- cancel any version
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "state" IN ('waiting')
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $2, "changed_at", "lease_until", $3 FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- cancel any version with token
WITH "changed" AS (
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = clock_timestamp()
WHERE "id" = $1
  AND "state" IN ('waiting')
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = $1 AND "token" = $2)
RETURNING "id", "version", "attempts", "run_at", "changed_at", "epoch", "state", "previous", "lease_until"
), "logged" AS (
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", $3, "changed_at", "lease_until", $4 FROM "changed"
), "settled" AS (
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", $2, 'cancel', $5, "version", "changed_at", "previous", "state", "epoch" FROM "changed"
)
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "changed";

-- cancel reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= statement_timestamp(), "lease_until" <= clock_timestamp(),
  "state" IN ('waiting')
FROM "transcode_jobs" WHERE "id" = $1;

-- cancel adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."epoch"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = $1 AND "log"."nonce" = $2;
