/** The names in a comment are among those that an editor offers there. */
import { createModelServer, defineModel, loadModel, model, spec } from "serving-kit";
import { digits as expected } from "./digits.js";

const digits = await loadModel("models/digits", { expects: expected });
await digits.predict({
  /*|image*/
});
await digits.predict({ image: [1] }, { outputs: ["/*|probabilities*/"] });
(await digits.predict({ image: [1] }))./*|probabilities*/ probabilities;
const double = defineModel({
  inputs: { x: spec.float32([-1]) },
  outputs: { y: spec.float32([-1]) },
  predict: ({/*|x*/}) => ({ y: [1] }),
});
const models = await createModelServer({
  models: { digits: model("models/digits", expected), double },
});
await models.predict("/*|digits,double*/", { x: [1] });
await models.predict("double", {
  /*|x*/
});
await models.predict(
  "double",
  { x: 1 },
  {
    /*|version,label,signature,outputs,signal,timeoutMs*/
  },
);
await models.predict("double", { x: 1 }, { signature: "/*|serving_default*/" });
spec./*|float32,int64,string,optional*/ float32;
