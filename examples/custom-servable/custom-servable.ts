import {
  DEFAULT_SIGNATURE,
  definePlatform,
  type Signature,
  signatureOf,
  type Tensor,
  tensor,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import { nearest, readNeighbours } from "./neighbours.js";

/** Serves `neighbours.json`: the label of the known point that is nearest to each point asked for. */
export const nearestNeighbour = definePlatform({
  name: "nearest-neighbour",
  async load({ path, signal }) {
    const { points, labels, width } = await readNeighbours(path, signal);
    const signature: Signature = {
      inputs: new Map([["point", { dtype: "float32", shape: [-1, width] }]]),
      outputs: new Map([["label", { dtype: "string", shape: [-1] }]]),
      checksShapes: true, // `predict` below relies on the width
    };
    const signatures = new Map([[DEFAULT_SIGNATURE, signature]]);
    return {
      signatures,
      batchable: true, // dimension 0 of every input and output is the batch
      async predict(inputs, { signature: name, outputs, ...limits } = {}) {
        throwIfEnded(limits);
        validateInputs(signatureOf({ signatures }, name), inputs);
        validateOutputs(signature, outputs);
        const { shape, data } = inputs.point as Tensor<"float32">;
        const answers = Array.from({ length: shape[0] as number }, (_, row) => {
          return labels[nearest(points, data.subarray(row * width, (row + 1) * width))] as string;
        });
        return { label: tensor("string", [answers.length], answers) };
      },
    };
  },
});
