import { createModelServer, model } from "serving-kit";
import { digits } from "./digits.js";

const basePath = `${import.meta.dirname}/../models/digits`;
export const models = await createModelServer({
  models: { digits: model(basePath, digits) },
  metrics: {},
});

/** The index of the largest number. */
export const argMax = (numbers: Float32Array) => numbers.indexOf(Math.max(...numbers));
