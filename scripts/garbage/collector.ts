import { BroadcastChannel } from "node:worker_threads";
import { collectHere } from "./collect-here.js";

// Preloaded into the victim: at each message of its parent it collects garbage in all event loops, and sends back the
// memory that is left, in MB. `loop-collector.ts` does it in the threads of the loops.
const loops = new BroadcastChannel("attack-collector");
let count = 0;
let onMb: ((mb: number) => void) | undefined;
loops.onmessage = (message) => {
  const { data } = message as MessageEvent;
  if (data === "hello") count++;
  else if (typeof data === "number") onMb?.(data);
};
loops.unref();

process.on("message", async () => {
  const answers: number[] = [];
  const others = new Promise<void>((resolve) => {
    onMb = (mb) => {
      if (answers.push(mb) >= count) resolve();
    };
    if (count === 0) resolve();
  });
  loops.postMessage("collect");
  const own = await collectHere();
  await others;
  process.send?.(answers.reduce((sum, mb) => sum + mb, own));
});
process.channel?.unref(); // The server decides when the process ends.
