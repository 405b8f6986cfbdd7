import { acquireDecoratorConformance } from "@serving-kit/testing/plugins";
import { describe, it } from "vitest";
import { trafficSplit } from "./traffic-split.js";

acquireDecoratorConformance(
  { describe, it },
  {
    name: "traffic split",
    create: () =>
      trafficSplit({
        models: {
          f: [
            { version: 1, weight: 80 },
            { name: "g", weight: 20 },
          ],
        },
      }),
    servables: [
      { name: "f", version: 1 },
      { name: "f", version: 2 },
      { name: "g", version: 1 },
    ],
    accepted: [{ name: "f" }, { name: "f", version: 2 }, { name: "g" }],
  },
);
