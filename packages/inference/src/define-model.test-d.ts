import { describe, expectTypeOf, it } from "vitest";
import { defineModel, defineSignatures } from "./define-model.js";
import type { DefinedModel } from "./defined-model.js";
import type { Model, ModelCalls } from "./model.js";
import type { OneSignature } from "./model-type.js";
import type { TensorSpec } from "./signature.js";
import { spec } from "./spec.js";
import type { AnyTensor, Tensor } from "./tensor.js";

const vector = spec.float32([-1]);
const model = { inputs: { x: vector }, outputs: { y: vector } };

describe("the types of a defined model", () => {
  it("follow from its specs", () => {
    expectTypeOf(spec.float32([-1, 64])).toEqualTypeOf<TensorSpec<"float32", [-1, 64]>>();
    const double = defineModel({ ...model, predict: ({ x }) => ({ y: x.data.map((v) => 2 * v) }) });
    type Vector = TensorSpec<"float32", [-1]>;
    expectTypeOf(double).toEqualTypeOf<DefinedModel<OneSignature<{ x: Vector }, { y: Vector }>>>();
    defineModel({
      inputs: { id: spec.int64([]), mask: spec.optional(vector) },
      outputs: { y: vector },
      load: async ({ path }) => ({ weights: [path.length] }),
      predict: ({ id, mask }, { weights }, { signal }) => {
        expectTypeOf(id).toEqualTypeOf<Tensor<"int64", []>>();
        expectTypeOf(mask).toEqualTypeOf<Tensor<"float32", [-1]> | undefined>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return { y: weights };
      },
    });
  });

  it("reject wrong outputs, inputs and members", () => {
    // @ts-expect-error another typed array
    defineModel({ ...model, predict: ({ x }) => ({ y: new Float64Array(x.data) }) });
    // @ts-expect-error a missing output
    defineModel({ ...model, predict: () => ({}) });
    // @ts-expect-error an unknown input
    defineModel({ ...model, predict: ({ z }) => ({ y: z.data }) });
    // @ts-expect-error strings instead of numbers
    defineModel({ ...model, predict: () => ({ y: ["1"] }) });
    // @ts-expect-error an unknown member
    defineModel({ ...model, batchabel: true, predict: () => ({ y: [1] }) });
    defineModel({
      ...model,
      // @ts-expect-error load comes after predict
      predict: (_, l) => ({ y: [l.n] }),
      // @ts-expect-error so the type of its result is unknown
      load: ({ path }) => ({ n: path.length }),
    });
  });
});

describe("the types of a call", () => {
  it("follow from the model", async () => {
    const two = defineSignatures({
      load: async ({ path }) => ({ names: [path] }),
      signatures: {
        classify: { inputs: { n: spec.int64([-1]) }, outputs: { label: spec.string([-1]) } },
        regress: { inputs: { z: vector }, outputs: { sum: vector, first: vector } },
      },
      predict: {
        classify: ({ n }, { names }) => {
          expectTypeOf(n).toEqualTypeOf<Tensor<"int64", [-1]>>();
          return { label: names };
        },
        regress: async ({ z }) => ({ sum: z, first: [1] }),
      },
    });
    type Two = typeof two extends DefinedModel<infer T> ? T : never;
    type Models = {
      readonly two: Two;
      readonly one: OneSignature<{ x: typeof vector }, { y: typeof vector }>;
    };
    const check = async (models: ModelCalls<Models>, open: ModelCalls, one: Model) => {
      const { y } = await models.predict("one", { x: [1, 2] });
      expectTypeOf(y).toEqualTypeOf<Tensor<"float32", [-1]>>();
      const chosen = await models.predict(
        "two",
        { z: [1] },
        { signature: "regress", outputs: ["sum"] },
      );
      expectTypeOf(chosen).toEqualTypeOf<{ readonly sum: Tensor<"float32", [-1]> }>();
      const { image } = await one.predict({ x: 1 }, { outputs: ["image"] });
      expectTypeOf(image).toEqualTypeOf<AnyTensor>();
      await open.predict("any", { x: [[1n]] });
      // @ts-expect-error another model's name
      await models.predict("tow", { x: [1] });
      // @ts-expect-error another input's name
      await models.predict("one", { z: [1] });
      // @ts-expect-error a signature must be named
      await models.predict("two", { z: [1] });
      // @ts-expect-error another signature's inputs
      await models.predict("two", { n: [1n] }, { signature: "regress" });
      // @ts-expect-error another output
      await models.predict("one", { x: [1] }, { outputs: ["z"] });
    };
    expectTypeOf(check).toBeFunction();
  });
});
