
CREATE TABLE orders (
    id bigint NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    epoch bigint NOT NULL,
    attempts integer NOT NULL,
    owner text COLLATE pg_catalog."C",
    lease_until timestamp with time zone,
    run_at timestamp with time zone NOT NULL,
    priority integer NOT NULL,
    key text COLLATE pg_catalog."C",
    fingerprint text COLLATE pg_catalog."C",
    error text COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    previous text COLLATE pg_catalog."C",
    rule integer NOT NULL,
    article text NOT NULL COLLATE pg_catalog."C",
    weight integer,
    note text COLLATE pg_catalog."C",
    CONSTRAINT orders_state CHECK ((state = ANY (ARRAY['waiting'::text, 'packing'::text, 'packed'::text, 'lost'::text])))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='1000');

ALTER TABLE orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE orders_log (
    job bigint NOT NULL,
    version bigint NOT NULL,
    event text NOT NULL COLLATE pg_catalog."C",
    from_state text COLLATE pg_catalog."C",
    to_state text NOT NULL COLLATE pg_catalog."C",
    epoch bigint NOT NULL,
    actor text COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone,
    nonce bytea NOT NULL
);

CREATE TABLE orders_schema (
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    library text NOT NULL COLLATE pg_catalog."C",
    declaration text NOT NULL COLLATE pg_catalog."C",
    changes text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE orders_tokens (
    job bigint NOT NULL,
    token text NOT NULL COLLATE pg_catalog."C",
    event text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    from_state text NOT NULL COLLATE pg_catalog."C",
    to_state text NOT NULL COLLATE pg_catalog."C",
    epoch bigint NOT NULL
);

INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (1, 'waiting', 1, 0, 0, NULL, NULL, '2025-01-22 12:07:52.960054+00', 0, 'k-1', '11abf4ef018655b7eb50168373549fde6', NULL, '2025-01-22 12:07:52.960055+00', '2025-01-22 12:07:52.960055+00', NULL, 0, 'lamp', NULL, 'waits');
INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (2, 'packing', 3, 1, 1, 'packer-1', '2025-01-22 12:08:22.963167+00', '2025-01-22 12:08:22.963167+00', 0, 'k-2', '1a77512abe78b5d36ba35354462906339', NULL, '2025-01-22 12:07:52.961001+00', '2025-01-22 12:07:52.964132+00', 'packing', 1, 'chair', 7000, NULL);
INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (3, 'packed', 4, 1, 1, NULL, NULL, '2025-01-22 12:08:22.968188+00', 0, 'k-3', '1a007bdc1adb65d1d8ebb625ce413d46e', NULL, '2025-01-22 12:07:52.96124+00', '2025-01-22 12:07:52.969908+00', 'packing', 2, 'table', 15000, NULL);
INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (4, 'lost', 2, 0, 0, NULL, NULL, '2025-01-22 12:07:52.961508+00', 0, 'k-4', '1219e2331ea98583a99f8b23c07eacef3', NULL, '2025-01-22 12:07:52.961508+00', '2025-01-22 12:07:52.970887+00', 'waiting', 4, 'vase', 3, NULL);
INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (5, 'waiting', 3, 1, 1, NULL, NULL, '2025-01-22 12:07:52.972017+00', 0, 'k-5', '13b6382180b5351c78235894c752cd69a', NULL, '2025-01-22 12:07:52.9617+00', '2025-01-22 12:07:52.972017+00', 'packing', 3, 'sofa', NULL, NULL);

INSERT INTO orders_log VALUES (1, 1, 'submit', NULL, 'waiting', 0, NULL, '2025-01-22 12:07:52.960055+00', NULL, '\x3ef761fca20248628d8ea721a1fa0321');
INSERT INTO orders_log VALUES (2, 1, 'submit', NULL, 'waiting', 0, NULL, '2025-01-22 12:07:52.961001+00', NULL, '\xdcd0924f034e4e899ae3126e5bec0b9e');
INSERT INTO orders_log VALUES (3, 1, 'submit', NULL, 'waiting', 0, NULL, '2025-01-22 12:07:52.96124+00', NULL, '\x972b3ca6da834db7b8b64ee77e08c84a');
INSERT INTO orders_log VALUES (4, 1, 'submit', NULL, 'waiting', 0, NULL, '2025-01-22 12:07:52.961508+00', NULL, '\x821e3ed5755d4641b42e88c12e508a2a');
INSERT INTO orders_log VALUES (5, 1, 'submit', NULL, 'waiting', 0, NULL, '2025-01-22 12:07:52.9617+00', NULL, '\x520bb463299642a6afd162dfc888baf2');
INSERT INTO orders_log VALUES (2, 2, 'claim', 'waiting', 'packing', 1, 'packer-1', '2025-01-22 12:07:52.963167+00', '2025-01-22 12:08:22.963167+00', '\x315e2c20a5434cf3ad330a0498a9a64e');
INSERT INTO orders_log VALUES (2, 3, 'weigh', 'packing', 'packing', 1, 'packer-1', '2025-01-22 12:07:52.964132+00', '2025-01-22 12:08:22.963167+00', '\xfaaef08c117f434cbb44c339af545fa3');
INSERT INTO orders_log VALUES (3, 2, 'claim', 'waiting', 'packing', 1, 'packer-2', '2025-01-22 12:07:52.968188+00', '2025-01-22 12:08:22.968188+00', '\xc442c43744474b87972dd03f3d7e1476');
INSERT INTO orders_log VALUES (3, 3, 'weigh', 'packing', 'packing', 1, 'packer-2', '2025-01-22 12:07:52.969137+00', '2025-01-22 12:08:22.968188+00', '\xd281f5389a4646aa9678572eaa79a73a');
INSERT INTO orders_log VALUES (3, 4, 'finish', 'packing', 'packed', 1, 'packer-2', '2025-01-22 12:07:52.969908+00', NULL, '\xc02d76ed0dc34310b7e9a28b5e4c088c');
INSERT INTO orders_log VALUES (4, 2, 'cancel', 'waiting', 'lost', 0, 'clerk', '2025-01-22 12:07:52.970887+00', NULL, '\x6c1b4327f3ff49e4b0eb74a8794f7faa');
INSERT INTO orders_log VALUES (5, 2, 'claim', 'waiting', 'packing', 1, 'packer-1', '2025-01-22 12:07:52.971355+00', '2025-01-22 12:08:22.971355+00', '\xf75a383194964df6a7f0d4baefb89bc6');
INSERT INTO orders_log VALUES (5, 3, 'release', 'packing', 'waiting', 1, 'packer-1', '2025-01-22 12:07:52.972017+00', NULL, '\x6de31f84147843a9970242fb10b69818');

INSERT INTO orders_schema VALUES (1, '2025-01-22 12:07:52.938559+00', '0.1.0', 'CREATE TABLE IF NOT EXISTS "orders" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "state" text COLLATE "C" NOT NULL CONSTRAINT "orders_state" CHECK ("state" IN (''waiting'', ''packing'', ''packed'', ''lost'')),
  "version" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "attempts" integer NOT NULL,
  "owner" text COLLATE "C",
  "lease_until" timestamptz,
  "run_at" timestamptz NOT NULL,
  "priority" integer NOT NULL,
  "key" text COLLATE "C",
  "fingerprint" text COLLATE "C",
  "error" text COLLATE "C",
  "created_at" timestamptz NOT NULL,
  "changed_at" timestamptz NOT NULL,
  "previous" text COLLATE "C",
  "rule" integer NOT NULL,
  "article" text COLLATE "C" NOT NULL,
  "weight" integer,
  "note" text COLLATE "C"
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE TABLE IF NOT EXISTS "orders_log" (
  "job" bigint NOT NULL,
  "version" bigint NOT NULL,
  "event" text COLLATE "C" NOT NULL,
  "from_state" text COLLATE "C",
  "to_state" text COLLATE "C" NOT NULL,
  "epoch" bigint NOT NULL,
  "actor" text COLLATE "C",
  "at" timestamptz NOT NULL,
  "lease_until" timestamptz,
  "nonce" bytea NOT NULL,
  PRIMARY KEY ("job", "version")
);
CREATE TABLE IF NOT EXISTS "orders_tokens" (
  "job" bigint NOT NULL,
  "token" text COLLATE "C" NOT NULL,
  "event" text COLLATE "C" NOT NULL,
  "fingerprint" text COLLATE "C" NOT NULL,
  "version" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "from_state" text COLLATE "C" NOT NULL,
  "to_state" text COLLATE "C" NOT NULL,
  "epoch" bigint NOT NULL,
  PRIMARY KEY ("job", "token")
);
CREATE TABLE IF NOT EXISTS "orders_schema" (
  "number" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "library" text COLLATE "C" NOT NULL,
  "declaration" text COLLATE "C" NOT NULL,
  "changes" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("number")
);
CREATE UNIQUE INDEX IF NOT EXISTS "orders_key" ON "orders" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "orders_claim_due_53908e99" ON "orders" ("priority" DESC, "run_at", "id") WHERE "state" IN (''waiting'', ''packing'');
CREATE INDEX IF NOT EXISTS "orders_claim_used_up_37c53471" ON "orders" ("id") WHERE "state" IN (''waiting'') AND "attempts" >= 3;
CREATE INDEX IF NOT EXISTS "orders_leases_9515f25b" ON "orders" ("lease_until", "id") WHERE "state" IN (''packing'');
', 'CREATE TABLE IF NOT EXISTS "orders" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "state" text COLLATE "C" NOT NULL CONSTRAINT "orders_state" CHECK ("state" IN (''waiting'', ''packing'', ''packed'', ''lost'')),
  "version" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "attempts" integer NOT NULL,
  "owner" text COLLATE "C",
  "lease_until" timestamptz,
  "run_at" timestamptz NOT NULL,
  "priority" integer NOT NULL,
  "key" text COLLATE "C",
  "fingerprint" text COLLATE "C",
  "error" text COLLATE "C",
  "created_at" timestamptz NOT NULL,
  "changed_at" timestamptz NOT NULL,
  "previous" text COLLATE "C",
  "rule" integer NOT NULL,
  "article" text COLLATE "C" NOT NULL,
  "weight" integer,
  "note" text COLLATE "C"
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE UNIQUE INDEX IF NOT EXISTS "orders_key" ON "orders" ("key") WHERE "key" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "orders_claim_due_53908e99" ON "orders" ("priority" DESC, "run_at", "id") WHERE "state" IN (''waiting'', ''packing'');
CREATE INDEX IF NOT EXISTS "orders_claim_used_up_37c53471" ON "orders" ("id") WHERE "state" IN (''waiting'') AND "attempts" >= 3;
CREATE INDEX IF NOT EXISTS "orders_leases_9515f25b" ON "orders" ("lease_until", "id") WHERE "state" IN (''packing'');
CREATE TABLE IF NOT EXISTS "orders_log" (
  "job" bigint NOT NULL,
  "version" bigint NOT NULL,
  "event" text COLLATE "C" NOT NULL,
  "from_state" text COLLATE "C",
  "to_state" text COLLATE "C" NOT NULL,
  "epoch" bigint NOT NULL,
  "actor" text COLLATE "C",
  "at" timestamptz NOT NULL,
  "lease_until" timestamptz,
  "nonce" bytea NOT NULL,
  PRIMARY KEY ("job", "version")
);
CREATE TABLE IF NOT EXISTS "orders_tokens" (
  "job" bigint NOT NULL,
  "token" text COLLATE "C" NOT NULL,
  "event" text COLLATE "C" NOT NULL,
  "fingerprint" text COLLATE "C" NOT NULL,
  "version" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "from_state" text COLLATE "C" NOT NULL,
  "to_state" text COLLATE "C" NOT NULL,
  "epoch" bigint NOT NULL,
  PRIMARY KEY ("job", "token")
);
');

INSERT INTO orders_tokens VALUES (2, 'weighed-2', 'weigh', '1fd29bc09b1855f0da4ef7fabb7448449', 3, '2025-01-22 12:07:52.964132+00', 'packing', 'packing', 1);
INSERT INTO orders_tokens VALUES (3, 'weighed-3', 'weigh', '19eb5e1a48f9c5ca68075800594a34330', 3, '2025-01-22 12:07:52.969137+00', 'packing', 'packing', 1);
INSERT INTO orders_tokens VALUES (3, 'finished-3', 'finish', '10a68eb57c88a5f349e9d27f85e68af4f', 4, '2025-01-22 12:07:52.969908+00', 'packing', 'packed', 1);
INSERT INTO orders_tokens VALUES (4, 'cancelled-4', 'cancel', '10a68eb57c88a5f349e9d27f85e68af4f', 2, '2025-01-22 12:07:52.970887+00', 'waiting', 'lost', 0);

SELECT pg_catalog.setval('orders_id_seq', 5, true);

ALTER TABLE ONLY orders_log
    ADD CONSTRAINT orders_log_pkey PRIMARY KEY (job, version);

ALTER TABLE ONLY orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY orders_schema
    ADD CONSTRAINT orders_schema_pkey PRIMARY KEY (number);

ALTER TABLE ONLY orders_tokens
    ADD CONSTRAINT orders_tokens_pkey PRIMARY KEY (job, token);

CREATE INDEX orders_claim_due_53908e99 ON orders USING btree (priority DESC, run_at, id) WHERE (state = ANY (ARRAY['waiting'::text, 'packing'::text]));

CREATE INDEX orders_claim_used_up_37c53471 ON orders USING btree (id) WHERE ((state = 'waiting'::text) AND (attempts >= 3));

CREATE UNIQUE INDEX orders_key ON orders USING btree (key) WHERE (key IS NOT NULL);

CREATE INDEX orders_leases_9515f25b ON orders USING btree (lease_until, id) WHERE (state = 'packing'::text);

