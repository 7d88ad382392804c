import { buildDBClient, Runner, SqliteQueue } from "liteque";
import { inParts, payload, serve } from "./protocol.mjs";

// It passes async functions to transaction(), which better-sqlite3 refuses from 11.10 on.
// That is why package.json names an older one.
const db = buildDBClient(process.env.PEER_FILE, { runMigrations: true });
(db.$client ?? db.session.client).pragma("synchronous = FULL");
const queue = new SqliteQueue("nothing", db, {
  defaultJobArgs: { numRetries: 2 },
  keepFailedJobs: false,
});

await serve({
  submit: (count) => inParts(count, 1, 1, () => queue.enqueue(payload)),
  work: () =>
    new Runner(
      queue,
      { run: async () => {} },
      { concurrency: 1, pollIntervalMs: 1, timeoutSecs: 600 },
    ).runUntilEmpty(),
  close: () => {},
});
