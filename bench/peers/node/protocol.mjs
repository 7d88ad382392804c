// Answers lines `submit COUNT BATCH` and `work COUNT BATCH` with {"seconds": ...}, one at a time.
import { createInterface } from "node:readline";

export const payload = { video: "cat.mp4" };

export async function serve({ submit, work, close }) {
  console.log(JSON.stringify({ ready: true }));
  for await (const line of createInterface({ input: process.stdin })) {
    const [what, count, batch] = line.split(" ");
    const before = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    try {
      await (what === "submit" ? submit : work)(Number(count), Number(batch));
    } catch (why) {
      console.log(JSON.stringify({ error: String(why) }));
      continue;
    }
    const { user, system } = process.cpuUsage(cpu);
    const seconds = Number(process.hrtime.bigint() - before) / 1e9;
    console.log(JSON.stringify({ seconds, cpu_seconds: (user + system) / 1e6 }));
  }
  await close();
  process.exit(0);
}

/** Runs `each(size)` for parts of a count, by so many callers at once. */
export async function inParts(count, batch, callers, each) {
  let left = count;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left > 0) {
        const size = Math.min(batch, left);
        left -= size;
        await each(size);
      }
    }),
  );
}
