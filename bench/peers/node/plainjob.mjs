import Database from "better-sqlite3";
import { better, defineQueue, defineWorker } from "plainjob";
import { inParts, payload, serve } from "./protocol.mjs";

const quiet = { error() {}, warn() {}, info() {}, debug() {} };
const database = new Database(process.env.PEER_FILE);
const queue = defineQueue({ connection: better(database), logger: quiet });
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");

await serve({
  submit: (count, batch) =>
    inParts(count, batch, 1, (size) =>
      size === 1
        ? queue.add("nothing", payload)
        : queue.addMany("nothing", Array.from({ length: size }, () => payload)),
    ),
  work: async (count) => {
    let done = 0;
    let finished;
    const all = new Promise((resolve) => (finished = resolve));
    const worker = defineWorker("nothing", () => {}, {
      queue,
      logger: quiet,
      pollIntervall: 1,
      onCompleted: () => void (++done === count && finished()),
    });
    void worker.start();
    await all;
    await worker.stop();
  },
  close: () => queue.close(),
});
