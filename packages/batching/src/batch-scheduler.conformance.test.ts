import { batchSchedulerConformance } from "@serving-kit/testing";
import { describe, it } from "vitest";
import { AdaptiveBatchScheduler } from "./adaptive-batch-scheduler.js";
import { createBasicBatchScheduler } from "./basic-batch-scheduler.js";
import { SharedBatchScheduler } from "./shared-batch-scheduler.js";

const runner = { describe, it };

batchSchedulerConformance(runner, {
  name: "a basic batch scheduler",
  create: ({ run, ...options }) => createBasicBatchScheduler(run, options),
});

batchSchedulerConformance(runner, {
  name: "a queue of a shared batch scheduler",
  create({ run, clock, slots, ...options }) {
    const scheduler = new SharedBatchScheduler({ clock, slots });
    scheduler.addQueue(run, options);
    return scheduler.addQueue(run, options);
  },
});

batchSchedulerConformance(runner, {
  name: "a queue of an adaptive batch scheduler",
  create({ run, clock, slots, ...options }) {
    const scheduler = new AdaptiveBatchScheduler({ clock, minSlots: slots, maxSlots: slots });
    return scheduler.addQueue(run, options);
  },
});
