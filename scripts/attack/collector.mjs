// @ts-nocheck Not yet in TypeScript.
import { BroadcastChannel } from "node:worker_threads";
import { collectHere } from "./collect-here.mjs";

// Preloaded into the victim: at each message of its parent it collects garbage in all event loops, and answers what is
// left, in MB. `loop-collector.mjs` does it for the loops' threads.
const loops = new BroadcastChannel("attack-collector");
let count = 0;
let onMb;
loops.onmessage = ({ data }) => {
  if (data === "hello") count++;
  else if (typeof data === "number") onMb?.(data);
};
loops.unref();

process.on("message", async () => {
  const answers = [];
  const others = new Promise((resolve) => {
    onMb = (mb) => answers.push(mb) >= count && resolve();
    if (count === 0) resolve();
  });
  loops.postMessage("collect");
  const own = await collectHere();
  await others;
  process.send(answers.reduce((sum, mb) => sum + mb, own));
});
process.channel.unref(); // The server decides when the process ends.
