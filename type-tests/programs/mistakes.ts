/** Mistakes. Above each stands the name that its error is at, or that it has in its text. */
import {
  createModelServer,
  defineModel,
  defineSignatures,
  loadModel,
  model,
  spec,
} from "serving-kit";
import { type Digits, digits as expected } from "./digits.js";

const pixels = new Float32Array(64);
const digits = await loadModel("models/digits", { expects: expected });
const ids = defineModel({
  inputs: { id: spec.int64([-1]) },
  outputs: { id: spec.int64([-1]) },
  predict: ({ id }) => ({ id: id.data }),
});
const two = defineSignatures({
  signatures: {
    classify: { inputs: { x: spec.float32([-1, 4]) }, outputs: { label: spec.string([-1]) } },
    regress: { inputs: { z: spec.float32([-1]) }, outputs: { value: spec.float32([-1]) } },
  },
  predict: { classify: () => ({ label: ["a"] }), regress: () => ({ value: [1] }) },
});
const models = await createModelServer({
  models: { digits: model("models/digits", expected), ids, two },
});
const vector = { inputs: { x: spec.float32([-1]) }, outputs: { y: spec.float32([-1]) } };

//! imgae: a wrong input name
await digits.predict({ imgae: pixels });
//! image: another typed array
await digits.predict({ image: new Float64Array(64) });
//! image: a missing input
await digits.predict({});
//! pixels: a tensor's data where inputs belong
await digits.predict(pixels);
//! image: a tensor of another dtype
await digits.predict({ image: (await models.predict("ids", { id: [1n] })).id });
//! "1": a string for a number
await digits.predict({ image: ["1"] });
//! [[1, 2]]: too deep
await digits.predict({ image: [[[1, 2]]] });
//! undefined: a missing element
await digits.predict({ image: [[1, undefined]] });
//! probabilities: a forgotten await
digits.predict({ image: pixels }).probabilities;
//! probability: an output that is not there
(await digits.predict({ image: pixels })).probability;
//! "probability": an unknown output requested
await digits.predict({ image: pixels }, { outputs: ["probability"] });
//! "digts": an unknown model
await models.predict("digts", { image: pixels });
//! signature: an unknown signature
await models.predict("two", { x: [1, 2, 3, 4] }, { signature: "clasify" });
//! x: the inputs of the other signature
await models.predict("two", { x: [1, 2, 3, 4] }, { signature: "regress" });
//! SignatureMustBeNamed<"classify" | "regress">: no signature named
await models.predict("two", { x: [1, 2, 3, 4] });
//! id: Int32Array for int64
await models.predict("ids", { id: new Int32Array(1) });
//! z: a missing output
defineModel({ ...vector, outputs: { z: spec.float32([-1]) }, predict: ({ x }) => ({ y: x.data }) });
//! y: an output of another dtype
defineModel({ ...vector, predict: ({ x }) => ({ y: new Int32Array(x.data) }) });
//! 'y': the same in a block
defineModel({
  ...vector,
  predict: async ({ x }) => {
    return { y: new Int32Array(x.data) };
  },
});
//! z: an input that is not there
defineModel({ ...vector, predict: ({ z }) => ({ y: z.data }) });
//! batchabel: an unknown member
defineModel({ ...vector, batchabel: true, predict: ({ x }) => ({ y: x.data }) });
//! predict: no function
defineModel({ inputs: {}, outputs: { y: spec.float32([-1]) } });
//! float23: a mistyped spec
defineModel({ ...vector, inputs: { x: spec.float23([-1]) }, predict: () => ({ y: [1] }) });
//! x: a dtype where a spec belongs
defineModel({ ...vector, inputs: { x: "float32" }, predict: () => ({ y: [1] }) });
//! NoLoadBeforePredict: load after predict
defineModel({
  ...vector,
  predict: (_, loaded) => ({ y: [loaded.scale] }),
  load: ({ path }) => ({ scale: path.length }),
});
//! regress: a signature without a function
defineSignatures({ signatures: two.signatures, predict: { classify: () => ({ label: ["a"] }) } });
//! "1": a wrong dtype in one signature
defineSignatures({
  signatures: { regress: { inputs: {}, outputs: { value: spec.float32([-1]) } } },
  predict: { regress: () => ({ value: ["1"] }) },
});
//! Digits: a type where its value belongs
await loadModel("models/digits", { expects: Digits });
//! expect: a misspelt member
await createModelServer({ models: { digits: { basePath: "models/digits", expect: expected } } });
