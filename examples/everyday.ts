import { readFileSync } from "node:fs";
import { createModelServer, defineModel, loadModel, rowsOf, spec } from "serving-kit";

const basePath = `${import.meta.dirname}/models/digits`;
const [{ image, label }] = JSON.parse(readFileSync(`${basePath}/samples.json`, "utf8"));

// #region load
const digits = await loadModel(basePath); // a file, the folder of a version, or a folder of versions
const { probabilities } = await digits.predict({ image }, { outputs: ["probabilities"] });
await digits.close();
// #endregion
console.log(`a picture of a ${label}:`, rowsOf(probabilities)[0]);

// #region define
const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
const models = await createModelServer({ models: { digits: basePath, double } });
const { y } = await models.predict("double", { x: [1, 2, 3] }); // y.data is a Float32Array
// #endregion
console.log("doubled:", y.data);
await models.close();
