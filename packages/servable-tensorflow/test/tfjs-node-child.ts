import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { libraryReport } from "../src/library-report.js";

// A process with both, used in the order of the argument. Each answers to the same picture, alone,
// at the same time as the other, and after the other's model is gone. Prints what they answered.
const loadTfjs = async () => {
  const tf = createRequire(join(process.cwd(), "package.json"))("@tensorflow/tfjs-node");
  const sum = await tf.add(tf.tensor1d([1, 2]), tf.tensor1d([10, 20])).data();
  return { tf, sum: Array.from(sum) };
};
const isTfjsFirst = process.argv[2] === "tfjs first";
// As if the program were in the folder where both are installed.
process.argv[1] = join(process.cwd(), "main.js");
const early = isTfjsFirst ? await loadTfjs() : undefined;
// It opens the library when it is imported.
const { digits, digitsPath, load } = await import("./zoo.js");
const predictor = await load(digitsPath);
const { tf, sum } = early ?? (await loadTfjs());
const model = await tf.node.loadSavedModel(digitsPath);
const inputs = digits[0]?.inputs ?? {};
const pixels = Array.from(inputs.image?.data as Float32Array);

async function askTfjs(): Promise<number[]> {
  const { probabilities } = model.predict({ image: tf.tensor2d(pixels, [1, 64]) });
  return Array.from(await probabilities.data());
}

async function askKit(): Promise<number[]> {
  const { probabilities } = await predictor.predict(inputs);
  return Array.from(probabilities?.data as Float32Array);
}

const answers = isTfjsFirst ? [await askTfjs(), await askKit()] : [await askKit(), await askTfjs()];
answers.push(...(await Promise.all([askKit(), askTfjs()])));
if (isTfjsFirst) {
  model.dispose();
  answers.push(await askKit());
} else {
  await predictor[Symbol.asyncDispose]();
  answers.push(await askTfjs());
}
const { opened } = await libraryReport();
const maps = readFileSync("/proc/self/maps", "utf8");
const mapped = [...new Set(maps.match(/\/\S*libtensorflow(_cc)?\.so\S*/g))];
process.stdout.write(`\n${JSON.stringify({ opened, mapped, sum, answers })}\n`);
