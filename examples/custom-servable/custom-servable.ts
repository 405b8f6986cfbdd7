import { definePlatform, rowsOf, type Tensor } from "@serving-kit/inference";
import { nearest, readNeighbours } from "./neighbours.js";

/** Serves `neighbours.json`: the label of the known point that is nearest to each requested point. */
export const nearestNeighbour = definePlatform({
  name: "nearest-neighbour",
  async load({ path, signal }) {
    const { points, labels, width } = await readNeighbours(path, signal);
    return {
      signatures: {
        serving_default: {
          inputs: { point: { dtype: "float32", shape: [-1, width] } },
          outputs: { label: { dtype: "string", shape: [-1] } },
          checksShapes: true, // `predict` below relies on the width
        },
      },
      batchable: true, // dimension 0 of every input and output is the batch
      predict: ({ point }) => ({
        label: rowsOf(point as Tensor<"float32">).map((row) => labels[nearest(points, row)]),
      }),
    };
  },
});
