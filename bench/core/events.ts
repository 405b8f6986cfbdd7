import { ServableStateMonitor } from "@serving-kit/core";
import type { Benchmark } from "../figure.js";
import { SwappingManager } from "../swapping-manager.js";

const CHANGES = 100_000;
const SUBSCRIBERS = 10;

const heapUsed = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

/** Swaps versions until the given number of states has been emitted. */
async function change(swapping: SwappingManager, states: number): Promise<void> {
  const until = swapping.told + states;
  for (let i = 0; swapping.told < until; i++) await swapping.swap(i % swapping.names.length);
}

const benchmark: Benchmark = {
  name: `${CHANGES.toLocaleString("en-US")} state changes`,
  async run() {
    const swapping = new SwappingManager(Array.from({ length: 100 }, (_, i) => `servable-${i}`));
    const counts = new Array<number>(SUBSCRIBERS).fill(0);
    const monitor = new ServableStateMonitor(swapping.manager.events, { maxHistory: 100 });
    // The monitor is one of the subscribers, and so is the manager's own.
    for (let i = 2; i < SUBSCRIBERS; i++) {
      swapping.manager.events.subscribe(() => {
        counts[i] = (counts[i] as number) + 1;
      });
    }
    await swapping.fill();
    await change(swapping, CHANGES);
    const before = heapUsed();
    const startedAt = performance.now();
    await change(swapping, CHANGES);
    const seconds = (performance.now() - startedAt) / 1e3;
    const growth = heapUsed() - before;
    if (counts[2] !== counts[SUBSCRIBERS - 1] || monitor.history.length !== 100) {
      throw new Error("an observer missed events");
    }
    await swapping.manager.close();
    return [
      {
        name: `growth of the heap over ${CHANGES.toLocaleString("en-US")} state changes, ${SUBSCRIBERS} subscribers`,
        value: Math.max(0, growth) / 1024,
        unit: "kB",
        // Noise of the collector; a leak of one pointer a change would be 800 kB.
        goal: { atMost: 100 },
      },
      {
        name: "state changes, told to 10 subscribers",
        value: CHANGES / seconds,
        unit: "changes/s",
      },
    ];
  },
};
export default benchmark;
