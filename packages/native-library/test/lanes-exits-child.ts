import { NativeExecutor } from "../src/index.js";
import { nativeLanes } from "../src/native-lanes.js";
import { cFunction } from "./lanes.js";
import { useAndEnd } from "./use-and-end.js";

const usleep = cFunction("usleep", "int", "uint32_t");
const executor = new NativeExecutor({ execution: "thread" });
const plan = executor.plan("short");
const run = (micros: number) => executor.run<number>(plan, undefined, usleep, micros);

/** Runs of which the last ones are on a lane. */
async function useLanes(): Promise<void> {
  const startedAt = performance.now();
  while (nativeLanes.ready === 0) {
    if (performance.now() - startedAt > 20_000) throw new Error("no lane has started");
    await Promise.all(Array.from({ length: 32 }, () => run(0)));
  }
  await Promise.all(Array.from({ length: 32 }, () => run(0)));
}

await useAndEnd(import.meta.url, {
  predict: useLanes,
  dispose: async () => {},
  async beginLongRun() {
    await run(0);
    void run(200_000);
    for (let i = 0; i < 8; i++) void run(0);
  },
});
