/** A number in a comment is the most lines that the hover of the next name has. */
import { createModelServer, defineModel, loadModel, type Model, model, spec } from "serving-kit";
import { type Digits, digits as expected } from "./digits.js";

const /*1*/ grid = spec.float32([-1, 64]);
const /*5*/ double = defineModel({
    inputs: { /*1*/ x: spec.float32([-1]) },
    outputs: { y: spec.float32([-1]) },
    predict: ({ /*1*/ x }) => ({ /*1*/ y: /*1*/ x./*1*/ data.map((value) => 2 * value) }),
  });
const models = await createModelServer({
  models: { digits: model("models/digits", expected), double },
});
const { /*1*/ y } = await models./*5*/ predict("double", { /*1*/ x: [1, 2] });
const /*1*/ digits = await loadModel("models/digits", { expects: expected });
const /*3*/ answer = await digits./*5*/ predict({ /*1*/ image: new Float32Array(64) });
const { /*1*/ probabilities } = answer;
const /*1*/ shape = probabilities./*1*/ shape;
const /*1*/ handle = models.model("digits");
const /*1*/ untyped = await loadModel("models/digits");
const /*1*/ fromAny = (await untyped.predict({ image: [1] }, { outputs: ["probabilities"] }))
    .probabilities;
export const classify = async (/*1*/ one: Model<Digits>) => one.predict({ image: [1] });
export { fromAny, grid, handle, shape, y };
