import PgBoss from "pg-boss";
import { inParts, payload, serve } from "./protocol.mjs";

const boss = new PgBoss({
  connectionString: process.env.PEER_URL,
  max: 10,
  supervise: false,
  schedule: false,
});
await boss.start();
await boss.createQueue("nothing");

await serve({
  submit: (count, batch) =>
    inParts(count, batch, batch === 1 ? 8 : 4, (size) =>
      size === 1
        ? boss.send("nothing", payload)
        : boss.insert(Array.from({ length: size }, () => ({ name: "nothing", data: payload }))),
    ),
  work: async (count, batch) => {
    let done = 0;
    await Promise.all(
      Array.from({ length: batch === 1 ? 8 : 4 }, async () => {
        while (done < count) {
          const jobs = await boss.fetch("nothing", { batchSize: batch });
          if (jobs.length === 0) continue;
          done += jobs.length;
          await boss.complete("nothing", jobs.map((each) => each.id));
        }
      }),
    );
  },
  close: () => boss.stop(),
});
