import { readFileSync } from "node:fs";
import { createModelServer, defineModel, loadModel, model, spec } from "serving-kit";
import { digits as expects } from "./digits.js";

// The same in plain JavaScript; `serving-kit types` has written digits.js.

const [{ image, label }] = JSON.parse(readFileSync("models/digits/samples.json", "utf8"));
const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});

async function classify(digits) {
  const { probabilities } = await digits.predict({ image });
  return probabilities.data.indexOf(Math.max(...probabilities.data));
}

const digits = await loadModel("models/digits", { expects });
const models = await createModelServer({
  models: { digits: model("models/digits", expects), double },
});
const { y } = await models.predict("double", { x: [1, 2, 3] });
const wrong = await models.predict("digits", { imgae: image }).catch(({ reason }) => reason);
const answers = [await classify(digits), await classify(models.model("digits"))];
console.log(JSON.stringify({ label, answers, doubled: [...y.data], wrong }));
await digits.close();
await models.close();
