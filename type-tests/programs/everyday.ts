/** Lines that compile on each version of TypeScript under each setting, and lines that must not. */
import {
  type AnyTensor,
  createModelServer,
  defineModel,
  defineSignatures,
  loadModel,
  mapPredictor,
  type Model,
  type ModelServer,
  type ModelType,
  model,
  nestedOf,
  rowsOf,
  spec,
  stringsOf,
  type Tensor,
  type TensorSpec,
  tflite,
} from "serving-kit";
import { type Digits, digits as expected } from "./digits.js";

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(): T | undefined => undefined;
const pixels = new Float32Array(64);

// Specs keep dtype and shape.
const grid = spec.float32([-1, 64]);
yes<Equal<typeof grid, TensorSpec<"float32", [-1, 64]>>>();
const unknownRank = spec.float32(null);
yes<Equal<typeof unknownRank, TensorSpec<"float32", null>>>();
const width: number = 64;
const wide = spec.float32([-1, width]);
yes<Equal<typeof wide, TensorSpec<"float32", [-1, number]>>>();
// @ts-expect-error a shape is numbers
spec.float32(["-1"]);
// @ts-expect-error a shape is required
spec.float32();

// A model of one's own.
const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
const rich = defineModel({
  inputs: { x: spec.float32([-1, 4]), id: spec.int64([]), mask: spec.optional(spec.float32([-1])) },
  outputs: { y: spec.float32([-1]), name: spec.string([-1]) },
  load: async ({ path, signal }) => ({ weights: new Float32Array(path.length), signal }),
  predict: async ({ x, id, mask }, { weights }, { signature, outputs, signal, deadlineAtMs }) => {
    yes<Equal<typeof x, Tensor<"float32", [-1, 4]>>>();
    yes<Equal<typeof x.shape, readonly [number, 4]>>();
    yes<Equal<typeof mask, Tensor<"float32", [-1]> | undefined>>();
    yes<Equal<typeof signal, AbortSignal>>();
    const rows: number = x.shape[0];
    const first: bigint | undefined = id.data[0];
    // @ts-expect-error an optional input may be absent
    mask.data;
    // @ts-expect-error load returned no such key
    weights.name;
    void [signature, outputs, deadlineAtMs];
    return { y: weights.map((w) => w * rows), name: [`${first}`] };
  },
  dispose: (loaded) => void loaded.weights.fill(0),
});
const two = defineSignatures({
  load: async ({ path }) => ({ names: [path] }),
  signatures: {
    classify: { inputs: { n: spec.int64([-1]) }, outputs: { label: spec.string([-1]) } },
    regress: {
      inputs: { z: spec.float32([-1, 2]) },
      outputs: { sum: spec.float32([-1]), first: spec.float32([-1]) },
    },
  },
  predict: {
    classify: ({ n }, { names }) => {
      yes<Equal<typeof n, Tensor<"int64", [-1]>>>();
      yes<Equal<typeof names, string[]>>();
      return { label: names };
    },
    regress: async ({ z }) => ({ sum: [1], first: z.data }),
  },
});
const plainSpecs = defineModel({
  inputs: { x: { dtype: "float32", shape: [-1] } },
  outputs: { y: { dtype: "float32", shape: [-1] } },
  predict: ({ x }) => ({ y: x.data.map(Math.sqrt) }),
});

// Results: a Tensor, the typed array, nested arrays, one row; synchronous or not.
const matrix = { inputs: {}, outputs: { y: spec.float32([-1, 2]) } };
defineModel({ ...matrix, predict: () => ({ y: [[1, 2]] }) });
defineModel({ ...matrix, predict: () => ({ y: [new Float32Array(2)] }) });
defineModel({ ...matrix, predict: () => ({ y: [1, 2] }) });
defineModel({ ...matrix, predict: async () => ({ y: new Float32Array(2) }) });
defineModel({
  ...matrix,
  predict: () => ({ y: { dtype: "float32", shape: [1, 2], data: new Float32Array(2) } }),
});
defineModel({ inputs: {}, outputs: { y: spec.float32([]) }, predict: () => ({ y: 1 }) });
defineModel({ inputs: {}, outputs: { y: spec.string([]) }, predict: async () => ({ y: "text" }) });
defineModel({
  inputs: {},
  outputs: { y: spec.string([-1]) },
  predict: () => ({ y: [Buffer.from("a"), "b"] }),
});
defineModel({
  inputs: {},
  outputs: { y: spec.int64([-1]) },
  predict: () => ({ y: new BigInt64Array(2) }),
});
defineModel({
  inputs: {},
  outputs: { y: spec.uint8([-1]) },
  predict: () => ({ y: Buffer.alloc(2) }),
});
defineModel({ inputs: {}, outputs: { y: spec.bool([-1]) }, predict: () => ({ y: [true, false] }) });
const vector = { inputs: { x: spec.float32([-1]) }, outputs: { y: spec.float32([-1]) } };
defineModel({
  ...vector,
  async predict({ x }) {
    return { y: x };
  },
});
function squareRoots({ x }: { x: Tensor<"float32"> }) {
  return { y: x.data.map(Math.sqrt) };
}
defineModel({ ...vector, predict: squareRoots });
// @ts-expect-error another typed array
defineModel({ ...vector, predict: ({ x }) => ({ y: new Float64Array(x.data) }) });
// @ts-expect-error a missing output
defineModel({ ...vector, outputs: { y: grid, z: grid }, predict: ({ x }) => ({ y: x.data }) });
// @ts-expect-error a tensor of another dtype
defineModel({ ...vector, inputs: { x: spec.int64([-1]) }, predict: ({ x }) => ({ y: x }) });
// @ts-expect-error an input that is not there
defineModel({ ...vector, predict: ({ z }) => ({ y: z.data }) });
// @ts-expect-error strings for numbers
defineModel({ ...vector, predict: () => ({ y: ["1"] }) });
// @ts-expect-error undefined is not an answer
defineModel({ ...vector, predict: () => undefined });
// @ts-expect-error too deep
defineModel({ ...matrix, predict: () => ({ y: [[[1]]] }) });
defineModel({
  inputs: { x: spec.int64([-1]) },
  outputs: { y: spec.int64([-1]) },
  // @ts-expect-error a number times a bigint
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
// @ts-expect-error predict is missing
defineModel({ inputs: {}, outputs: {} });
// @ts-expect-error an unknown member
defineModel({ inputs: {}, outputs: {}, batchabel: true, predict: () => ({}) });
defineModel({
  ...vector,
  // @ts-expect-error load stands after predict
  predict: (_, loaded) => ({ y: [loaded.n] }),
  // @ts-expect-error and so its parameter has no type
  load: ({ path }) => ({ n: path.length }),
});

// A server.
const models = await createModelServer({
  models: {
    untyped: "models/digits",
    digits: model("models/digits", expected),
    placed: { basePath: "models/digits", expects: expected },
    url: new URL("file:///models/digits"),
    double,
    rich,
    two,
    plainSpecs,
  },
});
const doubled = await models.predict("double", { x: [1, 2] });
yes<Equal<typeof doubled, { readonly y: Tensor<"float32", [-1]> }>>();
const { probabilities } = await models.predict("digits", { image: pixels });
yes<Equal<typeof probabilities, Tensor<"float32", [-1, 10]>>>();
const data: Float32Array = probabilities.data;
const placed = await models.predict("placed", { image: [pixels] });
yes<Equal<typeof placed, { readonly probabilities: Tensor<"float32", [-1, 10]> }>>();
const any = await models.predict("untyped", { image: pixels, n: 3, t: "x", deep: [[[1n]]] });
yes<Equal<(typeof any)[string], AnyTensor>>();
const narrowed = await models.predict("untyped", { image: pixels }, { outputs: ["probabilities"] });
yes<Equal<typeof narrowed, { readonly probabilities: AnyTensor }>>();
if (narrowed.probabilities.dtype === "float32") {
  const narrowedData: Float32Array = narrowed.probabilities.data;
  void narrowedData;
}
const named = await models.predict("rich", { x: [1, 2, 3, 4], id: 1 }, { outputs: ["name"] });
yes<Equal<typeof named, { readonly name: Tensor<"string", [-1]> }>>();
const names: string[] = stringsOf(named.name);
await models.predict("rich", { x: [[1, 2, 3, 4]], id: 1n, mask: undefined });
const regressed = await models.predict(
  "two",
  { z: [[1, 2]] },
  { signature: "regress", outputs: ["sum"] },
);
yes<Equal<typeof regressed, { readonly sum: Tensor<"float32", [-1]> }>>();
const all = await models.predict("rich", { x: [1], id: 1 }, { outputs: [] });
yes<Equal<keyof typeof all, "y" | "name">>();
const wanted = ["y"] as const;
(await models.predict("rich", { x: [1], id: 1 }, { outputs: wanted })).y.data;
const { outputs, id } = await models.call(
  "digits",
  { image: pixels },
  { version: 1, timeoutMs: 50 },
);
yes<Equal<typeof outputs.probabilities, Tensor<"float32", [-1, 10]>>>();
const version: bigint = id.version;
await models.predict(
  "double",
  { x: 1 },
  { signal: undefined, outputs: undefined, signature: undefined },
);
await models.predict("double", { x: 1 }, { label: "stable", signal: AbortSignal.timeout(10) });
await models.predict(width > 1 ? "digits" : "placed", { image: pixels });
yes<Equal<Awaited<ReturnType<typeof plainOf>>, Tensor<"float32", [-1]>>>();
async function plainOf() {
  return (await models.predict("plainSpecs", { x: [4] })).y;
}
// @ts-expect-error an unknown model
models.predict("digts", { image: pixels });
// @ts-expect-error a wrong input name
models.predict("digits", { imgae: pixels });
// @ts-expect-error another typed array
models.predict("digits", { image: new Float64Array(64) });
// @ts-expect-error an output that was not requested
named.y;
// @ts-expect-error an unknown output
models.predict("rich", { x: [1], id: 1 }, { outputs: ["nam"] });
// @ts-expect-error a required input is missing
models.predict("rich", { x: [1] });
// @ts-expect-error a signature must be named
models.predict("two", { n: [1n] });
// @ts-expect-error an unknown signature
models.predict("two", { n: [1n] }, { signature: "clasify" });
// @ts-expect-error the inputs of the other signature
models.predict("two", { n: [1n] }, { signature: "regress" });
// @ts-expect-error an output of the other signature
models.predict("two", { n: [1n] }, { signature: "classify", outputs: ["sum"] });
// @ts-expect-error an unknown option
models.predict("double", { x: 1 }, { timeout: 5 });

// The type parameter, unchecked.
const typed = await createModelServer<{ digits: Digits }>({ models: { digits: "models/digits" } });
(await typed.predict("digits", { image: pixels })).probabilities.data;
// @ts-expect-error with a type parameter, every model must be in it
createModelServer<{ digits: Digits }>({ models: { digits: "models/digits", double } });
// @ts-expect-error a defined model of another type
createModelServer<{ digits: Digits }>({ models: { digits: double } });

// One model, passed on.
const digits = await loadModel("models/digits", { expects: expected, version: 1, batching: true });
const unchecked = await loadModel<Digits>(new URL("file:///models/digits"));
yes<Equal<typeof digits, Model<Digits>>>();
yes<Equal<typeof unchecked, Model<Digits>>>();
const some: Model = digits;
const ofServer: Model<Digits> = models.model("digits");
const facts: [string | undefined, bigint] = [digits.platform, digits.version];
const byName: ModelServer = models;
const name: string = "double";
await byName.predict(name, { x: 1 });
const part: ModelServer<{ digits: Digits }> = models;
async function ask<T extends ModelType>(one: Model<T>, inputs: Parameters<Model<T>["predict"]>[0]) {
  return one.predict(inputs);
}
async function classify(one: Model<Digits>) {
  const answer = await one.predict({ image: pixels });
  const rows: Float32Array[] = rowsOf(answer.probabilities);
  const nested: number[][] = nestedOf(answer.probabilities);
  return [rows, nested];
}
async function disposed() {
  await using own = await loadModel("models/digits", { expects: expected });
  return (await own.predict({ image: pixels })).probabilities;
}
// @ts-expect-error a name that is not known
models.predict(name, { x: 1 });
// @ts-expect-error another model
const wrong: Model<{ readonly signatures: typeof double.signatures }> = digits;
void [some, ofServer, facts, part, ask, classify, disposed, wrong, version, names, data];

// Other inputs and outputs in front of a model.
const worded = mapPredictor(tflite(), {
  inputs: { pixels: spec.uint8([-1, 64]) },
  outputs: { digit: spec.string([-1]) },
  expects: expected,
  before: ({ pixels }, { signal }) => {
    yes<Equal<typeof pixels, Tensor<"uint8", [-1, 64]>>>();
    yes<Equal<typeof signal, AbortSignal>>();
    return { image: Float32Array.from(pixels.data) };
  },
  after: async ({ probabilities }, { inputs: { pixels } }) => {
    yes<Equal<typeof probabilities, Tensor<"float32", [-1, 10]>>>();
    return { digit: [...probabilities.data].map((p, i) => `${p} ${pixels.data[i]}`) };
  },
});
const wordedDouble = mapPredictor(double, {
  inputs: { x: spec.string([]) },
  outputs: { y: spec.float32([]) },
  before: ({ x }) => ({ x: stringsOf(x).map(Number) }),
  after: ({ y }) => ({ y: y.data[0] ?? 0 }),
});
const mappedServer = await createModelServer({
  models: { digits: model("models/digits", worded), double: wordedDouble },
});
const { digit } = await mappedServer.predict("digits", { pixels: [new Uint8Array(64)] });
yes<Equal<typeof digit, Tensor<"string", [-1]>>>();
yes<Equal<(typeof wordedTwice)["y"], Tensor<"float32", []>>>();
const wordedTwice = await mappedServer.predict("double", { x: "2" });
mapPredictor(double, {
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  // @ts-expect-error not an input of the model
  before: ({ x }) => ({ z: x }),
});
mapPredictor(double, {
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  // @ts-expect-error not an output of the model
  after: ({ z }) => ({ y: z }),
});

// Inputs that people have.
const many = defineModel({
  inputs: {
    half: spec.float16([-1]),
    bytes: spec.optional(spec.uint8([-1])),
    text: spec.optional(spec.string([])),
    flags: spec.optional(spec.bool([-1])),
    any: spec.optional(spec.float32(null)),
    open: spec.optional(wide),
    picture: spec.optional(spec.uint8([-1, 4, 4, 3])),
  },
  outputs: { y: spec.float32([]) },
  predict: () => ({ y: 1 }),
});
const inputs = await createModelServer({ models: { many } });
await inputs.predict("many", {
  half: new Uint16Array(1),
  bytes: Buffer.from("x"),
  text: Buffer.from("x"),
  flags: [true],
  any: [[[1]]],
  open: [[1, 2]],
  picture: new Uint8ClampedArray(48),
});
await inputs.predict("many", { half: [1.5], text: "x", picture: [new Uint8Array(48)] });
declare const float16: {
  readonly [Symbol.toStringTag]: "Float16Array";
  readonly length: number;
  readonly byteLength: number;
  readonly byteOffset: number;
  readonly BYTES_PER_ELEMENT: number;
  set(): void;
};
await inputs.predict("many", { half: float16, picture: [[[[1, 2, 3]]]] });
const frozen: readonly (readonly number[])[] = [[1, 2]];
await digits.predict({ image: frozen });
await digits.predict({ image: pixels.map((value) => value / 255) });
await digits.predict({ image: new Float32Array(new SharedArrayBuffer(256)) });
// @ts-expect-error not a tensor at all
digits.predict({ image: new Date() });
// @ts-expect-error null
digits.predict({ image: null });
// @ts-expect-error bytes for floats
digits.predict({ image: Buffer.alloc(64) });
// @ts-expect-error a promise
digits.predict({ image: Promise.resolve(pixels) });
// @ts-expect-error an ArrayBuffer is not a typed array
digits.predict({ image: pixels.buffer });
// @ts-expect-error a Set
digits.predict({ image: new Set([1]) });

// Lists, and what is known only at run time.
const list = await createModelServer({ models: [{ name: "x", basePath: "p" }] });
(await list.predict("any", { x: 1 }))["y"]?.shape;
const none = await createModelServer({});
await none.predict("any", { x: 1 });
const built = await createModelServer({
  models: Object.fromEntries(["a"].map((one) => [one, `models/${one}`])),
});
await built.predict("a", { x: 1 });
// @ts-expect-error an unknown option
createModelServer({ models: { double }, pollIntervallMs: 1 });
// @ts-expect-error a misspelt member
createModelServer({ models: { digits: { basePath: "p", expect: expected } } });
// @ts-expect-error expects of another kind
createModelServer({ models: { digits: { basePath: "p", expects: { image: "float32" } } } });
// @ts-expect-error not a model
createModelServer({ models: { digits: 3 } });
// @ts-expect-error a forgotten await
createModelServer({ models: { digits: loadModel("x") } });
