import { codecKernel } from "../src/codec-kernel.js";
import { decodePredict } from "../src/decode-predict.js";
import { encodePredict } from "../src/encode-predict.js";

// Prints whether there is a kernel, and what a body says that it would read.
const values = Array.from({ length: 1_000 }, (_, i) => i / 7);
const { inputs } = decodePredict(Buffer.from(JSON.stringify({ instances: [values] })), () => ({
  inputs: new Map([["x", { dtype: "float32", shape: [-1, -1] }]]),
  outputs: new Map(),
}));
const text = encodePredict(inputs, "row").toString();
process.stdout.write(JSON.stringify({ hasKernel: codecKernel() !== undefined, text }));
