// Written by `serving-kit types examples/models/digits -o digits.ts`. Run it again when the model changes.
const signatures = {
  serving_default: {
    inputs: { image: { dtype: "float32", shape: [-1, 64] } },
    outputs: { probabilities: { dtype: "float32", shape: [-1, 10] } },
  },
} as const;

/** serving_default: image float32 [-1,64] → probabilities float32 [-1,10] */
export interface Digits {
  readonly signatures: typeof signatures;
}

/** The same at run time: `loadModel(path, { expects: digits })`. */
export const digits: Digits = { signatures };
