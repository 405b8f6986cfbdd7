import type { PredictorLike, Tensor } from "../../packages/inference/src/index.js";
import type { LoadServable } from "../../packages/server/src/index.js";

// Models of the victim that answers what clients send. `options.kind` chooses one.

/** As many zeros as the client says, in a number of this dtype: some protocols know floats alone. */
const zeros = (dtype: "int32" | "float32"): PredictorLike => ({
  signatures: {
    serving_default: {
      inputs: { n: { dtype, shape: [1] } },
      outputs: { zeros: { dtype: "float32", shape: [-1] } },
    },
  },
  predict({ n }: { readonly n: Tensor<"int32" | "float32"> }) {
    const count = n.data[0] ?? 0;
    return { zeros: { dtype: "float32", shape: [count], data: new Float32Array(count) } };
  },
});

/** The strings that the client sends. */
const strings: PredictorLike = {
  signatures: {
    serving_default: {
      inputs: { s: { dtype: "string", shape: [-1] } },
      outputs: { s: { dtype: "string", shape: [-1] } },
    },
  },
  predict: (inputs) => inputs,
};

const KINDS: Readonly<Record<string, PredictorLike>> = {
  zeros: zeros("int32"),
  floats: zeros("float32"),
  strings,
};

const load: LoadServable = (_path, { options }) => {
  const model = KINDS[String(options.kind)];
  if (model === undefined) throw new Error(`no model of the kind ${options.kind}`);
  return model;
};

export default load;
