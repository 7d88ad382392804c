-- Schema
CREATE TABLE IF NOT EXISTS "parcels" (
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
  "number" INTEGER NOT NULL ON CONFLICT FAIL,
  "mark" TEXT
) STRICT;
CREATE TRIGGER IF NOT EXISTS "parcels_state_insert" BEFORE INSERT ON "parcels" WHEN CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 ELSE CASE NEW."state" WHEN 'waiting' THEN 0 WHEN 'packing' THEN 0 WHEN 'packed' THEN 0 WHEN 'sent' THEN 0 WHEN 'lost' THEN 0 WHEN 'returned' THEN 0 ELSE NEW."state" IS NOT NULL END END BEGIN SELECT CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit priority') ELSE RAISE(FAIL, 'the state is not declared') END; END;
CREATE TRIGGER IF NOT EXISTS "parcels_state_update" BEFORE UPDATE OF "state", "priority" ON "parcels" WHEN CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN 1 ELSE CASE NEW."state" WHEN 'waiting' THEN 0 WHEN 'packing' THEN 0 WHEN 'packed' THEN 0 WHEN 'sent' THEN 0 WHEN 'lost' THEN 0 WHEN 'returned' THEN 0 ELSE NEW."state" IS NOT NULL END END BEGIN SELECT CASE WHEN NEW."priority" NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE(FAIL, 'statemachine: the number does not fit priority') ELSE RAISE(FAIL, 'the state is not declared') END; END;
CREATE TABLE IF NOT EXISTS "parcels_log" (
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
CREATE TABLE IF NOT EXISTS "parcels_tokens" (
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
CREATE TABLE IF NOT EXISTS "parcels_sweeps" (
  "name" TEXT NOT NULL PRIMARY KEY,
  "began_at" INTEGER,
  "ended_at" INTEGER,
  "noticed_at" INTEGER,
  "actor" TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "parcels_sweeps" ("name") VALUES ('sweep'), ('tokens') ON CONFLICT ("name") DO NOTHING;
CREATE TABLE IF NOT EXISTS "parcels_schema" (
  "number" INTEGER NOT NULL,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "library" TEXT NOT NULL ON CONFLICT FAIL,
  "declaration" TEXT NOT NULL ON CONFLICT FAIL,
  "changes" TEXT NOT NULL ON CONFLICT FAIL,
  PRIMARY KEY ("number")
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS "parcels_key" ON "parcels" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "parcels_take_due_53908e99" ON "parcels" ("priority" DESC, "run_at", "id") WHERE "state" IN ('waiting', 'packing');
CREATE INDEX IF NOT EXISTS "parcels_take_used_up_36c532de" ON "parcels" ("id") WHERE "state" IN ('waiting') AND "attempts" >= 2;
CREATE INDEX IF NOT EXISTS "parcels_leases_9515f25b" ON "parcels" ("lease_until", "id") WHERE "state" IN ('packing');
CREATE TABLE IF NOT EXISTS "parcels_groups" (
  "name" TEXT NOT NULL PRIMARY KEY,
  "generation" INTEGER NOT NULL ON CONFLICT FAIL,
  "starts_at" INTEGER NOT NULL ON CONFLICT FAIL,
  "active" INTEGER NOT NULL ON CONFLICT FAIL,
  UNIQUE ("generation")
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "parcels_outbox" (
  "job" INTEGER NOT NULL ON CONFLICT FAIL,
  "version" INTEGER NOT NULL ON CONFLICT FAIL,
  "part" INTEGER NOT NULL ON CONFLICT FAIL,
  "topic" TEXT NOT NULL ON CONFLICT FAIL,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "generation" INTEGER NOT NULL ON CONFLICT FAIL,
  PRIMARY KEY ("job", "version", "part") ON CONFLICT FAIL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "parcels_deliveries" (
  "job" INTEGER NOT NULL ON CONFLICT FAIL,
  "version" INTEGER NOT NULL ON CONFLICT FAIL,
  "part" INTEGER NOT NULL ON CONFLICT FAIL,
  "consumer" TEXT NOT NULL ON CONFLICT FAIL,
  "topic" TEXT NOT NULL ON CONFLICT FAIL,
  "at" INTEGER NOT NULL ON CONFLICT FAIL,
  "epoch" INTEGER NOT NULL ON CONFLICT FAIL,
  "tries" INTEGER NOT NULL ON CONFLICT FAIL,
  "run_at" INTEGER NOT NULL ON CONFLICT FAIL,
  "parked_at" INTEGER,
  "error" TEXT,
  PRIMARY KEY ("job", "version", "part", "consumer") ON CONFLICT FAIL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "parcels_outbox_486228b1" ON "parcels_outbox" ("generation", "at");
CREATE INDEX IF NOT EXISTS "parcels_delivery_7f37adf3" ON "parcels_deliveries" ("consumer", "run_at", "job", "version") WHERE "parked_at" IS NULL;

-- submit
INSERT INTO "parcels" ("state", "version", "epoch", "attempts", "run_at", "priority", "key", "fingerprint", "created_at", "changed_at", "rule", "number", "mark")
VALUES ('waiting', 1, 0, 0, coalesce(?1, ?2 + ?3), ?4, ?5, ?6, ?2, ?2, 0, ?7, ?8)
ON CONFLICT ("key") WHERE "key" IS NOT NULL DO NOTHING;

-- submit, read back
SELECT "id", "rule" FROM "parcels" WHERE "id" = last_insert_rowid();

-- submit, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'submit', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- adopt submit
SELECT "kept"."id", "kept"."rule"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = 1
WHERE "kept"."key" = ?1 AND "log"."nonce" = ?2;

-- void token
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, '', '', 0, ?2, '', '', 0 FROM "parcels" WHERE "id" = ?3
ON CONFLICT ("job", "token") DO NOTHING
RETURNING "job";

-- may be forgotten
SELECT EXISTS (SELECT 1 FROM "parcels_sweeps" AS "mark" WHERE "name" = 'tokens' AND "ended_at" IS NOT NULL AND (SELECT count(*) FROM "parcels_log" AS "log" WHERE "log"."job" = "kept"."id" AND "log"."version" > 1 AND "log"."at" > "mark"."ended_at") < "kept"."version" - 1)
FROM "parcels" AS "kept" WHERE "kept"."id" = ?1;

-- find key
SELECT "id", "state", "fingerprint", "version" FROM "parcels" WHERE "key" = ?1;

-- find token
SELECT "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch" FROM "parcels_tokens" WHERE "job" = ?1 AND "token" = ?2;

-- read
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "number", "mark" FROM "parcels" WHERE "id" = ?1;

-- list
SELECT "id", "state", "version", "epoch", "attempts", "owner", "lease_until", "run_at", "priority", "key", "error", "created_at", "changed_at", "number", "mark" FROM "parcels" WHERE "state" = ?1 AND "id" > ?2 ORDER BY "id" LIMIT ?3;

-- history
SELECT "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until" FROM "parcels_log" WHERE "job" = ?1 AND "version" > ?2 ORDER BY "version" LIMIT ?3;

-- renew
UPDATE "parcels" SET "lease_until" = max("lease_until", ?1 + 60000), "run_at" = max("lease_until", ?1 + 60000)
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('packing');

-- renew, read back
SELECT "id", "epoch", "lease_until" FROM "parcels" WHERE "id" = ?1;

-- renew reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('packing')
FROM "parcels" WHERE "id" = ?2;

-- expire
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" = 'packing' AND "attempts" >= 2 THEN 'lost' WHEN "state" = 'packing' THEN 'waiting' END, "rule" = CASE WHEN "state" = 'packing' AND "attempts" >= 2 THEN -2 WHEN "state" = 'packing' THEN -1 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "error" = CASE WHEN "state" = 'packing' AND "attempts" >= 2 THEN coalesce("error", 'attempts used up') WHEN "state" = 'packing' THEN "error" END, "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "parcels" INDEXED BY "parcels_leases_9515f25b" WHERE "state" IN ('packing') AND "lease_until" <= ?1
ORDER BY "lease_until", "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('packing') AND "lease_until" <= ?1 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- expire, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'expire' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- expire, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = -1 AND "previous" IN ('packing') THEN 'dropped' WHEN "rule" = -2 AND "previous" IN ('packing') THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = -1 AND "previous" IN ('packing') OR "rule" = -2 AND "previous" IN ('packing'));

-- expire, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- take by id
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'packing' ELSE 'lost' END, "rule" = CASE WHEN "attempts" < 2 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN ?2 + 60000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN ?2 + 60000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" = ?3
  AND (("state" IN ('waiting') AND "run_at" <= ?2) OR ("state" IN ('packing') AND "lease_until" <= ?2));

-- take by id, read back
SELECT "id", "version", "epoch", "attempts", "lease_until", "priority", "number", "mark" FROM "parcels" WHERE "id" = ?1;

-- take by id, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'take' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- take by id, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 0, CASE WHEN "rule" = 0 AND "previous" IN ('packing') THEN 'dropped' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 0 AND "previous" IN ('packing'))
UNION ALL
SELECT "id", "version", 1, CASE WHEN "rule" = -2 AND "previous" IN ('packing') THEN 'given_up' WHEN "rule" = 0 THEN 'taken' WHEN "rule" = -2 AND "previous" IN ('waiting') THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = -2 AND "previous" IN ('packing') OR "rule" = 0 OR "rule" = -2 AND "previous" IN ('waiting'));

-- take by id, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- take next
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "attempts" < 2 THEN 'packing' ELSE 'lost' END, "rule" = CASE WHEN "attempts" < 2 THEN 0 ELSE -2 END, "version" = "version" + 1, "epoch" = CASE WHEN "attempts" < 2 THEN "epoch" + 1 ELSE "epoch" END, "attempts" = CASE WHEN "attempts" < 2 THEN "attempts" + 1 ELSE "attempts" END, "owner" = CASE WHEN "attempts" < 2 THEN ?1 ELSE NULL END, "lease_until" = CASE WHEN "attempts" < 2 THEN ?2 + 60000 ELSE NULL END, "run_at" = CASE WHEN "attempts" < 2 THEN ?2 + 60000 ELSE "run_at" END, "error" = CASE WHEN "attempts" < 2 THEN "error" ELSE coalesce("error", 'attempts used up') END, "changed_at" = ?2
WHERE "id" IN (
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "parcels" INDEXED BY "parcels_take_due_53908e99" WHERE "state" IN ('waiting', 'packing'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "parcels" INDEXED BY "parcels_take_due_53908e99" WHERE "state" IN ('waiting', 'packing') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "parcels" AS "due" INDEXED BY "parcels_take_due_53908e99" WHERE "state" IN ('waiting', 'packing') AND "priority" = "level$at" AND "run_at" <= ?2 AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= ?2) OR ("state" IN ('packing') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
LIMIT ?3
)
  AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= ?2) OR ("state" IN ('packing') AND "lease_until" <= ?2)) THEN TRUE ELSE FALSE END
RETURNING "id", "version", "epoch", "attempts", "lease_until", "priority", "number", "mark";

-- take next, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", CASE "rule" WHEN -2 THEN 'exhaust' ELSE 'take' END, "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- take next, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 0, CASE WHEN "rule" = 0 AND "previous" IN ('packing') THEN 'dropped' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 0 AND "previous" IN ('packing'))
UNION ALL
SELECT "id", "version", 1, CASE WHEN "rule" = -2 AND "previous" IN ('packing') THEN 'given_up' WHEN "rule" = 0 THEN 'taken' WHEN "rule" = -2 AND "previous" IN ('waiting') THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = -2 AND "previous" IN ('packing') OR "rule" = 0 OR "rule" = -2 AND "previous" IN ('waiting'));

-- take next, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- take next, search for one
WITH RECURSIVE "level" ("level$at") AS (
  SELECT (SELECT max("priority") FROM "parcels" INDEXED BY "parcels_take_due_53908e99" WHERE "state" IN ('waiting', 'packing'))
  UNION ALL
  SELECT (SELECT max("priority") FROM "parcels" INDEXED BY "parcels_take_due_53908e99" WHERE "state" IN ('waiting', 'packing') AND "priority" < "level$at") FROM "level" WHERE "level$at" IS NOT NULL
)
SELECT "due"."id" FROM "level" CROSS JOIN "parcels" AS "due" INDEXED BY "parcels_take_due_53908e99" WHERE "state" IN ('waiting', 'packing') AND "priority" = "level$at" AND "run_at" <= ?1 AND CASE WHEN (("state" IN ('waiting') AND "run_at" <= ?1) OR ("state" IN ('packing') AND "lease_until" <= ?1)) THEN TRUE ELSE FALSE END
LIMIT ?2;

-- take used up
UPDATE "parcels" SET "previous" = "state", "state" = 'lost', "rule" = -2, "version" = "version" + 1, "error" = coalesce("error", 'attempts used up'), "changed_at" = ?1
WHERE "id" IN (
SELECT "id" FROM "parcels" INDEXED BY "parcels_take_used_up_36c532de" WHERE "state" IN ('waiting') AND "attempts" >= 2
ORDER BY "id" LIMIT ?2
)
  AND CASE WHEN "state" IN ('waiting') AND "attempts" >= 2 THEN TRUE ELSE FALSE END
RETURNING "id", "rule";

-- take used up, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'exhaust', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- take used up, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = -2 THEN 'given_up' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = -2);

-- take used up, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- take reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  (("state" IN ('waiting') AND "run_at" <= ?1) OR ("state" IN ('packing') AND "lease_until" <= ?1))
FROM "parcels" WHERE "id" = ?2;

-- take adopt
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."number", "kept"."mark"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- take adopt claimed
SELECT "log"."job", "log"."version", "log"."epoch", "kept"."attempts", "log"."lease_until", "kept"."priority", "kept"."number", "kept"."mark"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id" AND "log"."version" = "kept"."version"
WHERE "kept"."state" IN ('packing') AND "kept"."state" IN ('packing') AND "kept"."lease_until" > ?1 AND "log"."nonce" = ?2;

-- inspect
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" IN ('packing') AND (?1) THEN 'packed' ELSE 'waiting' END, "rule" = CASE WHEN "state" IN ('packing') AND (?1) THEN 1 ELSE 2 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = ?2, "changed_at" = ?2
WHERE "id" = ?3
  AND "epoch" = ?4
  AND ("state" IN ('packing') AND (?1)
    OR "state" IN ('packing'));

-- inspect, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "parcels" WHERE "id" = ?1;

-- inspect, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'inspect', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- inspect, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 1 THEN 'approved' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 1);

-- inspect, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- inspect with token
UPDATE "parcels" SET "previous" = "state", "state" = CASE WHEN "state" IN ('packing') AND (?1) THEN 'packed' ELSE 'waiting' END, "rule" = CASE WHEN "state" IN ('packing') AND (?1) THEN 1 ELSE 2 END, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "run_at" = ?2, "changed_at" = ?2
WHERE "id" = ?3
  AND "epoch" = ?4
  AND ("state" IN ('packing') AND (?1)
    OR "state" IN ('packing'))
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?3 AND "token" = ?5);

-- inspect with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "state" FROM "parcels" WHERE "id" = ?1;

-- inspect with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'inspect', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- inspect with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'inspect', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- inspect with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 1 THEN 'approved' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 1);

-- inspect with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- inspect reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  ("state" IN ('packing') AND (?2)
    OR "state" IN ('packing'))
FROM "parcels" WHERE "id" = ?3;

-- inspect adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."to_state"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- weigh
UPDATE "parcels" SET "previous" = "state", "state" = 'packing', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('packing');

-- weigh, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "parcels" WHERE "id" = ?1;

-- weigh, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'weigh', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- weigh, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 3 THEN 'weighed' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 3);

-- weigh, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- weigh with token
UPDATE "parcels" SET "previous" = "state", "state" = 'packing', "rule" = 3, "version" = "version" + 1, "owner" = "owner", "lease_until" = "lease_until", "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('packing')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- weigh with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "lease_until" FROM "parcels" WHERE "id" = ?1;

-- weigh with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'weigh', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- weigh with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'weigh', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- weigh with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 3 THEN 'weighed' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 3);

-- weigh with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- weigh reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('packing')
FROM "parcels" WHERE "id" = ?2;

-- weigh adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."lease_until"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- send
UPDATE "parcels" SET "previous" = "state", "state" = 'sent', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('packing');

-- send, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "parcels" WHERE "id" = ?1;

-- send, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'send', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- send, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 4 THEN 'sent' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 4);

-- send, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- send with token
UPDATE "parcels" SET "previous" = "state", "state" = 'sent', "rule" = 4, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "epoch" = ?3
  AND "state" IN ('packing')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- send with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at" FROM "parcels" WHERE "id" = ?1;

-- send with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'send', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- send with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'send', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- send with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 4 THEN 'sent' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 4);

-- send with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- send reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('packing')
FROM "parcels" WHERE "id" = ?2;

-- send adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- relabel
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "version" = ?4
  AND "state" IN ('packed');

-- relabel, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "parcels" WHERE "id" = ?1;

-- relabel, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- relabel, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 5);

-- relabel, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- relabel with token
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "version" = ?4
  AND "state" IN ('packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?3 AND "token" = ?5);

-- relabel with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "parcels" WHERE "id" = ?1;

-- relabel with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- relabel with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'relabel', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- relabel with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 5);

-- relabel with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- relabel any version
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "state" IN ('packed');

-- relabel any version, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "parcels" WHERE "id" = ?1;

-- relabel any version, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- relabel any version, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 5);

-- relabel any version, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- relabel any version with token
UPDATE "parcels" SET "previous" = "state", "state" = 'packed', "rule" = 5, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "mark" = ?1, "changed_at" = ?2
WHERE "id" = ?3
  AND "state" IN ('packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?3 AND "token" = ?4);

-- relabel any version with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "epoch" FROM "parcels" WHERE "id" = ?1;

-- relabel any version with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'relabel', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- relabel any version with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'relabel', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- relabel any version with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 5 THEN 'relabelled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 5);

-- relabel any version with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- relabel reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('packed')
FROM "parcels" WHERE "id" = ?2;

-- relabel adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."epoch"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- recall
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "version" = ?3
  AND "state" IN ('waiting', 'packed');

-- recall, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "parcels" WHERE "id" = ?1;

-- recall, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- recall, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 6);

-- recall, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- recall with token
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "version" = ?3
  AND "state" IN ('waiting', 'packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?2 AND "token" = ?4);

-- recall with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "parcels" WHERE "id" = ?1;

-- recall with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- recall with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'recall', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- recall with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 6);

-- recall with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- recall any version
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "state" IN ('waiting', 'packed');

-- recall any version, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "parcels" WHERE "id" = ?1;

-- recall any version, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- recall any version, follower 2
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 6);

-- recall any version, follower 3
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- recall any version with token
UPDATE "parcels" SET "previous" = "state", "state" = 'returned', "rule" = 6, "version" = "version" + 1, "owner" = NULL, "lease_until" = NULL, "changed_at" = ?1
WHERE "id" = ?2
  AND "state" IN ('waiting', 'packed')
  AND NOT EXISTS (SELECT 1 FROM "parcels_tokens" WHERE "job" = ?2 AND "token" = ?3);

-- recall any version with token, read back
SELECT "id", "version", "attempts", "run_at", "changed_at", "previous", "epoch" FROM "parcels" WHERE "id" = ?1;

-- recall any version with token, follower 1
INSERT INTO "parcels_log" ("job", "version", "event", "from_state", "to_state", "epoch", "actor", "at", "lease_until", "nonce")
SELECT "id", "version", 'recall', "previous", "state", "epoch", ?1, "changed_at", "lease_until", ?2 FROM "parcels" WHERE "id" = ?3;

-- recall any version with token, follower 2
INSERT INTO "parcels_tokens" ("job", "token", "event", "fingerprint", "version", "at", "from_state", "to_state", "epoch")
SELECT "id", ?1, 'recall', ?2, "version", "changed_at", "previous", "state", "epoch" FROM "parcels" WHERE "id" = ?3;

-- recall any version with token, follower 3
INSERT INTO "parcels_outbox" ("job", "version", "part", "topic", "at", "generation")
SELECT "id", "version", 1, CASE WHEN "rule" = 6 THEN 'recalled' END, "changed_at", (SELECT coalesce(max("generation"), 0) FROM "parcels_groups") FROM "parcels" WHERE "id" = ?1 AND ("rule" = 6);

-- recall any version with token, follower 4
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM "parcels_outbox" CROSS JOIN "parcels_groups" WHERE "active" AND "job" = ?1 AND "version" = (SELECT "version" FROM "parcels" WHERE "id" = ?1);

-- recall reason
SELECT "state", "version", "epoch", "attempts", "run_at", "run_at" <= ?1, "lease_until" <= ?1,
  "state" IN ('waiting', 'packed')
FROM "parcels" WHERE "id" = ?2;

-- recall adopt
SELECT "log"."job", "log"."version", "kept"."attempts", "kept"."run_at", "log"."at", "log"."from_state", "log"."epoch"
FROM "parcels" AS "kept" JOIN "parcels_log" AS "log" ON "log"."job" = "kept"."id"
WHERE "kept"."id" = ?1 AND "log"."nonce" = ?2;

-- join
INSERT INTO "parcels_groups" ("name", "generation", "starts_at", "active")
SELECT ?1, coalesce(max("generation"), 0) + 1, coalesce(?2, ?3), TRUE FROM "parcels_groups" WHERE TRUE
ON CONFLICT ("name") DO NOTHING
RETURNING "name";

-- rejoin
UPDATE "parcels_groups" SET "active" = TRUE, "generation" = (SELECT max("generation") + 1 FROM "parcels_groups"), "starts_at" = coalesce(?1, ?2)
WHERE "name" = ?3 AND NOT "active"
RETURNING "name";

-- leave
UPDATE "parcels_groups" SET "active" = FALSE
WHERE "name" = ?1 AND "active"
RETURNING "name";

-- clear
DELETE FROM "parcels_deliveries" WHERE "consumer" = ?1 AND NOT EXISTS (SELECT 1 FROM "parcels_groups" WHERE "name" = ?1 AND "active");

-- next generation
SELECT min("generation") FROM "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" WHERE "generation" > ?1;

-- serve
INSERT INTO "parcels_deliveries" ("job", "version", "part", "consumer", "topic", "at", "epoch", "tries", "run_at")
SELECT "job", "version", "part", "name", "topic", "at", 0, 0, "at" FROM (SELECT "job", "version", "part", "topic", "at" FROM "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" WHERE "generation" = ?1
  AND "at" > (SELECT min("starts_at") FROM "parcels_groups" WHERE "active" AND "generation" > ?1)
  AND "at" <= (SELECT max("at") FROM (SELECT "at" FROM "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" WHERE "generation" = ?1
  AND "at" > (SELECT min("starts_at") FROM "parcels_groups" WHERE "active" AND "generation" > ?1)
ORDER BY "at" LIMIT ?2) AS "first")) AS "raised" CROSS JOIN (SELECT "name", "starts_at" FROM "parcels_groups" WHERE "active" AND "generation" > ?1) AS "later"
WHERE "at" > "starts_at"
ON CONFLICT ("job", "version", "part", "consumer") DO NOTHING;

-- raise
UPDATE "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" SET "generation" = (SELECT max("generation") FROM "parcels_groups")
WHERE "generation" = ?1
  AND "at" > (SELECT min("starts_at") FROM "parcels_groups" WHERE "active" AND "generation" > ?1)
  AND "at" <= (SELECT max("at") FROM (SELECT "at" FROM "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" WHERE "generation" = ?1
  AND "at" > (SELECT min("starts_at") FROM "parcels_groups" WHERE "active" AND "generation" > ?1)
ORDER BY "at" LIMIT ?2) AS "first")
RETURNING "job";

-- claim deliveries
UPDATE "parcels_deliveries" SET "epoch" = "epoch" + 1, "tries" = CASE WHEN "tries" < ?1 THEN "tries" + 1 ELSE "tries" END, "run_at" = CASE WHEN "tries" < ?1 THEN ?2 + ?3 ELSE "run_at" END, "parked_at" = CASE WHEN "tries" < ?1 THEN NULL ELSE ?2 END, "error" = CASE WHEN "tries" < ?1 THEN "error" ELSE coalesce("error", 'no try came to an end before its lease') END
WHERE "consumer" = ?4 AND "job" IN (
SELECT "job" FROM "parcels_deliveries" INDEXED BY "parcels_delivery_7f37adf3" WHERE "consumer" = ?4 AND "parked_at" IS NULL AND "run_at" <= ?2
  AND CASE WHEN "parked_at" IS NOT NULL OR "run_at" > ?2
    OR EXISTS (SELECT 1 FROM "parcels_deliveries" AS "open" WHERE "open"."job" = "parcels_deliveries"."job" AND "open"."consumer" = "parcels_deliveries"."consumer" AND CASE WHEN "open"."parked_at" IS NULL THEN TRUE ELSE FALSE END AND ("open"."version" < "parcels_deliveries"."version" OR "open"."version" = "parcels_deliveries"."version" AND "open"."part" < "parcels_deliveries"."part"))
    OR EXISTS (SELECT 1 FROM "parcels_outbox" AS "event" WHERE "event"."job" = "parcels_deliveries"."job" AND "event"."version" < "parcels_deliveries"."version" AND EXISTS (SELECT 1 FROM "parcels_groups" WHERE "name" = "parcels_deliveries"."consumer" AND "generation" > "event"."generation" AND "starts_at" < "event"."at")) THEN FALSE ELSE TRUE END
ORDER BY "run_at", "job", "version" LIMIT ?5
)
  AND CASE WHEN "parked_at" IS NOT NULL OR "run_at" > ?2
    OR EXISTS (SELECT 1 FROM "parcels_deliveries" AS "open" WHERE "open"."job" = "parcels_deliveries"."job" AND "open"."consumer" = "parcels_deliveries"."consumer" AND CASE WHEN "open"."parked_at" IS NULL THEN TRUE ELSE FALSE END AND ("open"."version" < "parcels_deliveries"."version" OR "open"."version" = "parcels_deliveries"."version" AND "open"."part" < "parcels_deliveries"."part"))
    OR EXISTS (SELECT 1 FROM "parcels_outbox" AS "event" WHERE "event"."job" = "parcels_deliveries"."job" AND "event"."version" < "parcels_deliveries"."version" AND EXISTS (SELECT 1 FROM "parcels_groups" WHERE "name" = "parcels_deliveries"."consumer" AND "generation" > "event"."generation" AND "starts_at" < "event"."at")) THEN FALSE ELSE TRUE END
RETURNING "job", "version", "part", "topic", "at", "epoch", "tries", "parked_at";

-- delivered
DELETE FROM "parcels_deliveries"
WHERE "job" = ?1 AND "version" = ?2 AND "part" = ?3 AND "consumer" = ?4
  AND "epoch" = ?5
RETURNING "job";

-- not delivered
UPDATE "parcels_deliveries" SET "error" = ?1, "run_at" = ?2 + ?3, "parked_at" = CASE WHEN "tries" >= ?4 THEN ?2 END
WHERE "job" = ?5 AND "version" = ?6 AND "part" = ?7 AND "consumer" = ?8
  AND "epoch" = ?9
RETURNING "parked_at";

-- not begun
UPDATE "parcels_deliveries" SET "tries" = "tries" - 1, "run_at" = ?1
WHERE "job" = ?2 AND "version" = ?3 AND "part" = ?4 AND "consumer" = ?5
  AND "epoch" = ?6
RETURNING "job";

-- parked
SELECT "job", "version", "part", "topic", "at", "epoch", "tries", "parked_at", "error" FROM "parcels_deliveries" WHERE "parked_at" IS NOT NULL AND "consumer" = ?1
ORDER BY "job", "version", "part" LIMIT ?2;

-- unpark
UPDATE "parcels_deliveries" SET "tries" = 0, "parked_at" = NULL, "run_at" = ?1
WHERE "job" = ?2 AND "version" = ?3 AND "part" = ?4 AND "consumer" = ?5
  AND "epoch" = ?6 AND "parked_at" IS NOT NULL
RETURNING "job";

-- discard
DELETE FROM "parcels_deliveries"
WHERE "job" = ?1 AND "version" = ?2 AND "part" = ?3 AND "consumer" = ?4
  AND "epoch" = ?5 AND "parked_at" IS NOT NULL
RETURNING "job";

-- prune
DELETE FROM "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" WHERE "at" <= (SELECT max("at") FROM (SELECT "at" FROM "parcels_outbox" INDEXED BY "parcels_outbox_486228b1" WHERE "generation" = ?1 AND "at" <= ?2 - 3600000
  AND CASE WHEN (SELECT count(*) FROM "parcels_deliveries" AS "open" CROSS JOIN "parcels_groups" WHERE "open"."job" = "parcels_outbox"."job" AND "open"."version" = "parcels_outbox"."version" AND "open"."part" = "parcels_outbox"."part" AND "name" = "consumer" AND "active") > 0
    OR EXISTS (SELECT 1 FROM "parcels_groups" AS "later" WHERE "later"."active" AND "later"."generation" > "parcels_outbox"."generation" AND "later"."starts_at" < "parcels_outbox"."at") THEN FALSE ELSE TRUE END
ORDER BY "at" LIMIT ?3) AS "oldest")
  AND "generation" = ?1 AND "at" <= ?2 - 3600000
  AND CASE WHEN (SELECT count(*) FROM "parcels_deliveries" AS "open" CROSS JOIN "parcels_groups" WHERE "open"."job" = "parcels_outbox"."job" AND "open"."version" = "parcels_outbox"."version" AND "open"."part" = "parcels_outbox"."part" AND "name" = "consumer" AND "active") > 0
    OR EXISTS (SELECT 1 FROM "parcels_groups" AS "later" WHERE "later"."active" AND "later"."generation" > "parcels_outbox"."generation" AND "later"."starts_at" < "parcels_outbox"."at") THEN FALSE ELSE TRUE END
RETURNING "job";
