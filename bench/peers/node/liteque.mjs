import { buildDBClient, Runner, SqliteQueue } from "liteque";
import { inParts, payload, serve } from "./protocol.mjs";

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
