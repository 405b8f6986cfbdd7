import { defineSignatures, spec } from "serving-kit";

// #region signatures
export const text = defineSignatures({
  load: async ({ options }) => ({ greeting: String(options.greeting ?? "Hello") }),
  signatures: {
    greet: { inputs: { name: spec.string([-1]) }, outputs: { text: spec.string([-1]) } },
    count: { inputs: { text: spec.string([-1]) }, outputs: { length: spec.int32([-1]) } },
  },
  predict: {
    greet: ({ name }, { greeting }) => ({
      text: name.data.map((bytes) => `${greeting}, ${Buffer.from(bytes)}`),
    }),
    count: ({ text }) => ({ length: text.data.map((bytes) => `${Buffer.from(bytes)}`.length) }),
  },
});
// #endregion
