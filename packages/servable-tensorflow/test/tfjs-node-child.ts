import { createRequire } from "node:module";
import { join } from "node:path";
import { libraryReport } from "../src/library-report.js";
import { digits, digitsPath, load } from "./zoo.js";

// Loads tfjs-node first and then the kit, and prints what each answers to the same picture.
const tf = createRequire(join(process.cwd(), "package.json"))("@tensorflow/tfjs-node");
const model = await tf.node.loadSavedModel(digitsPath);
const [example] = digits;
const image = tf.tensor2d(Array.from(example?.inputs.image?.data as Float32Array), [1, 64]);
const theirs = Array.from((await model.predict({ image }).probabilities.data()) as Float32Array);
const predictor = await load(digitsPath);
const { probabilities } = await predictor.predict(example?.inputs ?? {});
await predictor[Symbol.asyncDispose]();
const { opened } = await libraryReport();
const ours = Array.from(probabilities?.data as Float32Array);
process.stdout.write(`${JSON.stringify({ library: opened?.path, ours, theirs })}\n`);
