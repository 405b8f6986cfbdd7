import { readFileSync } from "node:fs";
import { createModelServer, loadModel, model } from "serving-kit";
import { type Digits, digits as expects } from "./custom-route/digits.js";

const basePath = `${import.meta.dirname}/models/digits`;
const [{ image }] = JSON.parse(readFileSync(`${basePath}/samples.json`, "utf8"));

// #region value
const digits = await loadModel(basePath, { expects });
const models = await createModelServer({ models: { digits: model(basePath, expects) } });
// #endregion
const typed = await digits.predict({ image });
console.log(`${typed.probabilities.data.length} probabilities`);

// #region unchecked
const unchecked = await loadModel<Digits>(basePath);
// #endregion
console.log(`${(await unchecked.predict({ image })).probabilities.dtype}, unchecked`);
await Promise.all([digits.close(), unchecked.close()]);

const untyped = await createModelServer({ models: { digits: basePath } });
// #region untyped
const { probabilities } = await untyped.predict(
  "digits",
  { image },
  { outputs: ["probabilities"] },
);
if (probabilities.dtype === "float32") probabilities.data.map((p) => 100 * p);
// #endregion
await untyped.close();

// #region use
const version = await models.manager.use("digits", async (servable, { version }) => {
  await servable.predict({
    image: { dtype: "float32", shape: [1, 64], data: Float32Array.from(image) },
  });
  return version; // this version stays loaded until the function ends
});
using handle = models.manager.acquire("digits"); // released at the end of the block
// #endregion
console.log(`version ${version}, ${handle.id.version}`);
handle.release();
await models.close();
