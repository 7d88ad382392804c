-- Schema
CREATE TABLE IF NOT EXISTS "transcode_jobs" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "state" TEXT NOT NULL ON CONFLICT FAIL,
  "version" INTEGER NOT NULL ON CONFLICT FAIL,
  "epoch" INTEGER NOT NULL ON CONFLICT FAIL,
  "attempts" INTEGER NOT NULL ON CONFLICT FAIL,
  "owner" TEXT,
  "lease_until" INTEGER,
  "run_at" INTEGER NOT NULL ON CONFLICT FAIL,
  "priority" INTEGER NOT NULL ON CONFLICT FAIL,
  "key" TEXT,
  "fingerprint" TEXT,
  "error" TEXT,
  "created_at" INTEGER NOT NULL ON CONFLICT FAIL,
  "changed_at" INTEGER NOT NULL ON CONFLICT FAIL,
  "previous" TEXT,
  "rule" INTEGER NOT NULL ON CONFLICT FAIL,
  "video" TEXT NOT NULL ON CONFLICT FAIL,
  "duration" REAL,
  "width" INTEGER,
  "height" INTEGER
) STRICT;
CREATE TRIGGER IF NOT EXISTS "transcode_jobs_state_insert" BEFORE INSERT ON "transcode_jobs" WHEN CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 WHEN NEW."width" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 WHEN NEW."height" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 ELSE CASE NEW."state" WHEN 'waiting' THEN 0 WHEN 'claimed' THEN 0 WHEN 'completed' THEN 0 WHEN 'failed' THEN 0 WHEN 'cancelled' THEN 0 ELSE NEW."state" IS NOT NULL END END BEGIN SELECT CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit priority') WHEN NEW."width" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit width') WHEN NEW."height" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit height') ELSE RAISE(FAIL, 'the state is not declared') END; END;
CREATE TRIGGER IF NOT EXISTS "transcode_jobs_state_update" BEFORE UPDATE OF "state", "priority", "width", "height" ON "transcode_jobs" WHEN CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 WHEN NEW."width" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 WHEN NEW."height" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 ELSE CASE NEW."state" WHEN 'waiting' THEN 0 WHEN 'claimed' THEN 0 WHEN 'completed' THEN 0 WHEN 'failed' THEN 0 WHEN 'cancelled' THEN 0 ELSE NEW."state" IS NOT NULL END END BEGIN SELECT CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit priority') WHEN NEW."width" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit width') WHEN NEW."height" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit height') ELSE RAISE(FAIL, 'the state is not declared') END; END;
CREATE TABLE IF NOT EXISTS "transcode_jobs_log" (
  "job" INTEGER NOT NULL ON CONFLICT FAIL,
  "version" INTEGER NOT NULL ON CONFLICT FAIL,
  "event" TEXT NOT NULL ON CONFLICT FAIL,
  "from_state" TEXT,
  "to_state" TEXT NOT NULL ON CONFLICT FAIL,
  "epoch" INTEGER NOT NULL ON CONFLICT FAIL,
  "actor" TEXT,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "lease_until" INTEGER,
  "nonce" BLOB NOT NULL ON CONFLICT FAIL,
  PRIMARY KEY ("job", "version") ON CONFLICT FAIL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "transcode_jobs_tokens" (
  "job" INTEGER NOT NULL ON CONFLICT FAIL,
  "token" TEXT NOT NULL ON CONFLICT FAIL,
  "event" TEXT NOT NULL ON CONFLICT FAIL,
  "fingerprint" TEXT NOT NULL ON CONFLICT FAIL,
  "version" INTEGER NOT NULL ON CONFLICT FAIL,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "from_state" TEXT NOT NULL ON CONFLICT FAIL,
  "to_state" TEXT NOT NULL ON CONFLICT FAIL,
  "epoch" INTEGER NOT NULL ON CONFLICT FAIL,
  PRIMARY KEY ("job", "token") ON CONFLICT FAIL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "transcode_jobs_sweeps" (
  "name" TEXT NOT NULL PRIMARY KEY,
  "began_at" INTEGER,
  "ended_at" INTEGER,
  "noticed_at" INTEGER,
  "actor" TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "transcode_jobs_sweeps" ("name") VALUES ('sweep'), ('tokens') ON CONFLICT ("name") DO NOTHING;
CREATE TABLE IF NOT EXISTS "transcode_jobs_schema" (
  "number" INTEGER NOT NULL,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "library" TEXT NOT NULL ON CONFLICT FAIL,
  "declaration" TEXT NOT NULL ON CONFLICT FAIL,
  "changes" TEXT NOT NULL ON CONFLICT FAIL,
  PRIMARY KEY ("number")
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS "transcode_jobs_key" ON "transcode_jobs" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "transcode_jobs_claim_due_2f393cf7" ON "transcode_jobs" ("priority" DESC, "run_at", "id") WHERE "state" IN ('waiting', 'claimed');
CREATE INDEX IF NOT EXISTS "transcode_jobs_claim_used_up_37c53471" ON "transcode_jobs" ("id") WHERE "state" IN ('waiting') AND "attempts" >= 3;
CREATE INDEX IF NOT EXISTS "transcode_jobs_leases_549dac8d" ON "transcode_jobs" ("lease_until", "id") WHERE "state" IN ('claimed');

-- submit
INSERT INTO "transcode_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "video", "duration", "width", "height")
VALUES ('waiting', 1, 0, 0, coalesce(?1, ?2 + ?3), ?4, ?5, ?6, ?2, ?2, 0, ?7, ?8, ?9, ?10)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING;

-- submit, read back
SELECT "id", "rule" FROM "transcode_jobs" WHERE "id" = last_insert_rowid();

-- submit, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'submit', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- adopt submit
SELECT "kept"."id", "kept"."rule"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = 1
WHERE "kept"."key" = ?1 AND "log"."nonce" = ?2;

-- void token
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, '', '', 0, ?2, '', '', 0 FROM "transcode_jobs" WHERE "id" = ?3
ON CONFLICT ("job", "token") DO NOTHING
RETURNING "job";

-- may be forgotten
SELECT EXISTS (SELECT 1 FROM "transcode_jobs_sweeps" AS "mark" WHERE "name" = 'tokens' AND "ended_at" IS NOT NULL AND (SELECT count(*) FROM "transcode_jobs_log" AS "log" WHERE "log"."job" = "kept"."id" AND "log"."version" > 1 AND "log"."at" > "mark"."ended_at") < "kept"."version" - 1)
FROM "transcode_jobs" AS "kept" WHERE "kept"."id" = ?1;

-- find key
SELECT "id", "state", "fingerprint", "version" FROM "transcode_jobs" WHERE "key" = ?1;

-- find token
SELECT "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch" FROM "transcode_jobs_tokens" WHERE "job" = ?1 AND "token" = ?2;

-- read
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "video", "duration", "width", "height" FROM "transcode_jobs" WHERE "id" = ?1;

-- list
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "video", "duration", "width", "height" FROM "transcode_jobs" WHERE "state" = ?1 AND "id" > ?2 ORDER BY "id" LIMIT ?3;

-- history
SELECT "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until" FROM "transcode_jobs_log" WHERE "job" = ?1 AND "version" > ?2 ORDER BY "version" LIMIT ?3;

-- renew
UPDATE "transcode_jobs" SET "lease_until" = max("lease_until", ?1 + 1800000), "run_at" = max("lease_until", ?1 + 1800000)
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('claimed');

-- renew, read back
SELECT "id", "epoch", "lease_until" FROM "transcode_jobs" WHERE "id" = ?1;

-- renew reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('claimed')
FROM "transcode_jobs" WHERE "id" = ?2;

-- expire
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" = 'claimed' AND "attempts" >= 3 THEN 'failed' WHEN "state" = 'claimed' THEN 'waiting' END, "rule" = CASE WHEN "state" = 'claimed' AND "attempts" >= 3 THEN -2 WHEN "state" = 'claimed' THEN -1 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "error" = CASE WHEN "state" = 'claimed' AND "attempts" >= 3 THEN coalesce("error", 'attempts used up') WHEN "state" = 'claimed' THEN "error" END, "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "transcode_jobs" INDEXED BY "transcode_jobs_leases_549dac8d" WHERE "state" IN ('claimed') AND "lease_until" <= ?1
ORDER BY "lease_until", "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('claimed') AND "lease_until" <= ?1 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- expire, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'expire' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- claim by id
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'claimed' ELSE 'failed' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN ?2 + 1800000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN ?2 + 1800000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" = ?3
  AND (("state" IN ('waiting') AND "run_at" <= ?2) OR ("state" IN ('claimed') AND "lease_until" <= ?2));

-- claim by id, read back
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "video", "duration", "width", "height" FROM "transcode_jobs" WHERE "id" = ?1;

-- claim by id, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- claim next
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'claimed' ELSE 'failed' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN ?2 + 1800000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN ?2 + 1800000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" IN (
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "transcode_jobs" INDEXED BY "transcode_jobs_claim_due_2f393cf7" WHERE "state" IN ('waiting', 'claimed'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "transcode_jobs" INDEXED BY "transcode_jobs_claim_due_2f393cf7" WHERE "state" IN ('waiting', 'claimed') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "transcode_jobs" AS "due" INDEXED BY "transcode_jobs_claim_due_2f393cf7" WHERE "state" IN ('waiting', 'claimed') AND "priority" = "level$at" AND "run_at" <= ?2 AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= ?2) OR ("state" IN ('claimed') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
LIMIT ?3
)
  AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= ?2) OR ("state" IN ('claimed') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "video", "duration", "width", "height";

-- claim next, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- claim next, search for one
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "transcode_jobs" INDEXED BY "transcode_jobs_claim_due_2f393cf7" WHERE "state" IN ('waiting', 'claimed'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "transcode_jobs" INDEXED BY "transcode_jobs_claim_due_2f393cf7" WHERE "state" IN ('waiting', 'claimed') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "transcode_jobs" AS "due" INDEXED BY "transcode_jobs_claim_due_2f393cf7" WHERE "state" IN ('waiting', 'claimed') AND "priority" = "level$at" AND "run_at" <= ?1 AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= ?1) OR ("state" IN ('claimed') AND "lease_until" <= ?1)) THEN TRUE ELSE FALSE END
LIMIT ?2;

-- claim used up
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'failed', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "transcode_jobs" INDEXED BY "transcode_jobs_claim_used_up_37c53471" WHERE "state" IN ('waiting') AND "attempts" >= 3
ORDER BY "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('waiting') AND "attempts" >= 3 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- claim used up, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- claim reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  (("state" IN ('waiting') AND "run_at" <= ?1) OR ("state" IN ('claimed') AND "lease_until" <= ?1))
FROM "transcode_jobs" WHERE "id" = ?2;

-- claim adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."video", "kept"."duration", "kept"."width", "kept"."height"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- claim adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."video", "kept"."duration", "kept"."width", "kept"."height"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('claimed') AND "kept"."state" IN ('claimed') AND "kept"."lease_until" > ?1 AND "log"."nonce" = ?2;

-- complete
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'completed', "rule" = 1, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "duration" = coalesce("duration", ?1), "width" = coalesce("width", ?2), "height" = coalesce("height", ?3), "changed_at" = ?4
WHERE "id" = ?5
  AND "epoch" = ?6
  AND "state" IN ('claimed');

-- complete, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "transcode_jobs" WHERE "id" = ?1;

-- complete, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- complete with token
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'completed', "rule" = 1, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "duration" = coalesce("duration", ?1), "width" = coalesce("width", ?2), "height" = coalesce("height", ?3), "changed_at" = ?4
WHERE "id" = ?5
  AND "epoch" = ?6
  AND "state" IN ('claimed')
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = ?5 AND "token" = ?7);

-- complete with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "transcode_jobs" WHERE "id" = ?1;

-- complete with token, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- complete with token, follower 2
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'complete', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "transcode_jobs" WHERE "id" = ?3;

-- complete reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('claimed')
FROM "transcode_jobs" WHERE "id" = ?2;

-- complete adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- fail
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1)) THEN 'waiting' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1)) THEN 2 ELSE 3 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1)) THEN ?2 + (min(CAST(5000 AS bigint) * (1 << min(max("attempts" - 1, 0), 30)), 300000) + CAST(min(CAST(5000 AS bigint) * (1 << min(max("attempts" - 1, 0), 30)), 300000) * ?3 AS bigint)) ELSE "run_at" END, "error" = ?4, "changed_at" = ?2
WHERE "id" = ?5
  AND "epoch" = ?6
  AND ("state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1))
    OR "state" IN ('claimed'));

-- fail, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "transcode_jobs" WHERE "id" = ?1;

-- fail, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- fail with token
UPDATE "transcode_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1)) THEN 'waiting' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1)) THEN 2 ELSE 3 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1)) THEN ?2 + (min(CAST(5000 AS bigint) * (1 << min(max("attempts" - 1, 0), 30)), 300000) + CAST(min(CAST(5000 AS bigint) * (1 << min(max("attempts" - 1, 0), 30)), 300000) * ?3 AS bigint)) ELSE "run_at" END, "error" = ?4, "changed_at" = ?2
WHERE "id" = ?5
  AND "epoch" = ?6
  AND ("state" IN ('claimed') AND "attempts" < 3 AND (NOT (?1))
    OR "state" IN ('claimed'))
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = ?5 AND "token" = ?7);

-- fail with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "transcode_jobs" WHERE "id" = ?1;

-- fail with token, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- fail with token, follower 2
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'fail', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "transcode_jobs" WHERE "id" = ?3;

-- fail reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  ("state" IN ('claimed') AND "attempts" < 3 AND (NOT (?2))
    OR "state" IN ('claimed'))
FROM "transcode_jobs" WHERE "id" = ?3;

-- fail adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."to_state"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- cancel
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "version" = ?3
  AND "state" IN ('waiting');

-- cancel, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "transcode_jobs" WHERE "id" = ?1;

-- cancel, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- cancel with token
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "version" = ?3
  AND "state" IN ('waiting')
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- cancel with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "transcode_jobs" WHERE "id" = ?1;

-- cancel with token, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- cancel with token, follower 2
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'cancel', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "transcode_jobs" WHERE "id" = ?3;

-- cancel any version
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "state" IN ('waiting');

-- cancel any version, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "transcode_jobs" WHERE "id" = ?1;

-- cancel any version, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- cancel any version with token
UPDATE "transcode_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "state" IN ('waiting')
  AND NOT EXISTS (SELECT 1 FROM "transcode_jobs_tokens" WHERE "job" = ?2 AND "token" = ?3);

-- cancel any version with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "transcode_jobs" WHERE "id" = ?1;

-- cancel any version with token, follower 1
INSERT INTO "transcode_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "transcode_jobs" WHERE "id" = ?3;

-- cancel any version with token, follower 2
INSERT INTO "transcode_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'cancel', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "transcode_jobs" WHERE "id" = ?3;

-- cancel reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('waiting')
FROM "transcode_jobs" WHERE "id" = ?2;

-- cancel adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."epoch"
FROM "transcode_jobs" AS "kept" JOIN "transcode_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;
