import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineModel, rowsOf, spec } from "serving-kit";
import { nearest, readNeighbours } from "../custom-servable/neighbours.js";

/** Serves folders with `neighbours.json`. Returns the label of the known flower that is nearest to each point. */
export const flowers = defineModel({
  name: "flowers",
  inputs: { point: spec.float32([-1, 4]) },
  outputs: { label: spec.string([-1]) },
  batchable: true, // dimension 0 is the batch
  accepts: (path) => existsSync(join(path, "neighbours.json")),
  load: ({ path, signal }) => readNeighbours(path, signal), // write it before predict, which receives its result
  predict: ({ point }, { points, labels }) => ({
    label: rowsOf(point).map((row) => labels[nearest(points, row)] as string),
  }),
});
