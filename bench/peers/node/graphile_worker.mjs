import { makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import { inParts, payload, serve } from "./protocol.mjs";

const pool = new pg.Pool({ connectionString: process.env.PEER_URL, max: 10 });
const quiet = new (await import("graphile-worker")).Logger(() => () => {});
const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet });
await utils.migrate();

await serve({
  submit: (count, batch) =>
    inParts(count, batch, batch === 1 ? 8 : 4, (size) =>
      size === 1
        ? utils.addJob("nothing", payload)
        : utils.addJobs(Array.from({ length: size }, () => ({ identifier: "nothing", payload }))),
    ),
  work: async (count, batch) => {
    let done = 0;
    let finished;
    const all = new Promise((resolve) => (finished = resolve));
    const batches = { localQueue: { size: batch }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
    const runner = await run({
      pgPool: pool,
      logger: quiet,
      noHandleSignals: true,
      taskList: { nothing: () => void (++done === count && finished()) },
      preset: { worker: { concurrentJobs: batch === 1 ? 8 : 24, ...(batch > 1 ? batches : {}) } },
    });
    await all;
    await runner.stop(); // the last completions are sent by then
  },
  close: () => pool.end(),
});
