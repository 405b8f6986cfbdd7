// @ts-check
/** The same in JavaScript, checked by TypeScript. */
import { createModelServer, defineModel, loadModel, model, spec } from "serving-kit";
import { digits as expected } from "./digits-of-js.js";

const pixels = new Float32Array(64);
const digits = await loadModel("models/digits", { expects: expected });
const { probabilities } = await digits.predict({ image: pixels });
/** @type {Float32Array} */
const data = probabilities.data;
await digits.close();
// @ts-expect-error a wrong input name
digits.predict({ imgae: pixels });

const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
const models = await createModelServer({
  models: { digits: model("models/digits", expected), double },
});
const { y } = await models.predict("double", { x: [1, 2, 3] });
/** @type {Float32Array} */
const doubled = y.data;
// @ts-expect-error an unknown model
models.predict("tripple", { x: [1] });
void [data, doubled];
