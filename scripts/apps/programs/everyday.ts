import { readFileSync } from "node:fs";
import { createModelServer, defineModel, loadModel, type Model, model, spec } from "serving-kit";
import { type Digits, digits as expects } from "./digits.js";

// A TypeScript app with the packed kit; `serving-kit types` has written digits.ts.

const [{ image, label }] = JSON.parse(readFileSync("models/digits/samples.json", "utf8"));
const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});

async function classify(digits: Model<Digits>): Promise<number> {
  const { probabilities } = await digits.predict({ image });
  const data: Float32Array = probabilities.data;
  return data.indexOf(Math.max(...data));
}

const digits = await loadModel("models/digits", { expects });
const models = await createModelServer({
  models: { digits: model("models/digits", expects), double },
});
const { y } = await models.predict("double", { x: [1, 2, 3] });
const wrong = await models
  // @ts-expect-error a wrong name of an input
  .predict("digits", { imgae: image })
  .catch(({ reason }: { reason: string }) => reason);
const answers = [await classify(digits), await classify(models.model("digits"))];
console.log(JSON.stringify({ label, answers, doubled: [...y.data], wrong }));
await digits.close();
await models.close();
