import { batchSchedulerConformance } from "@serving-kit/testing";
import { describe, it } from "vitest";
import { AdaptiveSlots } from "./adaptive-slots.js";
import { createBatchQueue } from "./batch-queue.js";
import { SharedSlots } from "./shared-slots.js";

const runner = { describe, it };

batchSchedulerConformance(runner, {
  name: "a queue with slots of its own",
  create: ({ run, ...options }) => createBatchQueue(run, options),
});

batchSchedulerConformance(runner, {
  name: "a queue of shared slots",
  create({ run, clock, slots, ...options }) {
    const shared = new SharedSlots({ clock, slots });
    shared.addQueue(run, options);
    return shared.addQueue(run, options);
  },
});

batchSchedulerConformance(runner, {
  name: "a queue of adaptive slots",
  create({ run, clock, slots, ...options }) {
    const shared = new AdaptiveSlots({ clock, minSlots: slots, maxSlots: slots });
    return shared.addQueue(run, options);
  },
});
