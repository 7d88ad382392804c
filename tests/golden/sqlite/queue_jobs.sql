-- Schema
CREATE TABLE IF NOT EXISTS "queue_jobs" (
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
  "payload" TEXT NOT NULL ON CONFLICT FAIL,
  "label" TEXT,
  "result" TEXT,
  "finished" INTEGER,
  "percent" INTEGER NOT NULL ON CONFLICT FAIL,
  "steps" INTEGER NOT NULL ON CONFLICT FAIL
) STRICT;
CREATE TRIGGER IF NOT EXISTS "queue_jobs_state_insert" BEFORE INSERT ON "queue_jobs" WHEN CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 WHEN NEW."percent" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 ELSE CASE NEW."state" WHEN 'queued' THEN 0 WHEN 'running' THEN 0 WHEN 'worked' THEN 0 WHEN 'refining' THEN 0 WHEN 'done' THEN 0 WHEN 'failed' THEN 0 WHEN 'dead' THEN 0 WHEN 'cancelled' THEN 0 ELSE NEW."state" IS NOT NULL END END BEGIN SELECT CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit priority') WHEN NEW."percent" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit percent') ELSE RAISE(FAIL, 'the state is not declared') END; END;
CREATE TRIGGER IF NOT EXISTS "queue_jobs_state_update" BEFORE UPDATE OF "state", "priority", "percent" ON "queue_jobs" WHEN CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 WHEN NEW."percent" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 ELSE CASE NEW."state" WHEN 'queued' THEN 0 WHEN 'running' THEN 0 WHEN 'worked' THEN 0 WHEN 'refining' THEN 0 WHEN 'done' THEN 0 WHEN 'failed' THEN 0 WHEN 'dead' THEN 0 WHEN 'cancelled' THEN 0 ELSE NEW."state" IS NOT NULL END END BEGIN SELECT CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit priority') WHEN NEW."percent" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit percent') ELSE RAISE(FAIL, 'the state is not declared') END; END;
CREATE TABLE IF NOT EXISTS "queue_jobs_log" (
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
CREATE TABLE IF NOT EXISTS "queue_jobs_tokens" (
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
CREATE TABLE IF NOT EXISTS "queue_jobs_sweeps" (
  "name" TEXT NOT NULL PRIMARY KEY,
  "began_at" INTEGER,
  "ended_at" INTEGER,
  "noticed_at" INTEGER,
  "actor" TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "queue_jobs_sweeps" ("name") VALUES ('sweep'), ('tokens') ON CONFLICT ("name") DO NOTHING;
CREATE TABLE IF NOT EXISTS "queue_jobs_schema" (
  "number" INTEGER NOT NULL,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "library" TEXT NOT NULL ON CONFLICT FAIL,
  "declaration" TEXT NOT NULL ON CONFLICT FAIL,
  "changes" TEXT NOT NULL ON CONFLICT FAIL,
  PRIMARY KEY ("number")
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS "queue_jobs_key" ON "queue_jobs" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "queue_jobs_claim_due_3e2e5979" ON "queue_jobs" ("priority" DESC, "run_at", "id") WHERE "state" IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS "queue_jobs_claim_used_up_aaa9f0dd" ON "queue_jobs" ("id") WHERE "state" IN ('queued') AND "attempts" >= 3;
CREATE INDEX IF NOT EXISTS "queue_jobs_refine_due_13faac89" ON "queue_jobs" ("priority" DESC, "run_at", "id") WHERE "state" IN ('worked', 'refining');
CREATE INDEX IF NOT EXISTS "queue_jobs_refine_used_up_fab831a7" ON "queue_jobs" ("id") WHERE "state" IN ('worked') AND "attempts" >= 2;
CREATE INDEX IF NOT EXISTS "queue_jobs_leases_38cea87b" ON "queue_jobs" ("lease_until", "id") WHERE "state" IN ('running', 'refining');

-- submit
INSERT INTO "queue_jobs" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "payload", "label", "result", "finished", "percent", "steps")
VALUES ('queued', 1, 0, 0, coalesce(?1, ?2 + ?3), ?4, ?5, ?6, ?2, ?2, 0, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING;

-- submit, read back
SELECT "id", "rule" FROM "queue_jobs" WHERE "id" = last_insert_rowid();

-- submit, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'submit', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- adopt submit
SELECT "kept"."id", "kept"."rule"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = 1
WHERE "kept"."key" = ?1 AND "log"."nonce" = ?2;

-- void token
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, '', '', 0, ?2, '', '', 0 FROM "queue_jobs" WHERE "id" = ?3
ON CONFLICT ("job", "token") DO NOTHING
RETURNING "job";

-- may be forgotten
SELECT EXISTS (SELECT 1 FROM "queue_jobs_sweeps" AS "mark" WHERE "name" = 'tokens' AND "ended_at" IS NOT NULL AND (SELECT count(*) FROM "queue_jobs_log" AS "log" WHERE "log"."job" = "kept"."id" AND "log"."version" > 1 AND "log"."at" > "mark"."ended_at") < "kept"."version" - 1)
FROM "queue_jobs" AS "kept" WHERE "kept"."id" = ?1;

-- find key
SELECT "id", "state", "fingerprint", "version" FROM "queue_jobs" WHERE "key" = ?1;

-- find token
SELECT "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch" FROM "queue_jobs_tokens" WHERE "job" = ?1 AND "token" = ?2;

-- read
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "payload", "label", "result", "finished", "percent", "steps" FROM "queue_jobs" WHERE "id" = ?1;

-- list
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "payload", "label", "result", "finished", "percent", "steps" FROM "queue_jobs" WHERE "state" = ?1 AND "id" > ?2 ORDER BY "id" LIMIT ?3;

-- history
SELECT "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until" FROM "queue_jobs_log" WHERE "job" = ?1 AND "version" > ?2 ORDER BY "version" LIMIT ?3;

-- renew
UPDATE "queue_jobs" SET "lease_until" = max("lease_until", ?1 + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END), "run_at" = max("lease_until", ?1 + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END)
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('running', 'refining');

-- renew, read back
SELECT "id", "epoch", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- renew reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('running', 'refining')
FROM "queue_jobs" WHERE "id" = ?2;

-- expire
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" = 'running' AND "attempts" >= 3 THEN 'dead' WHEN "state" = 'running' THEN 'queued' WHEN "state" = 'refining' AND "attempts" >= 2 THEN 'dead' WHEN "state" = 'refining' THEN 'worked' END, "rule" = CASE WHEN "state" = 'running' AND "attempts" >= 3 THEN -2 WHEN "state" = 'running' THEN -1 WHEN "state" = 'refining' AND "attempts" >= 2 THEN -2 WHEN "state" = 'refining' THEN -1 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "error" = CASE WHEN "state" = 'running' AND "attempts" >= 3 THEN coalesce("error", 'attempts used up') WHEN "state" = 'running' THEN "error" WHEN "state" = 'refining' AND "attempts" >= 2 THEN coalesce("error", 'attempts used up') WHEN "state" = 'refining' THEN "error" END, "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "queue_jobs" INDEXED BY "queue_jobs_leases_38cea87b" WHERE "state" IN ('running', 'refining') AND "lease_until" <= ?1
ORDER BY "lease_until", "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('running', 'refining') AND "lease_until" <= ?1 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- expire, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'expire' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- claim by id
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'running' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN ?2 + 30000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN ?2 + 30000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" = ?3
  AND (("state" IN ('queued') AND "run_at" <= ?2) OR ("state" IN ('running') AND "lease_until" <= ?2));

-- claim by id, read back
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps" FROM "queue_jobs" WHERE "id" = ?1;

-- claim by id, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- claim next
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 3 THEN 'running' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 3 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 3 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 3 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 3 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 3 THEN ?2 + 30000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 3 THEN ?2 + 30000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 3 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" IN (
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_claim_due_3e2e5979" WHERE "state" IN ('queued', 'running'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_claim_due_3e2e5979" WHERE "state" IN ('queued', 'running') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "queue_jobs" AS "due" INDEXED BY "queue_jobs_claim_due_3e2e5979" WHERE "state" IN ('queued', 'running') AND "priority" = "level$at" AND "run_at" <= ?2 AND CASE WHEN (("state" IN ('queued') AND "run_at" <= ?2) OR ("state" IN ('running') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
LIMIT ?3
)
  AND CASE WHEN (("state" IN ('queued') AND "run_at" <= ?2) OR ("state" IN ('running') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps";

-- claim next, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'claim' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- claim next, search for one
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_claim_due_3e2e5979" WHERE "state" IN ('queued', 'running'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_claim_due_3e2e5979" WHERE "state" IN ('queued', 'running') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "queue_jobs" AS "due" INDEXED BY "queue_jobs_claim_due_3e2e5979" WHERE "state" IN ('queued', 'running') AND "priority" = "level$at" AND "run_at" <= ?1 AND CASE WHEN (("state" IN ('queued') AND "run_at" <= ?1) OR ("state" IN ('running') AND "lease_until" <= ?1)) THEN TRUE ELSE FALSE END
LIMIT ?2;

-- claim used up
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'dead', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "queue_jobs" INDEXED BY "queue_jobs_claim_used_up_aaa9f0dd" WHERE "state" IN ('queued') AND "attempts" >= 3
ORDER BY "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('queued') AND "attempts" >= 3 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- claim used up, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- claim reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  (("state" IN ('queued') AND "run_at" <= ?1) OR ("state" IN ('running') AND "lease_until" <= ?1))
FROM "queue_jobs" WHERE "id" = ?2;

-- claim adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- claim adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('running', 'refining') AND "kept"."state" IN ('running') AND "kept"."lease_until" > ?1 AND "log"."nonce" = ?2;

-- refine by id
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'refining' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 2 THEN 1 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN ?2 + 20000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN ?2 + 20000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" = ?3
  AND (("state" IN ('worked') AND "run_at" <= ?2) OR ("state" IN ('refining') AND "lease_until" <= ?2));

-- refine by id, read back
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps" FROM "queue_jobs" WHERE "id" = ?1;

-- refine by id, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'refine' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- refine next
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'refining' ELSE 'dead' END, "rule" = CASE WHEN "attempts" < 2 THEN 1 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN ?2 + 20000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN ?2 + 20000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" IN (
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_refine_due_13faac89" WHERE "state" IN ('worked', 'refining'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_refine_due_13faac89" WHERE "state" IN ('worked', 'refining') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "queue_jobs" AS "due" INDEXED BY "queue_jobs_refine_due_13faac89" WHERE "state" IN ('worked', 'refining') AND "priority" = "level$at" AND "run_at" <= ?2 AND CASE WHEN (("state" IN ('worked') AND "run_at" <= ?2) OR ("state" IN ('refining') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
LIMIT ?3
)
  AND CASE WHEN (("state" IN ('worked') AND "run_at" <= ?2) OR ("state" IN ('refining') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "payload", "label", "result", "finished", "percent", "steps";

-- refine next, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'refine' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- refine next, search for one
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_refine_due_13faac89" WHERE "state" IN ('worked', 'refining'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "queue_jobs" INDEXED BY "queue_jobs_refine_due_13faac89" WHERE "state" IN ('worked', 'refining') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "queue_jobs" AS "due" INDEXED BY "queue_jobs_refine_due_13faac89" WHERE "state" IN ('worked', 'refining') AND "priority" = "level$at" AND "run_at" <= ?1 AND CASE WHEN (("state" IN ('worked') AND "run_at" <= ?1) OR ("state" IN ('refining') AND "lease_until" <= ?1)) THEN TRUE ELSE FALSE END
LIMIT ?2;

-- refine used up
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'dead', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "queue_jobs" INDEXED BY "queue_jobs_refine_used_up_fab831a7" WHERE "state" IN ('worked') AND "attempts" >= 2
ORDER BY "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('worked') AND "attempts" >= 2 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- refine used up, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- refine reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  (("state" IN ('worked') AND "run_at" <= ?1) OR ("state" IN ('refining') AND "lease_until" <= ?1))
FROM "queue_jobs" WHERE "id" = ?2;

-- refine adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- refine adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."payload", "kept"."label", "kept"."result", "kept"."finished", "kept"."percent", "kept"."steps"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('running', 'refining') AND "kept"."state" IN ('refining') AND "kept"."lease_until" > ?1 AND "log"."nonce" = ?2;

-- progress
UPDATE "queue_jobs" SET "lease_until" = max("lease_until", ?1 + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END), "run_at" = max("lease_until", ?1 + CASE "state" WHEN 'running' THEN 30000 WHEN 'refining' THEN 20000 END), "percent" = ?2
WHERE "id" = ?3
  AND "epoch" = ?4
  AND "state" IN ('running');

-- progress, read back
SELECT "id", "epoch", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- progress reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = ?2;

-- checkpoint
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'running', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "steps" = "steps" + ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "epoch" = ?4
  AND "state" IN ('running');

-- checkpoint, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- checkpoint, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'checkpoint', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- checkpoint with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'running', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "steps" = "steps" + ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "epoch" = ?4
  AND "state" IN ('running')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?3 AND "token" = ?5);

-- checkpoint with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- checkpoint with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'checkpoint', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- checkpoint with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'checkpoint', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- checkpoint reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = ?2;

-- checkpoint adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."lease_until"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- complete
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') THEN 'worked' ELSE 'done' END, "rule" = CASE WHEN "state" IN ('running') THEN 4 ELSE 5 END, "version" = "version" + 1, "attempts" = CASE WHEN "state" IN ('running') THEN 0 ELSE "attempts" END, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') THEN ?1 ELSE "run_at" END, "result" = coalesce("result", ?2), "finished" = CASE WHEN "state" IN ('running') THEN "finished" ELSE coalesce("finished", ?1) END, "changed_at" = ?1
WHERE "id" = ?3
  AND "epoch" = ?4
  AND ("state" IN ('running')
    OR "state" IN ('refining'));

-- complete, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "queue_jobs" WHERE "id" = ?1;

-- complete, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- complete with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') THEN 'worked' ELSE 'done' END, "rule" = CASE WHEN "state" IN ('running') THEN 4 ELSE 5 END, "version" = "version" + 1, "attempts" = CASE WHEN "state" IN ('running') THEN 0 ELSE "attempts" END, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') THEN ?1 ELSE "run_at" END, "result" = coalesce("result", ?2), "finished" = CASE WHEN "state" IN ('running') THEN "finished" ELSE coalesce("finished", ?1) END, "changed_at" = ?1
WHERE "id" = ?3
  AND "epoch" = ?4
  AND ("state" IN ('running')
    OR "state" IN ('refining'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?3 AND "token" = ?5);

-- complete with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "queue_jobs" WHERE "id" = ?1;

-- complete with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'complete', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- complete with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'complete', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- complete reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  ("state" IN ('running')
    OR "state" IN ('refining'))
FROM "queue_jobs" WHERE "id" = ?2;

-- complete adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."to_state"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- fail
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT (?1)) THEN 'queued' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT (?1)) THEN 6 ELSE 7 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT (?1)) THEN ?2 + (min(CAST(4000 AS bigint) * (1 << min(max("attempts" - 1, 0), 30)), 10000)) ELSE ?2 END, "error" = ?3, "changed_at" = ?2
WHERE "id" = ?4
  AND "epoch" = ?5
  AND ("state" IN ('running') AND "attempts" < 3 AND (NOT (?1))
    OR "state" IN ('running', 'refining'));

-- fail, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "queue_jobs" WHERE "id" = ?1;

-- fail, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- fail with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT (?1)) THEN 'queued' ELSE 'failed' END, "rule" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT (?1)) THEN 6 ELSE 7 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = CASE WHEN "state" IN ('running') AND "attempts" < 3 AND (NOT (?1)) THEN ?2 + (min(CAST(4000 AS bigint) * (1 << min(max("attempts" - 1, 0), 30)), 10000)) ELSE ?2 END, "error" = ?3, "changed_at" = ?2
WHERE "id" = ?4
  AND "epoch" = ?5
  AND ("state" IN ('running') AND "attempts" < 3 AND (NOT (?1))
    OR "state" IN ('running', 'refining'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?4 AND "token" = ?6);

-- fail with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state" FROM "queue_jobs" WHERE "id" = ?1;

-- fail with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'fail', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- fail with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'fail', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- fail reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  ("state" IN ('running') AND "attempts" < 3 AND (NOT (?2))
    OR "state" IN ('running', 'refining'))
FROM "queue_jobs" WHERE "id" = ?3;

-- fail adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."to_state"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- release
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 8, "version" = "version" + 1, "attempts" = max("attempts" - 1, 0), "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('running');

-- release, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "queue_jobs" WHERE "id" = ?1;

-- release, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'release', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- release with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 8, "version" = "version" + 1, "attempts" = max("attempts" - 1, 0), "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('running')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- release with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "queue_jobs" WHERE "id" = ?1;

-- release with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'release', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- release with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'release', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- release reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = ?2;

-- release adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- hand_back
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 9, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('running');

-- hand_back, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "queue_jobs" WHERE "id" = ?1;

-- hand_back, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'hand_back', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- hand_back with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 9, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('running')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- hand_back with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "queue_jobs" WHERE "id" = ?1;

-- hand_back with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'hand_back', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- hand_back with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'hand_back', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- hand_back reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('running')
FROM "queue_jobs" WHERE "id" = ?2;

-- hand_back adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- cancel
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "version" = ?3
  AND "state" IN ('queued', 'running', 'worked');

-- cancel, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- cancel, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- cancel with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "version" = ?3
  AND "state" IN ('queued', 'running', 'worked')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- cancel with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- cancel with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- cancel with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'cancel', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- cancel any version
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "state" IN ('queued', 'running', 'worked');

-- cancel any version, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- cancel any version, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- cancel any version with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled', "rule" = 10, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "state" IN ('queued', 'running', 'worked')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?2 AND "token" = ?3);

-- cancel any version with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- cancel any version with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'cancel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- cancel any version with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'cancel', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- cancel reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('queued', 'running', 'worked')
FROM "queue_jobs" WHERE "id" = ?2;

-- cancel adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."epoch"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- requeue
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "error" = ?2, "changed_at" = ?1
WHERE "id" = ?3
  AND "version" = ?4
  AND "state" IN ('failed', 'dead');

-- requeue, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- requeue, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- requeue with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "error" = ?2, "changed_at" = ?1
WHERE "id" = ?3
  AND "version" = ?4
  AND "state" IN ('failed', 'dead')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?3 AND "token" = ?5);

-- requeue with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- requeue with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- requeue with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'requeue', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- requeue any version
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "error" = ?2, "changed_at" = ?1
WHERE "id" = ?3
  AND "state" IN ('failed', 'dead');

-- requeue any version, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- requeue any version, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- requeue any version with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = 'queued', "rule" = 11, "version" = "version" + 1, "attempts" = 0, "owner" = NULL, "lease_until" = NULL, "run_at" = ?1, "error" = ?2, "changed_at" = ?1
WHERE "id" = ?3
  AND "state" IN ('failed', 'dead')
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?3 AND "token" = ?4);

-- requeue any version with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "queue_jobs" WHERE "id" = ?1;

-- requeue any version with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'requeue', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- requeue any version with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'requeue', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- requeue reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('failed', 'dead')
FROM "queue_jobs" WHERE "id" = ?2;

-- requeue adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."epoch"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- annotate
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "version" = ?4
  AND ("state" IN ('queued')
    OR "state" IN ('running'));

-- annotate, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- annotate, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- annotate with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "version" = ?4
  AND ("state" IN ('queued')
    OR "state" IN ('running'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?3 AND "token" = ?5);

-- annotate with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- annotate with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- annotate with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'annotate', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- annotate any version
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND ("state" IN ('queued')
    OR "state" IN ('running'));

-- annotate any version, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- annotate any version, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- annotate any version with token
UPDATE "queue_jobs" SET "previous" = "state", "state" = CASE WHEN "state" IN ('queued') THEN 'queued' ELSE 'running' END, "rule" = CASE WHEN "state" IN ('queued') THEN 12 ELSE 13 END, "version" = "version" + 1, "owner" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "owner" END, "lease_until" = CASE WHEN "state" IN ('queued') THEN NULL ELSE "lease_until" END, "label" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND ("state" IN ('queued')
    OR "state" IN ('running'))
  AND NOT EXISTS (SELECT 1 FROM "queue_jobs_tokens" WHERE "job" = ?3 AND "token" = ?4);

-- annotate any version with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "state", "epoch", "lease_until" FROM "queue_jobs" WHERE "id" = ?1;

-- annotate any version with token, follower 1
INSERT INTO "queue_jobs_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'annotate', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "queue_jobs" WHERE "id" = ?3;

-- annotate any version with token, follower 2
INSERT INTO "queue_jobs_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'annotate', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "queue_jobs" WHERE "id" = ?3;

-- annotate reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  ("state" IN ('queued')
    OR "state" IN ('running'))
FROM "queue_jobs" WHERE "id" = ?2;

-- annotate adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."to_state", "log"."epoch", "log"."lease_until"
FROM "queue_jobs" AS "kept" JOIN "queue_jobs_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;
