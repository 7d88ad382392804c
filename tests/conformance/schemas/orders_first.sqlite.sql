BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "orders_schema" (
  "number" INTEGER NOT NULL,
  "at" INTEGER NOT NULL,
  "library" TEXT NOT NULL,
  "declaration" TEXT NOT NULL,
  "changes" TEXT NOT NULL,
  PRIMARY KEY ("number")
) STRICT, WITHOUT ROWID;
INSERT INTO orders_schema VALUES(1,1737549272741,'0.1.0',replace('CREATE TABLE IF NOT EXISTS "orders" (\n  "id" INTEGER PRIMARY KEY AUTOINCREMENT,\n  "state" TEXT NOT NULL,\n  "version" INTEGER NOT NULL,\n  "epoch" INTEGER NOT NULL,\n  "attempts" INTEGER NOT NULL CONSTRAINT "attempts_in_range" CHECK ("attempts" BETWEEN -2147483648 AND 2147483647),\n  "owner" TEXT,\n  "lease_until" INTEGER,\n  "run_at" INTEGER NOT NULL,\n  "priority" INTEGER NOT NULL CONSTRAINT "priority_in_range" CHECK ("priority" BETWEEN -2147483648 AND 2147483647),\n  "key" TEXT,\n  "fingerprint" TEXT,\n  "error" TEXT,\n  "created_at" INTEGER NOT NULL,\n  "changed_at" INTEGER NOT NULL,\n  "previous" TEXT,\n  "rule" INTEGER NOT NULL CONSTRAINT "rule_in_range" CHECK ("rule" BETWEEN -2147483648 AND 2147483647),\n  "article" TEXT NOT NULL,\n  "weight" INTEGER CONSTRAINT "weight_in_range" CHECK ("weight" BETWEEN -2147483648 AND 2147483647),\n  "note" TEXT\n) STRICT;\nCREATE TRIGGER IF NOT EXISTS "orders_state_insert" AFTER INSERT ON "orders" WHEN CASE NEW."state" WHEN ''waiting'' THEN 0 WHEN ''packing'' THEN 0 WHEN ''packed'' THEN 0 WHEN ''lost'' THEN 0 ELSE 1 END BEGIN SELECT RAISE(ABORT, ''the state is not declared''); END;\nCREATE TRIGGER IF NOT EXISTS "orders_state_update" AFTER UPDATE OF "state" ON "orders" WHEN CASE NEW."state" WHEN ''waiting'' THEN 0 WHEN ''packing'' THEN 0 WHEN ''packed'' THEN 0 WHEN ''lost'' THEN 0 ELSE 1 END BEGIN SELECT RAISE(ABORT, ''the state is not declared''); END;\nCREATE TABLE IF NOT EXISTS "orders_log" (\n  "job" INTEGER NOT NULL,\n  "version" INTEGER NOT NULL,\n  "event" TEXT NOT NULL,\n  "from_state" TEXT,\n  "to_state" TEXT NOT NULL,\n  "epoch" INTEGER NOT NULL,\n  "actor" TEXT,\n  "at" INTEGER NOT NULL,\n  "lease_until" INTEGER,\n  "nonce" BLOB NOT NULL,\n  PRIMARY KEY ("job", "version")\n) STRICT, WITHOUT ROWID;\nCREATE TABLE IF NOT EXISTS "orders_tokens" (\n  "job" INTEGER NOT NULL,\n  "token" TEXT NOT NULL,\n  "event" TEXT NOT NULL,\n  "fingerprint" TEXT NOT NULL,\n  "version" INTEGER NOT NULL,\n  "at" INTEGER NOT NULL,\n  "from_state" TEXT NOT NULL,\n  "to_state" TEXT NOT NULL,\n  "epoch" INTEGER NOT NULL,\n  PRIMARY KEY ("job", "token")\n) STRICT, WITHOUT ROWID;\nCREATE TABLE IF NOT EXISTS "orders_schema" (\n  "number" INTEGER NOT NULL,\n  "at" INTEGER NOT NULL,\n  "library" TEXT NOT NULL,\n  "declaration" TEXT NOT NULL,\n  "changes" TEXT NOT NULL,\n  PRIMARY KEY ("number")\n) STRICT, WITHOUT ROWID;\nCREATE UNIQUE INDEX IF NOT EXISTS "orders_key" ON "orders" ("key") WHERE "key" IS NOT NULL;\nCREATE INDEX IF NOT EXISTS "orders_claim_due_53908e99" ON "orders" ("priority" DESC, "run_at", "id") WHERE "state" IN (''waiting'', ''packing'');\nCREATE INDEX IF NOT EXISTS "orders_claim_used_up_37c53471" ON "orders" ("id") WHERE "state" IN (''waiting'') AND "attempts" >= 3;\nCREATE INDEX IF NOT EXISTS "orders_leases_9515f25b" ON "orders" ("lease_until", "id") WHERE "state" IN (''packing'');\n','\n',char(10)),replace('CREATE TABLE IF NOT EXISTS "orders" (\n  "id" INTEGER PRIMARY KEY AUTOINCREMENT,\n  "state" TEXT NOT NULL,\n  "version" INTEGER NOT NULL,\n  "epoch" INTEGER NOT NULL,\n  "attempts" INTEGER NOT NULL CONSTRAINT "attempts_in_range" CHECK ("attempts" BETWEEN -2147483648 AND 2147483647),\n  "owner" TEXT,\n  "lease_until" INTEGER,\n  "run_at" INTEGER NOT NULL,\n  "priority" INTEGER NOT NULL CONSTRAINT "priority_in_range" CHECK ("priority" BETWEEN -2147483648 AND 2147483647),\n  "key" TEXT,\n  "fingerprint" TEXT,\n  "error" TEXT,\n  "created_at" INTEGER NOT NULL,\n  "changed_at" INTEGER NOT NULL,\n  "previous" TEXT,\n  "rule" INTEGER NOT NULL CONSTRAINT "rule_in_range" CHECK ("rule" BETWEEN -2147483648 AND 2147483647),\n  "article" TEXT NOT NULL,\n  "weight" INTEGER CONSTRAINT "weight_in_range" CHECK ("weight" BETWEEN -2147483648 AND 2147483647),\n  "note" TEXT\n) STRICT;\nCREATE TRIGGER IF NOT EXISTS "orders_state_insert" AFTER INSERT ON "orders" WHEN CASE NEW."state" WHEN ''waiting'' THEN 0 WHEN ''packing'' THEN 0 WHEN ''packed'' THEN 0 WHEN ''lost'' THEN 0 ELSE 1 END BEGIN SELECT RAISE(ABORT, ''the state is not declared''); END;\nCREATE TRIGGER IF NOT EXISTS "orders_state_update" AFTER UPDATE OF "state" ON "orders" WHEN CASE NEW."state" WHEN ''waiting'' THEN 0 WHEN ''packing'' THEN 0 WHEN ''packed'' THEN 0 WHEN ''lost'' THEN 0 ELSE 1 END BEGIN SELECT RAISE(ABORT, ''the state is not declared''); END;\nCREATE UNIQUE INDEX IF NOT EXISTS "orders_key" ON "orders" ("key") WHERE "key" IS NOT NULL;\nCREATE INDEX IF NOT EXISTS "orders_claim_due_53908e99" ON "orders" ("priority" DESC, "run_at", "id") WHERE "state" IN (''waiting'', ''packing'');\nCREATE INDEX IF NOT EXISTS "orders_claim_used_up_37c53471" ON "orders" ("id") WHERE "state" IN (''waiting'') AND "attempts" >= 3;\nCREATE INDEX IF NOT EXISTS "orders_leases_9515f25b" ON "orders" ("lease_until", "id") WHERE "state" IN (''packing'');\nCREATE TABLE IF NOT EXISTS "orders_log" (\n  "job" INTEGER NOT NULL,\n  "version" INTEGER NOT NULL,\n  "event" TEXT NOT NULL,\n  "from_state" TEXT,\n  "to_state" TEXT NOT NULL,\n  "epoch" INTEGER NOT NULL,\n  "actor" TEXT,\n  "at" INTEGER NOT NULL,\n  "lease_until" INTEGER,\n  "nonce" BLOB NOT NULL,\n  PRIMARY KEY ("job", "version")\n) STRICT, WITHOUT ROWID;\nCREATE TABLE IF NOT EXISTS "orders_tokens" (\n  "job" INTEGER NOT NULL,\n  "token" TEXT NOT NULL,\n  "event" TEXT NOT NULL,\n  "fingerprint" TEXT NOT NULL,\n  "version" INTEGER NOT NULL,\n  "at" INTEGER NOT NULL,\n  "from_state" TEXT NOT NULL,\n  "to_state" TEXT NOT NULL,\n  "epoch" INTEGER NOT NULL,\n  PRIMARY KEY ("job", "token")\n) STRICT, WITHOUT ROWID;\n','\n',char(10)));
CREATE TABLE IF NOT EXISTS "orders" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "state" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "epoch" INTEGER NOT NULL,
  "attempts" INTEGER NOT NULL CONSTRAINT "attempts_in_range" CHECK ("attempts" BETWEEN -2147483648 AND 2147483647),
  "owner" TEXT,
  "lease_until" INTEGER,
  "run_at" INTEGER NOT NULL,
  "priority" INTEGER NOT NULL CONSTRAINT "priority_in_range" CHECK ("priority" BETWEEN -2147483648 AND 2147483647),
  "key" TEXT,
  "fingerprint" TEXT,
  "error" TEXT,
  "created_at" INTEGER NOT NULL,
  "changed_at" INTEGER NOT NULL,
  "previous" TEXT,
  "rule" INTEGER NOT NULL CONSTRAINT "rule_in_range" CHECK ("rule" BETWEEN -2147483648 AND 2147483647),
  "article" TEXT NOT NULL,
  "weight" INTEGER CONSTRAINT "weight_in_range" CHECK ("weight" BETWEEN -2147483648 AND 2147483647),
  "note" TEXT
) STRICT;
INSERT INTO orders VALUES(1,'waiting',1,0,0,NULL,NULL,1737549272764,0,'k-1','11abf4ef018655b7eb50168373549fde6',NULL,1737549272764,1737549272764,NULL,0,'lamp',NULL,'waits');
INSERT INTO orders VALUES(2,'packing',3,1,1,'packer-1',1737549302777,1737549302777,0,'k-2','1a77512abe78b5d36ba35354462906339',NULL,1737549272771,1737549272779,'packing',1,'chair',7000,NULL);
INSERT INTO orders VALUES(3,'packed',4,1,1,NULL,NULL,1737549302780,0,'k-3','1a007bdc1adb65d1d8ebb625ce413d46e',NULL,1737549272775,1737549272781,'packing',2,'table',15000,NULL);
INSERT INTO orders VALUES(4,'lost',2,0,0,NULL,NULL,1737549272776,0,'k-4','1219e2331ea98583a99f8b23c07eacef3',NULL,1737549272776,1737549272783,'waiting',4,'vase',3,NULL);
INSERT INTO orders VALUES(5,'waiting',3,1,1,NULL,NULL,1737549272784,0,'k-5','13b6382180b5351c78235894c752cd69a',NULL,1737549272777,1737549272784,'packing',3,'sofa',NULL,NULL);
CREATE TABLE IF NOT EXISTS "orders_log" (
  "job" INTEGER NOT NULL,
  "version" INTEGER NOT NULL,
  "event" TEXT NOT NULL,
  "from_state" TEXT,
  "to_state" TEXT NOT NULL,
  "epoch" INTEGER NOT NULL,
  "actor" TEXT,
  "at" INTEGER NOT NULL,
  "lease_until" INTEGER,
  "nonce" BLOB NOT NULL,
  PRIMARY KEY ("job", "version")
) STRICT, WITHOUT ROWID;
INSERT INTO orders_log VALUES(1,1,'submit',NULL,'waiting',0,NULL,1737549272764,NULL,X'4fbf967f1e18465393b5b815a7b4d961');
INSERT INTO orders_log VALUES(2,1,'submit',NULL,'waiting',0,NULL,1737549272771,NULL,X'35f185323b4440f8938b0c82ee0a2cbc');
INSERT INTO orders_log VALUES(2,2,'claim','waiting','packing',1,'packer-1',1737549272777,1737549302777,X'0e67b87964254e3ba1ea1725777baf78');
INSERT INTO orders_log VALUES(2,3,'weigh','packing','packing',1,'packer-1',1737549272779,1737549302777,X'1152ba18776c4556bb8df70f5150e66d');
INSERT INTO orders_log VALUES(3,1,'submit',NULL,'waiting',0,NULL,1737549272775,NULL,X'df3beec36077422586acc777df5decb6');
INSERT INTO orders_log VALUES(3,2,'claim','waiting','packing',1,'packer-2',1737549272780,1737549302780,X'aed92f4a55674275856a2e046e78be4d');
INSERT INTO orders_log VALUES(3,3,'weigh','packing','packing',1,'packer-2',1737549272780,1737549302780,X'f41ed2ad0ec84d29860732e145c3ae30');
INSERT INTO orders_log VALUES(3,4,'finish','packing','packed',1,'packer-2',1737549272781,NULL,X'5605de86c5f148399ee935694bd6b6c0');
INSERT INTO orders_log VALUES(4,1,'submit',NULL,'waiting',0,NULL,1737549272776,NULL,X'8f3b26d2fd3945018d323ac5bd96de57');
INSERT INTO orders_log VALUES(4,2,'cancel','waiting','lost',0,'clerk',1737549272783,NULL,X'd9843de4eee84567a665006fcf68fd8f');
INSERT INTO orders_log VALUES(5,1,'submit',NULL,'waiting',0,NULL,1737549272777,NULL,X'17b4440a9a44420d932365cdcbc429e3');
INSERT INTO orders_log VALUES(5,2,'claim','waiting','packing',1,'packer-1',1737549272784,1737549302784,X'8f33c9b7a16a4fa881e122814fc164a2');
INSERT INTO orders_log VALUES(5,3,'release','packing','waiting',1,'packer-1',1737549272784,NULL,X'acbc8f4aa37f4619bf225c5d59f6ffd5');
CREATE TABLE IF NOT EXISTS "orders_tokens" (
  "job" INTEGER NOT NULL,
  "token" TEXT NOT NULL,
  "event" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "at" INTEGER NOT NULL,
  "from_state" TEXT NOT NULL,
  "to_state" TEXT NOT NULL,
  "epoch" INTEGER NOT NULL,
  PRIMARY KEY ("job", "token")
) STRICT, WITHOUT ROWID;
INSERT INTO orders_tokens VALUES(2,'weighed-2','weigh','1fd29bc09b1855f0da4ef7fabb7448449',3,1737549272779,'packing','packing',1);
INSERT INTO orders_tokens VALUES(3,'finished-3','finish','10a68eb57c88a5f349e9d27f85e68af4f',4,1737549272781,'packing','packed',1);
INSERT INTO orders_tokens VALUES(3,'weighed-3','weigh','19eb5e1a48f9c5ca68075800594a34330',3,1737549272780,'packing','packing',1);
INSERT INTO orders_tokens VALUES(4,'cancelled-4','cancel','10a68eb57c88a5f349e9d27f85e68af4f',2,1737549272783,'waiting','lost',0);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('orders',5);
CREATE TRIGGER "orders_state_insert" AFTER INSERT ON "orders" WHEN CASE NEW."state" WHEN 'waiting' THEN 0 WHEN 'packing' THEN 0 WHEN 'packed' THEN 0 WHEN 'lost' THEN 0 ELSE 1 END BEGIN SELECT RAISE(ABORT, 'the state is not declared'); END;
CREATE TRIGGER "orders_state_update" AFTER UPDATE OF "state" ON "orders" WHEN CASE NEW."state" WHEN 'waiting' THEN 0 WHEN 'packing' THEN 0 WHEN 'packed' THEN 0 WHEN 'lost' THEN 0 ELSE 1 END BEGIN SELECT RAISE(ABORT, 'the state is not declared'); END;
CREATE UNIQUE INDEX "orders_key" ON "orders" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX "orders_claim_due_53908e99" ON "orders" ("priority" DESC, "run_at", "id") WHERE "state" IN ('waiting', 'packing');
CREATE INDEX "orders_claim_used_up_37c53471" ON "orders" ("id") WHERE "state" IN ('waiting') AND "attempts" >= 3;
CREATE INDEX "orders_leases_9515f25b" ON "orders" ("lease_until", "id") WHERE "state" IN ('packing');
COMMIT;
