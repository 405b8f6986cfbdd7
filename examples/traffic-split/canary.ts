import { trafficSplit } from "./traffic-split.js";

/** `serving-kit --plugins=./canary.ts` sends a fifth of the calls to model `f` to version 2. */
export const acquire = trafficSplit({
  models: {
    f: [
      { version: 1, weight: 80 },
      { version: 2, weight: 20 },
    ],
  },
  seed: 7,
});
