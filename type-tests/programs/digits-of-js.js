// Written by `serving-kit types examples/models/digits -o digits.js`. Run it again when the model changes.
const signatures = /** @type {const} */ ({
  serving_default: {
    inputs: { image: { dtype: "float32", shape: [-1, 64] } },
    outputs: { probabilities: { dtype: "float32", shape: [-1, 10] } },
  },
});

export const digits = { signatures };
