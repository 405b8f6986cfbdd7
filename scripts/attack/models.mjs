// @ts-nocheck Not yet in TypeScript.
// Models of the victim that answers what clients send. `options.kind` chooses one.
const KINDS = {
  /** As many zeros as the client says. */
  zeros: {
    signatures: {
      serving_default: {
        inputs: { n: { dtype: "int32", shape: [1] } },
        outputs: { zeros: { dtype: "float32", shape: [-1] } },
      },
    },
    predict: ({ n }) => ({ zeros: zeros(n.data[0]) }),
  },
  /** The same for protocols that know floats alone. */
  floats: {
    signatures: {
      serving_default: {
        inputs: { n: { dtype: "float32", shape: [1] } },
        outputs: { zeros: { dtype: "float32", shape: [-1] } },
      },
    },
    predict: ({ n }) => ({ zeros: zeros(n.data[0]) }),
  },
  /** The strings that the client sends. */
  strings: {
    signatures: {
      serving_default: {
        inputs: { s: { dtype: "string", shape: [-1] } },
        outputs: { s: { dtype: "string", shape: [-1] } },
      },
    },
    predict: ({ s }) => ({ s }),
  },
};

const zeros = (n) => ({ dtype: "float32", shape: [n], data: new Float32Array(n) });

export default (_path, { options }) => KINDS[options.kind];
